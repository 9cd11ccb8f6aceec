"""Documents join the nearest event that is open; what that costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bertkit.errors import DataError
from bertkit.search.events import clusters as module
from bertkit.search.events.clusters import CENTRAL, Clusters, TrackOptions
from bertkit.search.events.documents import TimedText
from tests.search.events.made import clusters, document, news, vectors_of
from tests.search.fakes import angle


def add(own: Clusters, degrees: Sequence[float], documents: Sequence[TimedText]) -> list[int]:
    vectors = np.array([angle(one) for one in degrees], np.float32)
    return [one.event for one in own.add(vectors, documents, 0)]


def alike(days: Sequence[float], text: str = "same words") -> list[TimedText]:
    return [document(number, day, text) for number, day in enumerate(days)]


def test_near_texts_are_one_event_and_far_ones_two() -> None:
    words = ["red fox", "red fox runs", "blue sea", "blue sea calm"]
    documents = [document(n, n / 10, text) for n, text in enumerate(words)]
    assert add(clusters(threshold=0.5), [0, 10, 90, 100], documents) == [0, 0, 1, 1]


def test_an_event_ends_when_its_window_is_over() -> None:
    assert add(clusters(window=5), [0, 0, 0], alike([0, 5, 10.1])) == [0, 0, 1]
    assert add(clusters(window=5), [0, 0, 0], alike([0, 4.9, 9.8])) == [0, 0, 0]  # from the last, not the first


def test_similarity_falls_with_time() -> None:
    """Equal texts have 1; after the whole window half of it is left."""
    assert add(clusters(threshold=0.7, window=10), [0, 0], alike([0, 5.9])) == [0, 0]
    assert add(clusters(threshold=0.7, window=10), [0, 0], alike([0, 6.1])) == [0, 1]


def test_the_threshold_is_included_and_similarity_is_that_before_the_decay() -> None:
    own = clusters(threshold=1.0)
    joined = own.add(np.array([angle(0)] * 2, np.float32), alike([0, 0]), 0)
    assert [one.event for one in joined] == [0, 0]
    own = clusters(threshold=0, window=10)
    joined = own.add(np.array([angle(0), angle(60)], np.float32), [document(0, 0, "a a"), document(1, 5, "zz")], 0)
    assert np.isnan(joined[0].similarity)
    assert joined[1].similarity == pytest.approx(0.5 * module.WORDS)


def test_words_decide_between_events_of_equal_vectors() -> None:
    texts = ["storm odile hits", "storm petra hits", "petra snow", "storm odile hits"]
    documents = [document(n, n, text) for n, text in enumerate(texts)]
    own = clusters(threshold=0.6)
    assert add(own, [0, 50, 25, 25], documents) == [0, 1, 1, 0]


def test_the_usual_cosine_is_nothing() -> None:
    own = Clusters(TrackOptions(threshold=0.4), 2, (0.9, 0.5))
    vectors = np.array([angle(0), angle(50), angle(0)], np.float32)  # cosine 0.64: 0.29 of the way from 0.5 to 1
    documents = [document(0, 0, "red fox"), document(1, 1, "blue sea"), document(2, 2, "red fox")]
    assert [one.event for one in own.add(vectors, documents, 0)] == [0, 1, 0]
    assert [one.event for one in clusters(threshold=0.3).add(vectors, documents, 0)] == [0, 0, 0]


def test_a_late_document_joins_an_event_that_was_open_then() -> None:
    own = clusters(window=5)
    assert add(own, [0, 0], alike([0, 20])) == [0, 1]
    vectors = np.array([angle(0)] * 3, np.float32)
    late = own.add(vectors, [document(2, -4, "same words"), document(3, 3, "same words"), document(4, 11, "xy")], 2)
    assert [one.event for one in late] == [0, 0, 2]
    assert own.firsts[0] == -4 * 86_400
    assert own.events[0].days == {0: 1, -4: 1, 3: 1}


def test_the_nearest_document_is_the_title() -> None:
    own = clusters(threshold=0)
    add(own, [30, 0, 10, -30, -10], alike(range(5)))
    assert own.title(0) == 1
    own = clusters(threshold=0)
    add(own, [*([40] * 3), *([0] * 20), *([-40] * 3)], alike([0] * 26))
    assert len(own.events[0].central) == CENTRAL
    assert own.title(0) == 3  # the first of equal ones


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = news(300)
    table = vectors_of([one.text for one in documents])
    vectors = np.array([table[one.text] for one in documents])

    def run(**sizes: Any) -> list[int]:
        with monkeypatch.context() as patch:
            for name, size in sizes.items():
                patch.setattr(module, name, size)
            return [one.event for one in clusters(64, window=10).add(vectors, documents, 0)]

    events = run()
    assert module.SHORT < len({*events}) < 200
    assert events == run(CHUNK=1) == run(CHUNK=7) == run(CHUNK=10**6)


@pytest.mark.slow
def test_equal_documents_do_not_take_quadratic_time() -> None:
    """Eight times as many documents take about eight times as long."""

    def seconds(count: int) -> float:
        vectors = np.tile(np.array(angle(0), np.float32), (count, 1))
        documents = alike([0] * count, "the same few words again")
        start = time.process_time()
        assert {one.event for one in clusters().add(vectors, documents, 0)} == {0}
        return time.process_time() - start

    seconds(200)
    assert seconds(16_000) < 24 * seconds(2_000)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"threshold": 1.2}, "--threshold  1.2 is not from 0 to 1"),
        ({"threshold": -0.1}, "--threshold  -0.1 is not from 0 to 1"),
        ({"threshold": float("nan")}, "--threshold  nan is not from 0 to 1"),
        ({"window": 0}, "--window  0 is no number of days"),
        ({"window": float("inf")}, "--window  inf is no number of days"),
        ({"least": 0}, "--least  0 is below 1"),
    ],
)
def test_options_that_mean_nothing(options: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        TrackOptions(**options).check()
    TrackOptions().check()
