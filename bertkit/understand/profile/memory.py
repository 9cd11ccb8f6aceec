"""The peak of the memory between two moments: of the process, or of what torch has allocated on a GPU."""

from __future__ import annotations

import sys
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET = "5"
"""What Linux takes in clear_refs to set the peak back to the memory of that moment (proc(5))."""


class MemoryPeak:
    """Peaks of one device.

    Args:
        device: its kind, as torch names it.
    """

    def __init__(self, device: str):
        self.cuda = device == "cuda"
        self.resets = self.cuda or self._reset()
        self.what = "GPU memory that torch has allocated" if self.cuda else "memory of the process (RSS)"
        if not self.resets:
            self.what += " since its start"

    def take(self) -> int:
        """Bytes at the highest moment since the last call; where the system sets no peak back, since the start."""
        if self.cuda:
            import torch

            peak = torch.cuda.max_memory_allocated()
            torch.cuda.reset_peak_memory_stats()
            return peak
        peak = self._of_process()
        if self.resets:
            self._reset()
        return peak

    def _reset(self) -> bool:
        try:
            CLEAR.write_text(RESET)
        except OSError:  # macOS, or a container that does not let us
            return False
        return True

    def _of_process(self) -> int:
        if self.resets:
            line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
            return int(line.split()[1]) * 1024
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
