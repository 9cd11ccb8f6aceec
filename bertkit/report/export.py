"""The proof of an exported Run as a table: on a terminal, in the model card and on the Run's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bertkit.display import figure
from bertkit.run import Run


class Section(NamedTuple):
    """What a card and a page show of an export."""

    parent: str
    """Name of the Run that it was made from."""
    header: list[str]
    rows: list[list[str]]
    notes: list[str]


def section(run: Run) -> Section | None:
    """Of an exported Run; None for a training."""
    proof = run.metrics.get("export") if run.is_finished else None
    return Section(str((run.parent or {}).get("name")), *table(proof), notes(proof)) if proof else None


def table(proof: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows, from `export` in `metrics.json`: an engine per column."""
    engines = proof["engines"]
    exported = list(engines)[-1]
    tokens = engines[exported]["tokens"]
    rows = [
        ["weights, MB", *(f"{engine['bytes'] / 1e6:,.1f}" for engine in engines.values()), ""],
        [f"one example of {tokens} tokens, ms", *(f"{engine['milliseconds']:.2f}" for engine in engines.values()), ""],
        ["rows/s in bulk", *(f"{engine['rows_per_second']:,.0f}" for engine in engines.values()), ""],
    ]
    for name in proof["largest_difference"].get(exported, ()):
        apart = [proof["largest_difference"].get(engine, {}).get(name) for engine in engines]
        rows.append([f"{name}, largest difference", *("" if one is None else f"{one:.1e}" for one in apart), ""])
    for split, figures in proof["differences"].items():
        for one in figures:
            between = [""] * (len(engines) - 2)
            values = [figure(one["one"]), *between, figure(one["other"])]
            rows.append([f"{split} {one['figure']}", *values, _test(one)])
    return ["", *engines, f"{exported} and torch"], rows


def notes(proof: Mapping[str, Any]) -> list[str]:
    """What the table does not tell, in sentences."""
    said = [f"Attention nodes in the graph: {nodes}."] if (nodes := proof.get("attention_nodes")) else []
    if kept := proof["float32_layers"]:
        said.append(f"Left in float32: {', '.join(kept)}.")
    differ = "Largest differences are over all validation rows; speeds" if proof["largest_difference"] else "Speeds"
    return [*said, f"{differ} are those of the machine that exported."]


def _test(one: Mapping[str, Any]) -> str:
    if one["p"] is None or one["other"] is None or one["one"] is None:
        return "undefined"
    return f"{one['other'] - one['one']:+.4f} (p = {one['p']:.2g}, {one['test']})"
