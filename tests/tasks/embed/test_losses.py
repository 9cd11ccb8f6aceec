"""Losses: those of sentence-transformers on the same vectors; false negatives are left out."""

from __future__ import annotations

import pytest
import torch
from sentence_transformers.sentence_transformer import losses as theirs
from torch import Tensor

from bertkit.tasks.embed.losses import cosent, cosine, in_batch, not_negative, of_sizes, supervised_contrastive
from bertkit.tasks.embed.options import EmbedOptions


def vectors(parts: int, rows: int = 5) -> Tensor:
    return torch.randn(rows, parts, 8, generator=torch.Generator().manual_seed(parts))


def ids(rows: int, parts: int) -> Tensor:
    return torch.arange(1, rows * parts + 1).view(rows, parts)


class Model(torch.nn.Module):
    """What their losses ask of a model: they get vectors in place of texts."""

    similarity_fn_name = "cosine"


def test_in_batch_is_their_multiple_negatives_ranking() -> None:
    for parts in (2, 3, 4):
        each = vectors(parts)
        loss = theirs.MultipleNegativesRankingLoss(Model(), scale=20.0)
        expected = loss.compute_loss_from_embeddings([*each.unbind(1)], None)
        found = in_batch(each, {"ids": ids(5, parts)}, 20.0)
        assert found.shape == (5,)
        torch.testing.assert_close(found.mean(), expected)


def test_cosent_and_cosine_are_theirs() -> None:
    pair, labels = vectors(2), torch.tensor([0.1, 0.9, 0.4, 0.4, 0.0])
    loss = theirs.CoSENTLoss(Model(), scale=20.0)
    expected = loss.compute_loss_from_embeddings([*pair.unbind(1)], labels)
    found = cosent(pair, {"labels": labels}, 20.0)
    torch.testing.assert_close(found, expected.expand(5))
    expected = theirs.CosineSimilarityLoss(Model()).compute_loss_from_embeddings([*pair.unbind(1)], labels)
    torch.testing.assert_close(cosine(pair, {"labels": labels}, 20.0).mean(), expected)


def test_supervised_contrastive_by_hand() -> None:
    """Two fellows with cosine 1 and a stranger at right angles: -log(e / (e + 1)) for both, 0 for the stranger."""
    each = torch.tensor([[[1.0, 0.0]], [[2.0, 0.0]], [[0.0, 1.0]]])
    found = supervised_contrastive(each, {"labels": torch.tensor([0, 0, 1])}, 1.0)
    pair = -torch.log(torch.e / (torch.e + torch.tensor(1.0)))
    torch.testing.assert_close(found, torch.stack([pair, pair, torch.tensor(0.0)]))


def test_what_is_no_negative_is_left_out() -> None:
    """Row 1 has row 0's positive, row 2 its text; row 3 has row 0's text as a negative, row 4 no negative."""
    numbers = torch.tensor([[1, 2, 3], [4, 2, 5], [1, 6, 7], [8, 9, 1], [10, 11, 0]])
    own = torch.arange(5) * 2
    masked = not_negative(numbers, numbers[:, 1:].flatten(), own)
    # candidates: 2 3 2 5 6 7 9 1 11 0
    assert masked[0].nonzero()[:, 0].tolist() == [2, 4, 7, 9]
    assert masked[1].nonzero()[:, 0].tolist() == [0, 9]
    assert masked[2].nonzero()[:, 0].tolist() == [0, 7, 9]
    assert masked[3].nonzero()[:, 0].tolist() == [9]
    assert not masked[torch.arange(5), own].any()


def test_a_row_that_occurs_twice_in_a_step_has_the_loss_of_one_that_occurs_once() -> None:
    once, twice = vectors(2, 4), torch.cat([vectors(2, 4), vectors(2, 4)[:1]])
    numbers = ids(4, 2)
    found = in_batch(twice, {"ids": torch.cat([numbers, numbers[:1]])}, 20.0)
    torch.testing.assert_close(found[:1], in_batch(once, {"ids": numbers}, 20.0)[:1])


def test_matryoshka_is_the_loss_of_each_size() -> None:
    each, targets = vectors(2), {"ids": ids(5, 2)}
    found = of_sizes(each, targets, EmbedOptions(matryoshka=(8, 4)))
    assert found.shape == (5, 2)
    torch.testing.assert_close(found[:, 0], in_batch(each, targets, 20.0))
    torch.testing.assert_close(found[:, 1], in_batch(each[..., :4], targets, 20.0))


@pytest.mark.parametrize("loss", [in_batch, supervised_contrastive])
def test_zeros_have_a_finite_gradient(loss: object) -> None:
    each = torch.zeros(3, 2, 4, requires_grad=True)
    targets = {"ids": ids(3, 2), "labels": torch.tensor([0, 0, 1])}
    loss(each, targets, 20.0).sum().backward()  # type: ignore[operator]
    assert torch.isfinite(each.grad).all()  # type: ignore[arg-type]
