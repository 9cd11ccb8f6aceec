"""Many cases, in several processes: `python -m tests.fuzz 5000 --seed 1`; one of them: `--case 1234`."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import tempfile
from pathlib import Path

from tests.fuzz.many import many, quick


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("cases", type=int, nargs="?", default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    os.environ.update({"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "200", "OMP_NUM_THREADS": "1"})
    folder = Path(tempfile.mkdtemp(prefix="bertkit-fuzz-"))
    if asked.case is not None:
        return _one(asked.seed, asked.case, folder)
    return many(asked, folder)


def _one(seed: int, number: int, folder: Path) -> int:
    from tests.fuzz.judge import judged
    from tests.fuzz.material import Material

    quick(folder)
    (folder / "material").mkdir()
    verdict = judged(seed, number, folder / "case", Material(folder / "material"), keep=True)
    print(f"cd {verdict.folder} && bertkit {shlex.join(verdict.command)}\n\n{verdict.out}\n{verdict.err}\n{verdict}")  # noqa: T201
    return 1 if verdict.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
