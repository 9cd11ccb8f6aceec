"""Figures of rankings -> tables of text and `results.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bertkit import display
from bertkit.bench.retrieval.scores import FIGURES, Figure
from bertkit.data.beir import Collection

MAIN = FIGURES[0]
Scores = Mapping[str, Mapping[str, Figure]]
"""Model -> figure -> value."""


@dataclass(frozen=True)
class RetrievalResults:
    """What was measured. It has no time in it: the same models and data give the same texts."""

    scores: Mapping[str, Scores]
    """Of each collection."""
    counts: Mapping[str, Mapping[str, int]]
    """See `Collection.counts`."""
    settings: Mapping[str, Any]
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def models(self) -> list[str]:
        return list(next(iter(self.scores.values())))

    def mean(self, model: str, figure: str = MAIN) -> float:
        """Of a figure over the collections, each counting the same, as BEIR's tables have it."""
        return sum(own[model][figure].value for own in self.scores.values()) / len(self.scores)


def counts_of(collections: Sequence[Collection]) -> dict[str, dict[str, int]]:
    return {one.name: one.counts for one in collections}


def details(scores: Scores) -> tuple[list[str], list[list[str]]]:
    """Header and cells of one collection: all figures of each model; interval, difference and test of the main one."""
    compared = len(scores) > 1
    tested = ["difference", "p"] if compared else []
    header = ["model", MAIN, "95% interval", *tested, *FIGURES[1:]]
    rows = []
    for model, own in scores.items():
        others = [display.figure(own[name].value) for name in FIGURES[1:]]
        rows.append([model, *_main(own[MAIN], compared=compared), *others])
    return header, rows


def summary(results: RetrievalResults) -> tuple[list[str], list[list[str]]]:
    """Header and cells of several collections: the main figure of each model on each, and their mean."""
    compared = len(results.models) > 1
    header, rows = ["model"], [[model] for model in results.models]
    for name, scores in results.scores.items():
        header += [f"{name} {MAIN}", "95% interval", *(["difference", "p"] if compared else [])]
        for row in rows:
            row += _main(scores[row[0]][MAIN], compared=compared)
    for row in rows:
        row.append(display.figure(results.mean(row[0])))
    return [*header, "mean"], rows


def as_markdown(results: RetrievalResults, notes: Sequence[str]) -> str:
    """`table.md`."""
    tables = [(name, *details(scores)) for name, scores in results.scores.items()]
    if len(tables) > 1:
        tables = [(f"{MAIN} on {len(tables)} collections", *summary(results)), *tables]
    parts = [f"## {title}\n\n{_markdown(header, rows)}\n" for title, header, rows in tables]
    return "\n".join([*parts, *(f"- {note}" for note in notes)]) + "\n"


def as_json(results: RetrievalResults) -> dict[str, Any]:
    """`results.json`."""
    figures = {
        name: {model: {key: _json(one) for key, one in own.items()} for model, own in scores.items()}
        for name, scores in results.scores.items()
    }
    means = {model: {name: results.mean(model, name) for name in FIGURES} for model in results.models}
    whole = {"figures": figures, "means": means, "data": results.counts, "settings": results.settings}
    return {"suite": "retrieval", "models": results.models, **whole, "versions": results.versions}


def _json(figure: Figure) -> dict[str, Any]:
    own: dict[str, Any] = {"value": figure.value, "interval": figure.interval}
    if (other := figure.difference) is not None:
        test = {"difference": other.difference, "interval": other.interval, "p": other.p, "test": other.test}
        own["against_first"] = {**test, "p_corrected": other.corrected}
    return own


def _main(figure: Figure, *, compared: bool) -> list[str]:
    cells = [display.figure(figure.value), display.interval(figure.interval)]
    if compared:
        other = figure.difference
        cells += ["", ""] if other is None else [f"{other.difference:+.4f}", f"{other.corrected:.4f}"]
    return cells


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
