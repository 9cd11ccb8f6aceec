"""Shared by the benchmarks: timing sides in turns within one run, writing the record, and RESULTS.md from the records.

python benchmarks/side_by_side.py    # benchmarks/results/*.json -> benchmarks/RESULTS.md
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SAID = """
a about account after again all and any app are arrived at back balance bank be been before but by can card
cash change charge check code could credit day did do does euro exchange fee for from get had has have help
how i if in is it just know long lost made me money month more much my need new no not number of on one
order out paid password pay pending phone please refund said sent should still take that the there this time
to transfer twice unknown until use was week what when where which why will with work wrong yesterday you
your
"""
WORDS = SAID.split()

Seconds = dict[str, list[float]]
"""Side -> seconds of each round. The first side is bertkit's."""


def parser(doc: str | None, *, data: bool = True) -> argparse.ArgumentParser:
    given = argparse.ArgumentParser(description=(doc or "").split("\n\n")[0])
    if data:
        given.add_argument(
            "--data", type=Path, help="CSV with text and category, as Banking77's; default: made-up texts"
        )
    given.add_argument("--results", type=Path, default=HERE / "results", help="folder of the JSON record")
    return given


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def rows_of(data: Path | None, count: int, *, words: float = 10, spread: float = 0.55) -> list[dict[str, str]]:
    """So many rows of text and category: a file's, over and over where it has fewer; else words at random.

    Args:
        words, spread: of made-up texts, the median length and the sigma of its logarithm; as given, Banking77's.
    """
    if data:
        with data.open(encoding="utf-8", newline="") as stream:
            found = list(csv.DictReader(stream))
        return [found[i % len(found)] for i in range(count)]
    draw = random.Random(0)
    lengths = [max(2, round(draw.lognormvariate(0, spread) * words)) for _ in range(count)]
    return [{"text": " ".join(draw.choices(WORDS, k=n)), "category": f"intent {i % 77}"} for i, n in enumerate(lengths)]


def write_rows(file: Path, rows: Sequence[dict[str, str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["text", "category"])
        writer.writeheader()
        writer.writerows(rows)
    return file


def in_turns(sides: Mapping[str, Callable[[], object]], rounds: int, *, warm: int = 1) -> Seconds:
    """Time each side once a round, each round beginning with another; `warm` rounds before do not count."""
    names = list(sides)
    spent: Seconds = {name: [] for name in names}
    for number in range(warm + rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            start = time.perf_counter()
            sides[name]()
            spent[name].append(time.perf_counter() - start)
    return {name: times[warm:] for name, times in spent.items()}


def table(seconds: Seconds, count: int = 0, unit: str = "rows/s") -> list[dict[str, Any]]:
    """A line a side: its median, and how many times bertkit's time it takes, round against round."""
    ours = next(iter(seconds.values()))
    lines = []
    for side, times in seconds.items():
        ratios = [theirs / our for theirs, our in zip(times, ours, strict=True)]
        middle = statistics.median(times)
        speed = {unit: figure(count / middle)} if count else {}
        span = f"{min(ratios):.2f} to {max(ratios):.2f}"
        times_ours = {"time / bertkit's": f"{statistics.median(ratios):.2f}", "over the rounds": span}
        lines.append({"side": side, **speed, "seconds": figure(middle), **times_ours})
    return lines


def figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _named(value: Any) -> Any:
    """A setting without the folders of this machine."""
    if isinstance(value, list | tuple):
        return [_named(one) for one in value]
    return Path(value).name if isinstance(value, Path) or (isinstance(value, str) and value.startswith("/")) else value


def record(
    name: str, tables: dict[str, list[dict[str, Any]]], args: argparse.Namespace, doc: str | None, **more: Any
) -> None:
    """Print the tables, and write them with all that they come from."""
    for caption, lines in tables.items():
        say(f"\n{caption}\n{markdown(lines)}")
    words = [word if "/" not in word else Path(word).name for word in sys.argv[1:]]
    skip = {i for i, word in enumerate(words) if "--results" in (word, words[i - 1])}
    command = " ".join(
        ["python", f"benchmarks/{Path(sys.argv[0]).name}"] + [w for i, w in enumerate(words) if i not in skip]
    )
    settings = {k: _named(v) for k, v in vars(args).items() if k != "results"}
    question = (doc or "").split("\n\n")[0].replace("\n", " ")
    whole = {"question": question, "command": command, "settings": settings, "environment": machine(), "tables": tables}
    args.results.mkdir(exist_ok=True, parents=True)
    (args.results / f"{name}.json").write_text(json.dumps({**whole, **more}, indent=1, default=str) + "\n", "utf-8")


def machine() -> dict[str, Any]:
    from bertkit.files.run_files import environment

    about = environment()
    named = [line for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    flags = " ".join(line for line in _lines("/proc/cpuinfo")[:40] if line.startswith("flags")).split()
    wide = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile") if flag in flags]
    processor = named[0].split(":")[1].strip() if named else about["platform"]
    return {**about, "processor": " ".join([processor, *([f"({', '.join(wide)})"] if wide else [])])}


def _lines(file: str) -> list[str]:
    return Path(file).read_text("utf-8").splitlines() if Path(file).is_file() else []


def markdown(lines: Sequence[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for line in lines for name in line))
    cells = [names, ["---"] * len(names), *([str(line.get(name, "")) for name in names] for line in lines)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in cells)


HEAD = """# What was measured

Made from results/*.json by `python benchmarks/side_by_side.py`; no figure is typed by hand. All sides of a table are
timed in turns within one run: same weights, rows and order. "time / bertkit's" is the median, over the rounds, of a
side's time divided by bertkit's in the same round; beside it the lowest and the highest. The JSON has every repetition.
"""


def render() -> str:
    parts = [HEAD]
    files = sorted((HERE / "results").glob("*.json"))
    measured = {file.stem: found for file in files if "tables" in (found := json.loads(file.read_text("utf-8")))}
    scripts = [file for file in sorted(HERE.glob("*.py")) if file.name != Path(__file__).name]
    for name in sorted({*measured, *(file.stem for file in scripts)}):
        if name not in measured:
            doc = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text("utf-8"))) or ""
            question = doc.split("\n\n")[0].replace("\n", " ")
            parts.append(f"## {name}\n\n{question}\n\n    python benchmarks/{name}.py\n\nNot measured yet.\n")
            continue
        found = measured[name]
        about, versions = found["environment"], found["environment"]["versions"]
        shown = ", ".join(f"{p} {versions[p]}" for p in ("torch", "transformers", "datasets", "scikit-learn"))
        device = ", ".join(about["devices"]) if about["devices"] != ["cpu"] else about["processor"]
        settings = "".join(f"; {key} {value}" for key, value in found["settings"].items() if value is not None)
        parts.append(f"## {name}\n\n{found['question']}\n\n    {found['command']}\n")
        parts += [f"{caption}\n\n{markdown(lines)}\n" for caption, lines in found["tables"].items()]
        parts.append(f"{device}, {about['threads']} threads; {shown}; {about['time'][:10]}{settings}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    (HERE / "RESULTS.md").write_text(render(), "utf-8")
