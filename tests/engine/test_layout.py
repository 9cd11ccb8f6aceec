"""Real tokens of a padded batch: where they are, the way there and back, and texts of like length together."""

from __future__ import annotations

import random

import pytest
import torch

from bertkit.engine.layout import LIKE, SPARE, gather, layout, spread


def right_padded(*lengths: int) -> torch.Tensor:
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


def test_a_layout_of_two_texts() -> None:
    where = layout(torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0], [0, 1, 1, 1]]))
    assert where is not None
    assert where.places.tolist() == [0, 1, 9, 10, 11]
    assert where.mask.tolist() == [[True, True, False, False], [False] * 4, [False, True, True, True]]
    assert (where.starts.tolist(), where.starts.dtype) == ([0, 2, 2, 5], torch.int32)
    assert where.longest == 3


@pytest.mark.parametrize("real", [0, 1])
def test_there_is_no_layout_where_nothing_or_all_is_padded(real: int) -> None:
    assert layout(torch.full((3, 5), real)) is None


@pytest.mark.parametrize("mask", [[[1, 1, 0], [1, 1, 1]], [[0, 1, 1], [0, 0, 0]], [[1, 0, 1], [0, 1, 0]]])
def test_spread_and_gather_undo_each_other(mask: list[list[int]]) -> None:
    where = layout(torch.tensor(mask))
    assert where is not None
    packed = torch.randn(len(where.places), 3, dtype=torch.float64, requires_grad=True)
    padded = torch.randn(*where.mask.shape, 3, dtype=torch.float64, requires_grad=True)
    assert torch.equal(gather(spread(packed, where), where), packed)
    assert torch.equal(spread(gather(padded, where), where), padded * where.mask[:, :, None])
    assert torch.autograd.gradcheck(lambda x: spread(x, where), packed)
    assert torch.autograd.gradcheck(lambda x: gather(x, where), padded)


def test_texts_of_like_length_are_one_group_after_the_other() -> None:
    where = layout(right_padded(200, 190, 150, 140, 110, 100, 20, 10, 0))
    assert where is not None
    lengths = [group.mask.sum(1).tolist() for group in where.groups]
    assert lengths == [[200, 190, 150], [140, 110], [100], [20, 10, 0]]
    assert sum(len(group.places) for group in where.groups) == len(where.places)
    for group in where.groups:
        assert group.mask.shape[1] == group.longest
        assert group.starts[-1] == len(group.places)


def test_a_group_is_padded_little_or_has_texts_of_like_length() -> None:
    draw = random.Random(1)
    for _ in range(200):
        lengths = sorted((draw.randint(1, draw.choice([9, 30, 400])) for _ in range(draw.randint(2, 60))), reverse=True)
        where = layout(right_padded(*lengths))
        for group in where.groups if where else ():
            own = group.mask.sum(1).tolist()
            odd = [longest - length for length in own if length < LIKE * (longest := group.longest)]
            assert not odd or len(own) * group.longest - sum(own) <= SPARE
        assert not where or sum(len(group.places) for group in where.groups) in (0, sum(lengths))


def test_a_batch_that_is_wider_than_its_texts_is_trimmed() -> None:
    where = layout(torch.arange(512) < torch.tensor([20, 18, 2])[:, None])
    assert where is not None
    assert [group.mask.shape for group in where.groups] == [(3, 20)]


def test_short_texts_are_one_group() -> None:
    where = layout(right_padded(20, 19, 15, 14, 11, 10, 2))
    assert where is not None
    assert where.groups == ()


def test_runs_are_texts_of_equal_length_that_follow_each_other() -> None:
    lengths = [7] * 5 + [3] * 6 + [7] * 4 + [0]
    where = layout(right_padded(*lengths))
    assert where is not None
    assert where.runs == ((5, 7), (6, 3), (4, 7))


@pytest.mark.parametrize(
    "mask",
    [right_padded(9, 8, 7, 6, 5, 5), right_padded(*[9] * 8, *[3] * 8).flip(1)],
    ids=["too few of each", "padded at the left"],
)
def test_other_batches_have_no_runs(mask: torch.Tensor) -> None:
    where = layout(mask)
    assert where is not None
    assert where.runs == ()


@pytest.mark.parametrize(
    "mask",
    [right_padded(3, 20, 4), right_padded(20, 19, 18), right_padded(200, 100, 3).flip(1), [[1, 1, 1, 1], [1, 0, 1, 0]]],
    ids=["in any order", "all alike", "padded at the left", "with a hole"],
)
def test_other_batches_are_not_grouped(mask: torch.Tensor) -> None:
    where = layout(torch.as_tensor(mask))
    assert where is not None
    assert where.groups == ()
