"""What `bertkit data check` says of sentences: words, entities and their types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bertkit.data.columns import schemes
from bertkit.data.columns.schemes import Scheme
from bertkit.data.read.rows import some
from bertkit.tasks.ner.sentences import Sentences

TYPES = 20
"""Most types that are shown one by one."""
LONG = 10
"""Words of an entity from which on it looks as if a border is missing."""


def findings(sentences: Sentences, tags: Sequence[Sequence[str]], scheme: Scheme) -> list[str]:
    """Words and entities, entities per type, tags that are invalid in their scheme, and entities of many words.

    Args:
        tags: one per word of each sentence.
    """
    broken = schemes.find_broken(tags, scheme)
    valid = [schemes.repair(row, scheme)[0] if number in broken else row for number, row in enumerate(tags)]
    entities = [schemes.spans(row, scheme) for row in valid]
    types = Counter(span.type for row in entities for span in row)
    words, empty = sum(map(len, tags)), sum(not row for row in entities)
    total = sum(types.values())
    lines = [f"words: {words:,}, entities: {total:,}, tags in {scheme}; sentences without an entity: {empty:,}"]
    shown = [f"{name} ({count:,})" for name, count in types.most_common(TYPES)]
    lines.append(f"types: {len(types)}, {some(shown, len(types))}")
    if broken:
        places = [sentences.place(row, words[0]) for row, words in list(broken.items())[:3]]
        count = sum(map(len, broken.values()))
        lines.append(
            f"tags that are invalid in {scheme}: {count:,}, in {len(broken):,} sentences ({some(places, len(broken))})"
        )
    long = [(row, span) for row, spans in enumerate(entities) for span in spans if span.end - span.first >= LONG]
    if long:
        places = [sentences.place(row, span.first) for row, span in long[:3]]
        lines.append(f"entities of {LONG} words or more: {len(long):,} ({some(places, len(long))})")
    return lines
