"""A comparison written by hand: what pages and the terminal show, without training."""

from __future__ import annotations

from dataclasses import replace

from bertkit.metrics.paired import Difference
from bertkit.tasks.task import Verdict
from bertkit.understand.compare import Comparison, Contrast, Scored
from bertkit.understand.outcomes import by_class, count, ranked


def label(text: str, right: str, answer: str, confidence: float) -> Verdict:
    """Of a text with one label."""
    sets = frozenset({(right,)}), frozenset({(answer,)})
    return Verdict(text, right, answer, float(right == answer), confidence, *sets)


ONE = [
    label("where is my <b>parcel</b>", "delivery", "delivery", 0.5),
    label("the parcel is late", "delivery", "delivery", 0.9),
    label("my money back", "refund", "delivery", 0.6),
    label("thank you", "other", "refund", 0.7),
    label("hello", "other", "other", 0.8),
]
OTHER = [
    label("where is my <b>parcel</b>", "delivery", "other", 0.4),
    label("the parcel is late", "delivery", "refund", 0.8),
    label("my money back", "refund", "refund", 0.9),
    label("thank you", "other", "refund", 0.7),
    label("hello", "other", "other", 0.6),
]


def comparison(*, third: bool = False, verdicts: bool = True, p: float = 0.25) -> Comparison:
    """Of two Runs, `small` and `large`; of three with `corrected` figures; of a task whose rows have no verdicts."""
    sides = {"small": ONE, "large": OTHER} | ({"again": ONE} if third else {})
    spans = {"accuracy": (0.2, 1.0), "log_loss": (0.5, 1.5)}
    runs = [
        Scored(name, {"accuracy": 0.6 if own is ONE else 0.4, "log_loss": 1.0}, spans, own if verdicts else [])
        for name, own in sides.items()
    ]
    contrasts = []
    for run in runs[1:]:
        right = run.figures["accuracy"]
        differences = [
            Difference("accuracy", 0.6, right, (-0.6, 0.2), p, "McNemar, exact"),
            Difference("log_loss", 1.0, 1.0, (0.0, 0.0), 1.0, "randomisation, no answers differ", False),
        ]
        if third:
            differences = [replace(d, corrected=min(1.0, 2 * d.p)) for d in differences]
        sides = ONE, run.verdicts
        own = (count(*sides), ranked(*sides), by_class(*sides)) if verdicts else ()
        contrasts.append(Contrast("small", run.name, differences, *own))
    rows = [{"text": verdict.text, "place": f"test.csv:{number}"} for number, verdict in enumerate(ONE, 2)]
    return Comparison("test", rows, runs, contrasts)
