"""How long does `bertkit` take to start, against the imports that any script on top of Trainer needs?

Each side runs in its own process; its output is discarded.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from side_by_side import in_turns, parser, record, table

SCRIPT = Path(sys.executable).with_name("bertkit")
BERTKIT = [str(SCRIPT)] if SCRIPT.is_file() else [sys.executable, "-m", "bertkit"]
SIDES = {
    "bertkit --help": [*BERTKIT, "--help"],
    "bertkit recipe list": [*BERTKIT, "recipe", "list"],
    'python -c "from transformers import Trainer"': [sys.executable, "-c", "from transformers import Trainer"],
    'python -c "import torch"': [sys.executable, "-c", "import torch"],
    'python -c ""': [sys.executable, "-c", ""],
}


def process(command: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--rounds", type=int, default=9)
    args = given.parse_args()
    seconds = in_turns({name: process(command) for name, command in SIDES.items()}, args.rounds)
    record("startup", {"Wall time of a process": table(seconds)}, args, __doc__, seconds=seconds)


if __name__ == "__main__":
    main()
