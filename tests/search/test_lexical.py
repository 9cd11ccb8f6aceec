"""BM25: a hand-made answer, bm25s' scores, and the same figures however the documents came."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from bertkit.search.lexical import Postings, Segment, hash_of, load, merged, postings_of, save, search
from bertkit.search.words import words

TEXTS = ["the cat sat", "the dog sat on the cat", "a bird", "dog dog dog", ""]


def segment(texts: list[str], dead: tuple[int, ...] = ()) -> Segment:
    alive = np.ones(len(texts), dtype=bool)
    alive[list(dead)] = False
    return Segment(postings_of(texts), alive)


def random_texts(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(f"w{n}" for n in rng.zipf(1.5, rng.integers(0, 30)) if n < 200) for _ in range(count)]


def test_a_score_by_hand() -> None:
    """Five documents, of which two hold `cat`; 14 words, so the mean length is 14 / 5."""
    found = search([segment(TEXTS)], "cat", 10, k1=1.2, b=0.75)
    idf = math.log(1 + (5 - 2 + 0.5) / (2 + 0.5))
    first, second = (idf / (1 + 1.2 * (0.25 + 0.75 * length / (14 / 5))) for length in (3, 6))
    assert found.documents.tolist() == [0, 1]
    assert found.scores == pytest.approx([first, second])


def test_repeated_words_of_a_query_count_as_often() -> None:
    once, twice = (search([segment(TEXTS)], query, 10).scores for query in ("dog", "dog dog"))
    assert twice == pytest.approx(2 * once)


def test_documents_without_a_word_of_the_query_are_not_found() -> None:
    assert search([segment(TEXTS)], "zebra", 10).documents.tolist() == []
    assert search([segment(TEXTS)], "", 10).documents.tolist() == []
    assert search([segment(TEXTS)], "bird zebra", 10).documents.tolist() == [2]


def test_equal_scores_stand_in_the_order_of_the_documents() -> None:
    found = search([segment(["same text"] * 50), segment(["same text"] * 50)], "text", 60)
    assert found.segments.tolist() == [0] * 50 + [1] * 10
    assert found.documents.tolist() == [*range(50), *range(10)]


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_bm25s(seed: int) -> None:
    import bm25s

    texts = random_texts(200, seed)
    theirs = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    theirs.index([words(text) or ["nothing"] for text in texts], show_progress=False)
    lengths = [max(len(words(text)), 1) for text in texts]  # theirs has no empty document
    texts = [text if words(text) else "nothing" for text in texts]
    assert lengths == [len(words(text)) for text in texts]
    for query in ("w1 w2 w7", "w3", "w150 w1"):
        ours = search([segment(texts)], query, 200)
        scores = theirs.get_scores(words(query))
        dense = np.zeros(200)
        dense[ours.documents] = ours.scores
        assert dense == pytest.approx(scores, abs=1e-5)
        assert len(ours.documents) == int((scores > 0).sum())


@pytest.mark.parametrize("seed", range(3))
def test_a_grown_index_gives_the_scores_of_one_built_at_once(seed: int) -> None:
    texts = random_texts(90, seed)
    dead = (3, 31, 32, 75)
    grown = [segment(texts[:30], (3,)), segment(texts[30:31]), segment(texts[31:], (0, 1, 44))]
    kept = [text for number, text in enumerate(texts) if number not in dead]
    at_once, put_together = [segment(kept)], [Segment(merged(grown), np.ones(len(kept), dtype=bool))]
    for query in ("w1 w2 w7", "w3 w3 w90"):
        expected = search(at_once, query, 20)
        for other in (grown, put_together):
            assert search(other, query, 20).scores == pytest.approx(expected.scores)
        assert search(put_together, query, 20).documents.tolist() == expected.documents.tolist()
    ours, theirs = merged(grown), at_once[0].postings
    for name in Postings._fields:
        assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name


def test_a_filter_leaves_the_scores_as_they_are() -> None:
    parts = [segment(TEXTS)]
    every = search(parts, "cat dog", 10)
    allowed = [np.array([False, True, True, True, True])]
    some = search(parts, "cat dog", 10, allowed)
    assert some.documents.tolist() == [n for n in every.documents.tolist() if n]
    assert (
        dict(zip(some.documents, some.scores, strict=True)).items()
        <= dict(zip(every.documents, every.scores, strict=True)).items()
    )


def test_postings_are_saved_and_loaded(tmp_path: Path) -> None:
    postings = postings_of(TEXTS)
    save(postings, np.arange(5) + 7, tmp_path / "a.npz")
    again, rows = load(tmp_path / "a.npz")
    assert rows.tolist() == [7, 8, 9, 10, 11]
    for name in Postings._fields:
        assert np.array_equal(getattr(postings, name), getattr(again, name))


def test_no_documents_and_no_words() -> None:
    assert search([], "a", 3).scores.tolist() == []
    assert search([segment(["", "..."])], "a", 3).scores.tolist() == []
    assert postings_of([]).of(hash_of("a")) == slice(0, 0)
    assert merged([segment(["a b"], (0,)), segment(["c"])]).lengths.tolist() == [1]
