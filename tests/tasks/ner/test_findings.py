from __future__ import annotations

from bertkit.tasks.ner.findings import findings
from bertkit.tasks.ner.sentences import Sentences


def test_words_entities_types_and_broken_tags() -> None:
    words = [["EU", "sent", "Mara"], ["a"] * 12, ["b", "c"]]
    tags = [["B-ORG", "O", "I-PER"], ["B-ORG", *["I-ORG"] * 11], ["O", "O"]]
    assert findings(Sentences(words, places=["a:1", "a:5", "a:18"]), tags, "IOB2") == [
        "words: 17, entities: 3, tags in IOB2; sentences without an entity: 1",
        "types: 2, ORG (2), PER (1)",
        "tags that are invalid in IOB2: 1, in 1 sentences (a:1)",
        "entities of 10 words or more: 1 (a:5)",
    ]
