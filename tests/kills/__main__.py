"""Any number of kills: `python -m tests.kills 100 --seed 1`."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.material import Material
from tests.kills.killer import Killer, killed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kills")
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="commands whose name has this in it")
    asked = parser.parse_args()
    from tests.launched import PRELOAD

    os.environ.update({"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"})
    folder = Path(tempfile.mkdtemp(prefix="bertkit-kills-"))
    os.environ["BERTKIT_CACHE"] = str(folder / "cache")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*PRELOAD, "bertkit.inference.evaluate", "bertkit.bench.runner"])
    (folder / "material").mkdir()
    killer = Killer(context, folder, Material(folder / "material"))
    start = time.monotonic()
    wrong = killed(asked.kills, asked.seed, killer, asked.only)
    seconds = time.monotonic() - start
    print(f"{asked.kills} kills: {len(wrong)} wrong, {seconds:.0f} s; folder: {folder}")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
