"""Documents and vectors whose events are known."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from bertkit.data.times import DAY
from bertkit.search.events.clusters import Clusters, TrackOptions
from bertkit.search.events.documents import TimedText
from bertkit.search.events.scale import TEXTS
from bertkit.search.events.state import Tracked
from tests.search.fakes import TablePredictor

THEMES = {
    "storm": "storm wind harbour flood rain coast",
    "vote": "vote ballot party seats poll campaign",
    "chess": "chess game bishop draw title match",
    "fire": "fire smoke warehouse roof flames engine",
}


def document(number: int, day: float, text: str = "") -> TimedText:
    return TimedText(str(number), day * DAY, text or f"text {number}")


def news(count: int, seed: int = 1) -> list[TimedText]:
    """Documents of four themes, and some of none, over a hundred days, by time."""
    draw = random.Random(seed)
    found = []
    for number, day in enumerate(sorted(draw.uniform(0, 100) for _ in range(count))):
        theme = draw.choice([*THEMES, ""])
        words = draw.sample(THEMES[theme].split(), 3) if theme else []
        found.append(document(number, day, " ".join([*words, "".join(draw.choices("bdgklmnprst", k=9))])))
    return found


def vectors_of(texts: Sequence[str], size: int = 64) -> dict[str, Any]:
    """A vector near to that of its theme for each text, and one at random for the others and those of the scale."""
    centres = np.eye(size, dtype=np.float32)
    table = {}
    for text in (*TEXTS, *texts):
        own = np.random.default_rng(zlib.crc32(text.encode())).normal(size=size)
        theme = next((place for place, name in enumerate(THEMES) if name in text), None)
        mean = 0 if theme is None else 4 * centres[theme]
        whole = mean + own / np.linalg.norm(own)
        table[text] = (whole / np.linalg.norm(whole)).astype(np.float32)
    return table


def predictor_of(documents: Sequence[TimedText]) -> TablePredictor:
    return TablePredictor(vectors_of([one.text for one in documents]))


def clusters(size: int = 2, **options: Any) -> Clusters:
    return Clusters(TrackOptions(**options), size)


def facts(tracked: Tracked) -> dict[str, Any]:
    """All that tells two states apart, as plain values: without numbers of the last digits of which products decide."""
    own = tracked.clusters
    count = len(own.events)
    return {
        "ids": tracked.ids,
        "events": tracked.events,
        "times": tracked.times,
        "days": [event.days for event in own.events],
        "words": [event.bag.ids.tolist() for event in own.events],
        "counts": [event.bag.counts.tolist() for event in own.events],
        "titles": [own.title(number) for number in range(count)],
        "texts": tracked.texts,
        "ends": [own.firsts[:count].tolist(), own.lasts[:count].tolist()],
        "lexicon": [own.lexicon.documents, own.lexicon.ids, own.lexicon.frequencies],
    }
