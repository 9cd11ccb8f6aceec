"""What is known of a folder, for people and programs: events.jsonl, documents.jsonl and the figures of the page.

All of it is made from the state, so it can be written again at any time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bertkit.data.times import day_name, moment_name
from bertkit.fs import written_aside
from bertkit.search.events.state import Tracked
from bertkit.search.events.words import keywords

EVENTS, DOCUMENTS, PAGE = "events.jsonl", "documents.jsonl", "events.html"


def event_rows(tracked: Tracked) -> list[dict[str, Any]]:
    """A row per event, in the order in which they began to be tracked.

    `event` counts from 1; `single`: it has fewer documents than the option `least`; `first`, `peak` and `last` are
    days, the peak the first of those with the most documents; `days`: day -> documents; `title`: the text of the
    document nearest to the mean, or its beginning.
    """
    clusters, names = tracked.clusters, tracked.names
    rows = []
    for number, event in enumerate(clusters.events):
        days = dict(sorted(event.days.items()))
        peak = max(days, key=lambda day: days[day])  # of equal ones the first
        title = clusters.title(number)
        single = event.size < clusters.options.least
        texts = [tracked.texts[one] for one, _ in event.central]
        rows.append(
            {
                "event": number + 1,
                "single": single,
                "documents": event.size,
                "first": day_name(min(days)),
                "peak": day_name(peak),
                "last": day_name(max(days)),
                "keywords": keywords(event.bag, event.size, names, clusters.lexicon, texts),
                "title": " ".join(tracked.texts[title].split()),
                "title_id": tracked.ids[title],
                "days": {day_name(day): count for day, count in days.items()},
            }
        )
    return rows


def document_rows(tracked: Tracked) -> Iterable[dict[str, Any]]:
    """A row per document in the order in which they were processed; `similarity` is null for the one that began its
    event."""
    columns = zip(tracked.ids, tracked.times, tracked.events, tracked.similarities, strict=True)
    for own, time, event, similarity in columns:
        alike = None if math.isnan(similarity) else round(similarity, 4)
        yield {"id": own, "time": moment_name(time), "event": event + 1, "similarity": alike}


def write_rows(rows: Iterable[dict[str, Any]], file: Path) -> None:
    """Write JSON lines whole or not at all."""
    with written_aside(file) as aside, aside.open("w", encoding="utf-8", newline="") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
