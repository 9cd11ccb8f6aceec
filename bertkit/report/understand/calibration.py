"""The page and the tables of `bertkit calibration`, made from its record (`understand.calibration.run.judge`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from bertkit.display import interval
from bertkit.report import plots
from bertkit.report.page import number, render

FIGURES = {
    "calibration_error": "calibration error (15 bins)",
    "smooth_calibration_error": "SmoothECE",
    "brier_score": "Brier score",
    "log_loss": "log loss",
    "ranking": "AUROC of confidence",
}
KINDS = {"raw": "uncalibrated", "calibrated": "calibrated"}
Table = tuple[list[str], list[list[str]]]


def page(record: dict[str, Any]) -> str:
    """The text of the page."""
    return render(
        "understand/calibration.html",
        title=f"Confidence of {record['run']}",
        subtitle=scaled_by(record) if record["scaling"] else record["task"],
        record=record,
        splits=[
            {
                "name": name,
                "decisions": split["decisions"],
                "table": figures_table(split),
                "plots": [
                    _reliability(split[kind]["bins"], f"{name}: {title}")
                    for kind, title in KINDS.items()
                    if kind in split
                ],
            }
            for name, split in record["splits"].items()
        ],
        coverage=_coverage(record),
        thresholds=thresholds_table(record),
    )


def scaled_by(record: dict[str, Any]) -> str:
    """One line on how probabilities are made."""
    return f"scores are scaled by {record['scaling']}" if record["scaling"] else "scores are not scaled"


def figures_table(split: dict[str, Any]) -> Table:
    """Each figure without and with scaling."""
    kinds = [kind for kind in KINDS if kind in split]
    rows = [[title, *(_figure(split[kind], key) for kind in kinds)] for key, title in FIGURES.items()]
    return ["figure", *(KINDS[kind] for kind in kinds)] if len(kinds) > 1 else ["figure", "value"], rows


def _figure(figures: dict[str, Any], key: str) -> str:
    shown = number(figures[key])
    if key != "calibration_error":
        return shown
    ends = interval(figures["interval"])
    return f"{shown} ({ends})" if ends else shown


def thresholds_table(record: dict[str, Any]) -> Table:
    """For each share of wrong answers the threshold, and what it does on each split."""
    names = list(record["splits"])
    header = ["wrong, at most", "abstain below"]
    header += [title for name in names for title in (f"{name}: answered", f"{name}: wrong")]
    rows = []
    for one in record["thresholds"]:
        if one["threshold"] is None:
            rows.append([f"{one['error_rate']:.3g}", "not reached", *[""] * (2 * len(names))])
            continue
        cells = [f"{one['error_rate']:.3g}", f"{one['threshold']:.4g}"]
        for name in names:
            found = one["on"][name]
            low, high = found["interval"]
            wrong = "undefined" if found["error"] is None else f"{found['error']:.2%} ({low:.2%} to {high:.2%})"
            cells += [f"{found['coverage']:.1%}", wrong]
        rows.append(cells)
    return header, rows


def _reliability(bins: Sequence[dict[str, float]], title: str) -> Markup | str:
    columns = [[one[name] for one in bins] for name in ("confidence", "accuracy", "count")]
    return plots.reliability(columns[0], columns[1], [int(count) for count in columns[2]], title=title)


def _coverage(record: dict[str, Any]) -> Markup | str:
    """The share of wrong answers by the share of rows that are answered, the surest first."""
    curves = {
        name: [(answered / split["rows"], wrong / answered) for _, answered, wrong in split["curve"] if answered]
        for name, split in record["splits"].items()
    }
    if not any(curves.values()):
        return ""

    def paint(axes: Any) -> None:
        for colour, (name, points) in zip(plots.COLOURS, curves.items(), strict=False):
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=1.4, label=name)
        axes.set_xlim(0, 1.02)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, loc="upper left")

    return plots.drawn(
        paint, title="Wrong answers", x="share of the rows that are answered", y="share of wrong answers"
    )
