from __future__ import annotations

import random
from collections import Counter

import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from bertkit.data.split import limit, split, split_groups
from bertkit.errors import DataError


def dataset(labels: list[str]) -> Dataset:
    return Dataset.from_dict({"label": labels, "row": list(range(len(labels)))})


def test_each_row_is_in_one_part_and_in_order():
    train, validation = split(dataset(["a"] * 100), 0.1, 1)
    assert len(validation) == 10
    assert sorted([*train["row"], *validation["row"]]) == list(range(100))
    assert list(train["row"]) == sorted(train["row"])
    assert list(validation["row"]) == sorted(validation["row"])


def test_the_seed_chooses_the_rows():
    rows = dataset(["a", "b"] * 50)
    first = split(rows, 0.2, 1, "label")[1]["row"][:]
    assert split(rows, 0.2, 1, "label")[1]["row"][:] == first
    assert split(rows, 0.2, 2, "label")[1]["row"][:] != first


def test_labels_keep_their_shares():
    train, validation = split(dataset(["a"] * 80 + ["b"] * 15 + ["c"] * 5), 0.2, 3, "label")
    assert Counter(validation["label"]) == {"a": 16, "b": 3, "c": 1}
    assert len(train) == 80


def test_small_labels_share_what_remains():
    labels = [f"label {i}" for i in range(50) for _ in range(4)]
    _, validation = split(dataset(labels), 0.1, 5, "label")
    counts = Counter(validation["label"])
    assert len(validation) == 20
    assert set(counts.values()) == {1}
    assert max(int(label.split()[1]) for label in counts) >= 25, "not only the first labels of the file"


def test_a_label_of_one_row_stays_in_train(caplog):
    caplog.set_level("INFO")
    train, validation = split(dataset(["a"] * 10 + ["b", "c"]), 0.5, 0, "label")
    assert {"b", "c"} < set(train["label"])
    assert set(validation["label"]) == {"a"}
    assert caplog.messages == ["2 labels have a single row, which stays in train: validation can not score them"]


@pytest.mark.parametrize(("ratio", "rows"), [(0.01, 1), (0.99, 4)])
def test_both_parts_have_a_row(ratio, rows):
    assert len(split(dataset(["a"] * 5), ratio, 0)[1]) == rows


def test_too_few_rows():
    with pytest.raises(DataError, match=r"data\.train  only one row: none is left"):
        split(dataset(["a"]), 0.5, 0)
    with pytest.raises(DataError, match="only one row of each label"):
        split(dataset(["a", "b"]), 0.5, 0, "label")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from("abcd"), min_size=5), st.floats(0.01, 0.99), st.integers(0, 9))
def test_always_as_many_as_asked_and_every_label_in_train(labels, ratio, seed):
    train, validation = split(dataset(labels), ratio, seed, "label")
    sizes = Counter(labels)
    spare = len(labels) - len(sizes)
    assert set(train["label"]) == set(labels)
    assert abs(len(validation) - min(max(1, ratio * len(labels)), spare)) <= len(sizes)
    for label, count in Counter(validation["label"]).items():
        assert count <= sizes[label] * ratio + 1


def test_limit_draws_by_seed_and_keeps_the_order():
    rows = dataset(["a"] * 100)
    drawn = limit(rows, 10, 1)["row"][:]
    assert len(drawn) == 10
    assert drawn == sorted(set(drawn))
    assert limit(rows, 10, 1)["row"][:] == drawn
    assert limit(rows, 10, 2)["row"][:] != drawn


@pytest.mark.parametrize("n", [3, 100])
def test_a_limit_that_is_not_reached_changes_nothing(n):
    assert limit(dataset(["a"] * 3), n, 0)["row"][:] == [0, 1, 2]


def queries(sizes: list[int]) -> Dataset:
    names = [f"query {number}" for number, size in enumerate(sizes) for _ in range(size)]
    random.Random(0).shuffle(names)
    return Dataset.from_dict({"query": names, "row": list(range(len(names)))})


@pytest.mark.parametrize(("ratio", "count"), [(0.01, 1), (0.25, 5), (0.99, 19)])
def test_groups_are_split_as_a_whole(ratio: float, count: int) -> None:
    rows = queries([1, 2, 3, 4] * 5)
    parts = split_groups(rows, ratio, 1, "query")
    train, validation = (set(part["query"]) for part in parts)
    assert (len(train), len(validation), train & validation) == (20 - count, count, set())
    assert sorted([*parts[0]["row"], *parts[1]["row"]]) == list(range(50))
    assert all(list(part["row"]) == sorted(part["row"]) for part in parts)
    assert set(split_groups(rows, ratio, 1, "query")[1]["query"]) == validation


def test_a_single_group_can_not_be_split() -> None:
    with pytest.raises(DataError, match="all rows have the same query: none is left for validation"):
        split_groups(queries([4]), 0.5, 1, "query")


def test_a_limit_draws_whole_groups() -> None:
    rows = queries([1, 2, 3, 4] * 5)
    sizes = Counter(rows["query"])
    for n in (1, 7, 20, 49):
        drawn = Counter(limit(rows, n, 3, "query")["query"])
        assert all(count == sizes[name] for name, count in drawn.items())
        assert 0 < sum(drawn.values()) <= max(n, 4)
    assert len(limit(rows, 20, 3, "query")) >= 17, "groups that fit are added until none does"
    assert limit(rows, 50, 3, "query") is rows
