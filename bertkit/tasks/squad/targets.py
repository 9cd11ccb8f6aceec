"""The answer to a question -> the score that explains it: the logits of its start and its end."""

from __future__ import annotations

import numpy as np

from bertkit.engine.examples import Examples, Outputs
from bertkit.tasks.targets import Part, Point, Target
from bertkit.tasks.task import Answer

NOTHING = "no answer"


def targets(answer: Answer, outputs: Outputs, examples: Examples, *, no_answer: bool) -> list[Target]:
    """The best text of the context and, where the task knows it, no answer; what the answer is, is chosen."""
    best = next((entry for entry in answer["n_best"] if entry["text"]), None)
    found = []
    if best is not None and (place := _place(best, outputs, examples)) is not None:
        number, start, end = place
        points = (Point("start_logits", place=start), Point("end_logits", place=end))
        found.append(Target(best["text"], (Part(examples[number], points),), bool(answer["answer"])))
    if no_answer and len(examples):
        number = int(np.stack(outputs["null"]).sum(1).argmin())  # as `decode.nulls`
        points = (Point("start_logits", place=0), Point("end_logits", place=0))
        found.append(Target(NOTHING, (Part(examples[number], points),), not answer["answer"]))
    return found


def _place(entry: dict[str, object], outputs: Outputs, examples: Examples) -> tuple[int, int, int] | None:
    """Window, first and last token of an entry of `n_best`, found by its characters and its logits."""
    wanted = (entry["start_logit"], entry["end_logit"])
    for number, example in enumerate(examples):
        logits = [_logits(outputs, side, number) for side in ("start", "end")]
        starts = example["first"] + np.flatnonzero((example["offsets"][:, 0] == entry["start"]) & example["own"])
        ends = example["first"] + np.flatnonzero(example["offsets"][:, 1] == entry["end"])
        for start in starts.tolist():
            for end in ends.tolist():
                if (logits[0].get(start), logits[1].get(end)) == wanted:
                    return number, start, end
    return None


def _logits(outputs: Outputs, side: str, number: int) -> dict[int, float]:
    """Token -> logit, of the best places of a window."""
    places, logits = outputs[f"{side}_places"][number], outputs[f"{side}_logits"][number]
    return dict(zip(places.tolist()[::-1], logits.astype(np.float64).tolist()[::-1], strict=True))  # the first counts
