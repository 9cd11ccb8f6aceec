"""How long does one answer take from a cold start, against a script with transformers' pipeline on the same model?

Both sides are processes that load the model, answer one text and end; their output is discarded. The model is a Run of
demo/support (MiniLM), trained for a step unless `--run` names one. The seconds of the processor stand beside those of
the clock, as other processes of the machine prolong both, but the first less. An exported Run needs no torch.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from side_by_side import figure, in_turns, parser, record, table
from startup import BERTKIT

TEXT = "The box came this morning and half of the cups are in pieces"
PIPELINE = "from transformers import pipeline; print(pipeline('text-classification', model={model!r})({text!r}))"


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--run", type=Path, help="a Run of a classifier; default: of demo/support, trained for a step")
    given.add_argument("--rounds", type=int, default=5)
    args = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = args.run or trained(Path(folder) / "run")
        measure(args, run, exported(run, Path(folder) / "int8"))


def trained(run: Path) -> Path:
    command = [*BERTKIT, "train", "demo/support", "-s", "train.max_steps=1", "-o", str(run)]
    subprocess.run(command, check=True, capture_output=True)
    return run


def exported(run: Path, folder: Path) -> Path:
    command = [*BERTKIT, "export", str(run), "--int8", "--max-drop", "100", "-o", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def measure(args: argparse.Namespace, run: Path, int8: Path) -> None:
    spent: dict[str, list[float]] = {}
    sides = {
        "bertkit predict RUN --text": process("bertkit", spent, [*BERTKIT, "predict", str(run), "--text", TEXT]),
        "the same, exported with --int8": process("int8", spent, [*BERTKIT, "predict", str(int8), "--text", TEXT]),
        "transformers.pipeline": process("pipeline", spent, python(PIPELINE.format(model=f"{run}/model", text=TEXT))),
        "import torch": process("torch", spent, python("import torch")),
        "from transformers import pipeline": process("import", spent, python("from transformers import pipeline")),
    }
    seconds = in_turns(sides, args.rounds)
    lines = table(seconds)
    for line, used in zip(lines, spent.values(), strict=True):
        line["of the processor"] = figure(statistics.median(used[1:]))  # the first round warms up
    tables = {"A process from its start to its end, after one answer": lines}
    record("start", tables, args, __doc__, seconds=seconds, processor=spent)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def process(name: str, spent: dict[str, list[float]], command: list[str]) -> Callable[[], None]:
    """Runs a command, and notes the seconds of the processor that it used."""
    used = spent.setdefault(name, [])

    def run() -> None:
        before = os.times()
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        after = os.times()
        user = after.children_user - before.children_user
        used.append(user + after.children_system - before.children_system)

    return run


if __name__ == "__main__":
    main()
