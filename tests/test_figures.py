"""Every figure of speed, memory or accuracy in README and docs is that of a record in benchmarks/results.

Beside it stands `<!-- 6.6 = finetune: Trainer, padded to 128: time / bertkit's -->`: the figure, the record, the line
of its table and the column. A record of Runs has a figure per seed; the mean is quoted.
"""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCE = re.compile(r"<!-- (\S+) = (\w+): (.+?): ([^:]+?) -->")
CLAIM = re.compile(
    r"(\d[\d.,]*) times (?:as fast|faster)|(\d[\d.,]*) (?:MB/s|rows/s|tokens/s|[MG]B of memory)"
    r"|(?:accuracy|F1|loss) of (\d\.\d+)"
)
"""A figure that needs a source."""


def paragraphs(page: Path) -> list[str]:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    return re.split(r"\n\s*\n|\n(?=- )", text)


def claims(paragraph: str) -> list[str]:
    return ["".join(groups).rstrip(".,") for groups in CLAIM.findall(" ".join(paragraph.split()))]


def record_of(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text("utf-8"))


def value(record: dict[str, Any], side: str, column: str) -> float:
    if "runs" in record:
        return statistics.mean(record["runs"][side][column])
    lines = [line for table in record["tables"].values() for line in table if next(iter(line.values())) == side]
    lines = [line for line in lines if column in line] if len(lines) > 1 else lines
    assert len(lines) == 1, f"{side}: {len(lines)} lines"
    return float(lines[0][column].replace(",", ""))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_figures_are_those_of_their_records(page: Path) -> None:
    for paragraph in paragraphs(page):
        sources = SOURCE.findall(paragraph)
        unsourced = set(claims(paragraph)) - {figure for figure, *_ in sources}
        assert not unsourced, f"{page.name}: no source of {', '.join(unsourced)} in: {paragraph}"
        for figure, name, side, column in sources:
            record = record_of(name)
            shown = re.sub(r"<!--.*?-->", "", paragraph, flags=re.DOTALL)
            assert re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d])", shown), (
                f"{page.name}: {figure} is not in the text"
            )
            digits, said = len(figure.partition(".")[2]), float(figure.replace(",", ""))
            assert said == round(value(record, side, column), digits), f"{page.name}: {figure}, {side}"
            if record.get("settings", {}).get("dropout") == 0:
                assert "Without dropout" in paragraph, f"{page.name}: {figure} was measured without dropout"


def test_a_figure_without_a_source_is_found() -> None:
    assert claims("It trains 9.9 times as\nfast, at 3 MB/s in 0.8 GB of memory, with an accuracy of 0.925.") == [
        *("9.9", "3", "0.8", "0.925")
    ]
    assert sum(len(SOURCE.findall(paragraph)) for page in PAGES for paragraph in paragraphs(page)) >= 8
