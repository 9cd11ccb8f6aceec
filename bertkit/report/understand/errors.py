"""The page of `bertkit errors`, and the words and tables that the terminal shows too.

All of it is made from a record of plain values (`understand.errors.run.find_errors`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from bertkit.display import p_value
from bertkit.report import plots
from bertkit.report.page import render
from bertkit.tasks.verdicts import short

ROWS, REPEATS, EXAMPLES = 200, 50, 15
"""Most suspects, repeated rows and rows of a region on the page; the files have all."""
TEXT, ANSWER = 400, 120
"""Characters."""
POINTS = 1500
"""Most rows on the plot of the data map, evenly spaced."""
FLIPS = {"similar": "confusions with a similar answer", "any": "slips to any answer"}
KINDS = {
    "label": "suspect",
    "conflict": "contradicts another row",
    "leak": "in the training rows",
    "duplicate": "repeated",
}

Record = dict[str, Any]


def page(record: Record) -> str:
    """The text of the page."""
    findings = record["findings"]
    suspects = suspects_of(record)
    leaks = [one for one in findings if "leak" in one["kinds"]]
    duplicates = [one for one in findings if "duplicate" in one["kinds"]]
    return render(
        "understand/errors.html",
        title=f"Errors in the rows of {record['run']}",
        subtitle=", ".join(f"{count:,} {name} rows" for name, count in record["rows"].items()),
        record=record,
        noun=record["noun"],
        summary=summary(record),
        warnings=record["warnings"],
        notes=record["notes"],
        trust=trust_table(record),
        lists=lists_table(record),
        suspects=[_finding(one) for one in suspects[:ROWS]],
        suspect_count=len(suspects),
        pairs=[[one["given"], one["suggested"], f"{one['count']:,}"] for one in record["pairs"]],
        leaks=[_repeat(one) for one in leaks[:REPEATS]],
        leak_count=len(leaks),
        duplicates=[_repeat(one) for one in duplicates[:REPEATS]],
        duplicate_count=len(duplicates),
        slices=record["slices"],
        slice_rows=slices_table(record),
        map=_map(record["data_map"]) if record["data_map"] else None,
    )


def summary(record: Record) -> list[str]:
    """What was found, in sentences."""
    suspects, noun, repeats = record["suspects"], record["noun"], record["repeats"]
    sentences = [f"{suspects:,} of {record['units']:,} {noun} look wrong."]
    if suspects:
        sentences += [text for trust in record["trust"] if (text := _of_trust(trust))]
    if repeats["leak"]:
        what = f"{repeats['leak']:,} rows of validation or test are also in the training rows"
        sentences.append(f"{what} ({repeats['exact']:,} with the same text): their scores are too high.")
    if repeats["conflict"]:
        what = "have the same or nearly the same text as another row, and another answer"
        sentences.append(f"{repeats['conflict']:,} rows {what}.")
    if record["slices"] and (worst := record["slices"]["slices"]):
        first = worst[0]
        figures = f"{first['score']:.3f} on {first['rows']:,} rows, elsewhere {first['others']:.3f}"
        one = "1 slice is" if len(worst) == 1 else f"{len(worst)} slices are"
        sentences.append(f"{one} worse than the other rows by more than chance: {first['name']} ({figures}).")
    return sentences


def _of_trust(trust: Record) -> str:
    """What planted errors of one kind say, in a sentence; empty where they say nothing."""
    if not trust["planted"]:
        return ""
    found = f"Of planted {FLIPS[trust['flips']]}, {_percent(trust['recall'])} are on such a list."
    if trust["errors"] is None:
        return found
    share = _percent(trust["precision"])
    precise = "all of the list may be such errors" if trust["precision"] >= 1 else f"at most {share} of the list are"
    return f"{found} There are at most {trust['errors']:,.0f} of this kind in the data, and {precise}."


def trust_table(record: Record) -> tuple[list[str], list[list[str]]]:
    """Header and rows: what planted errors of each kind say."""
    header = ["planted errors", "planted", "found (recall)", "95% interval"]
    header += ["in the data, at most", "of the list, at most", "in a copy with them, at least"]
    rows = [
        [
            FLIPS[one["flips"]], f"{one['planted']:,}", _percent(one["recall"]),
            f"{_percent(one['interval'][0])} to {_percent(one['interval'][1])}", _whole(one["errors"]),
            _percent(one["precision"]), _percent(one["least"]),
        ]
        for one in record["trust"]
    ]  # fmt: skip
    return header, rows


def lists_table(record: Record) -> tuple[list[str], list[list[str]]]:
    """Header and rows: the share of planted errors that the first suspects alone have."""
    kept = [one for one in record["trust"] if one["lists"]]
    rows = [
        [f"{part[0]['rows']:,}", *(_percent(own["recall"]) for own in part)]
        for part in zip(*(one["lists"] for one in kept), strict=True)
    ]
    return ["first suspects", *(FLIPS[one["flips"]] for one in kept)], rows


def suspects_of(record: Record) -> list[Record]:
    """The findings that are about an answer."""
    return [one for one in record["findings"] if {"label", "conflict"} & set(one["kinds"].split(", "))]


def slices_table(record: Record) -> list[list[str]]:
    """Rows: slice, kind, size, score with its interval, score elsewhere, p."""
    return [
        [
            one["name"], one["by"], f"{one['rows']:,}", f"{one['score']:.3f}",
            "{:.3f} to {:.3f}".format(*one["interval"]), f"{one['others']:.3f}", p_value(one["corrected"]),
        ]
        for one in (record["slices"] or {"slices": []})["slices"]
    ]  # fmt: skip


def findings_table(record: Record, count: int, text: int) -> list[list[str]]:
    """The first suspects: worth, kind, place, text, given, suggested."""
    return [
        [f"{one['worth']:.3f}", one["kinds"], one["place"], short(one["part"] or one["text"], text),
         *(short(side, text) for side in one["shown"])]
        for one in suspects_of(record)[:count]
    ]  # fmt: skip


def _finding(one: Record) -> Record:
    """A finding as the page shows it."""
    confidence = one["confidence"]
    given, suggested = (short(side, ANSWER) for side in one["shown"])
    return {
        "worth": f"{one['worth']:.3f}", "kinds": ", ".join(KINDS[kind] for kind in one["kinds"].split(", ")),
        "place": one["place"], "split": one["split"], "text": short(one["text"], TEXT), "part": one["part"],
        "given": given, "suggested": suggested, "note": one["note"],
        "confidence": "" if confidence is None else f"{confidence:.2f}",
    }  # fmt: skip


def _repeat(one: Record) -> list[str]:
    return [one["place"], short(one["text"], TEXT), short(one["shown"][0], ANSWER), one["note"]]


def _map(found: Record) -> Record:
    if found["why"]:
        return {"why": found["why"]}
    rows = found["rows"]
    hard = sorted((one for one in rows if one["region"] == "hard"), key=lambda one: one["confidence"])
    ambiguous = sorted((one for one in rows if one["region"] == "ambiguous"), key=lambda one: -one["variability"])
    counts = [
        [name, f"{count:,}", f"{count / len(rows):.1%}", f"{found['suspects'].get(name, 0):,}"]
        for name, count in found["counts"].items()
    ]
    return {
        "why": "", "epochs": found["epochs"], "counts": counts, "plot": _plot(rows),
        "hard": [_mapped(one) for one in hard[:EXAMPLES]],
        "ambiguous": [_mapped(one) for one in ambiguous[:EXAMPLES]],
    }  # fmt: skip


def _mapped(one: Record) -> list[str]:
    suspect = "yes" if one["suspect"] else ""
    figures = [f"{one[name]:.2f}" for name in ("confidence", "variability", "correctness")]
    return [one["place"], short(one["text"], TEXT), short(one["given"], ANSWER), *figures, suspect]


def _plot(rows: Sequence[Record]) -> Markup | str:
    """Confidence by variability; rows that look wrong have a colour of their own."""
    step = max(1, math.ceil(len(rows) / POINTS))
    kept = [one for number, one in enumerate(rows) if number % step == 0]

    def paint(axes: Any) -> None:
        for name, colour in (("not suspect", plots.COLOURS[0]), ("suspect", plots.COLOURS[4])):
            own = [one for one in kept if one["suspect"] == (name == "suspect")]
            xs, ys = [one["variability"] for one in own], [one["confidence"] for one in own]
            if own:
                axes.plot(xs, ys, "o", color=colour, markersize=2.5, alpha=0.5, markeredgewidth=0, label=name)
        axes.set_ylim(-0.03, 1.03)
        axes.legend()

    return plots.drawn(paint, title="Data map", x="variability over the epochs", y="confidence in the given answer")


def _percent(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.1%}"


def _whole(value: float | None) -> str:
    return "undefined" if value is None else f"{value:,.0f}"
