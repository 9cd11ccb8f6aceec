"""A checker of GLUE submissions, written from the site's description alone: it imports nothing of bertkit.

python -m tests.bench.submission_checker submission.zip
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROWS = {
    "CoLA.tsv": 1063,
    "SST-2.tsv": 1821,
    "MRPC.tsv": 1725,
    "STS-B.tsv": 1379,
    "QQP.tsv": 390965,
    "MNLI-m.tsv": 9796,
    "MNLI-mm.tsv": 9847,
    "QNLI.tsv": 5463,
    "RTE.tsv": 3000,
    "WNLI.tsv": 146,
    "AX.tsv": 1104,
}
THREE = "entailment|neutral|contradiction"
TWO = "entailment|not_entailment"
ANSWER = {
    **dict.fromkeys(("CoLA.tsv", "SST-2.tsv", "MRPC.tsv", "QQP.tsv", "WNLI.tsv"), "0|1"),
    **dict.fromkeys(("MNLI-m.tsv", "MNLI-mm.tsv", "AX.tsv"), THREE),
    **dict.fromkeys(("QNLI.tsv", "RTE.tsv"), TWO),
    "STS-B.tsv": r"[0-4]\.\d{3}|5\.000",
}


def faults(file: Path, rows: Mapping[str, int] = ROWS) -> list[str]:
    """What is wrong with a submission of test sets of so many rows; nothing where it is right."""
    with zipfile.ZipFile(file) as packed:
        names = packed.namelist()
        found = [f"{name}: not one of the files" for name in names if name not in rows]
        found += [f"{name}: {names.count(name)} times" for name in rows if names.count(name) != 1]
        for name in rows:
            if name in names:
                found += [f"{name}: {fault}" for fault in of_file(packed.read(name), rows[name], ANSWER[name])]
    return found


def of_file(content: bytes, rows: int, answer: str) -> list[str]:
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        return ["holds more than ASCII"]
    if not text.endswith("\n"):
        return ["the last line has no end"]
    header, *lines = text[:-1].split("\n")
    if header != "index\tprediction":
        return [f"the header is {header!r}"]
    if len(lines) != rows:
        return [f"{len(lines)} rows, not {rows}"]
    return [
        f"row {number} is {line!r}"
        for number, line in enumerate(lines)
        if not re.fullmatch(f"{number}\t({answer})", line)
    ]


if __name__ == "__main__":
    told = faults(Path(sys.argv[1]))
    sys.stdout.write("\n".join(told or ["right"]) + "\n")
    sys.exit(bool(told))
