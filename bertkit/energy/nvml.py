"""NVML: the energy counters of NVIDIA's GPUs from Volta on, in millijoules since the driver was loaded.

Source: `nvmlDeviceGetTotalEnergyConsumption` of the NVML API reference. The counter is that of the whole GPU with its
memory, all programs and idle power. A GPU is found by its UUID, as its number is another one in CUDA, which sorts by
speed and obeys CUDA_VISIBLE_DEVICES, than in NVML. Of a GPU that is divided (MIG) no part has a counter of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from bertkit.energy.counters import Counter, Sources
from bertkit.extras import has, pip_line

METHOD = "counter NVML"
MAX_WATTS = 3000.0
WRAP_AT = (2**32 / 1e3, 2**64 / 1e3)
"""It has 64 bits; some drivers fill only 32."""


def gpus_in_use(processes: int) -> list[str]:
    """UUIDs of NVIDIA's GPUs that the processes of this machine use: each the one of its number. Imports torch."""
    import torch

    nvidia = torch.cuda.is_available() and not torch.version.hip  # ROCm calls itself cuda
    count = min(processes, torch.cuda.device_count()) if nvidia else 0
    return [str(getattr(torch.cuda.get_device_properties(i), "uuid", f"number {i}")) for i in range(count)]


def other_accelerator() -> str:
    """The kind of an accelerator that is not NVIDIA's, such as `mps`, `xpu` or `rocm`; empty: none. Imports torch."""
    import torch

    if not torch.accelerator.is_available():
        return ""
    kind = torch.accelerator.current_accelerator()
    if kind is None or kind.type != "cuda":
        return kind.type if kind else ""
    return "rocm" if torch.version.hip else ""


def open_counters(gpus: Sequence[str]) -> Sources:
    """The counters of these GPUs, by UUID."""
    names = [f"GPU {number}" for number in range(len(gpus))]
    if not has("pynvml"):
        return Sources(missing=[f"{', '.join(names)}: needs the package nvidia-ml-py: {pip_line('energy')}"])
    try:
        import pynvml

        pynvml.nvmlInit()  # without nvmlShutdown: the counters are read until the process ends
    except Exception as error:  # NVMLError; or the library is broken
        return Sources(missing=[f"{', '.join(names)}: NVML can not be used: {error}"])
    found = Sources()
    for name, uuid in zip(names, gpus, strict=True):
        try:
            handle = pynvml.nvmlDeviceGetHandleByUUID(uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}")
            read = partial(_joules, pynvml, handle)
            read()
            found.counters.append(Counter(f"{name} {_text(pynvml.nvmlDeviceGetName(handle))}", METHOD, read, WRAP_AT,
                                          MAX_WATTS))  # fmt: skip
        except Exception as error:  # older than Volta, a part of a GPU, or not NVIDIA's
            found.missing.append(f"{name}: no energy counter: {error}")
    return found


def _joules(pynvml: Any, handle: Any) -> float:
    return pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3


def _text(name: Any) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
