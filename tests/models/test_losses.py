"""Each loss against its formula by hand or torch's own, one number a row."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bertkit.errors import PluginError
from bertkit.models.losses import (
    LOSSES,
    binary_cross_entropy,
    binary_focal,
    checked,
    cross_entropy,
    focal,
    squared_error,
)
from bertkit.plugins import find


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def softmax_of(*logits: float) -> list[float]:
    total = sum(map(math.exp, logits))
    return [math.exp(x) / total for x in logits]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.0, 0.0, 0.0]])
    each = cross_entropy(logits, torch.tensor([1, 2]))
    assert each.tolist() == pytest.approx([-math.log(softmax_of(1.0, 2.0, 0.5)[1]), math.log(3)])


def test_smoothing_spreads_its_share_over_all_labels() -> None:
    p = softmax_of(1.0, 2.0, 0.5)
    by_hand = -sum((0.9 * (i == 1) + 0.1 / 3) * math.log(p[i]) for i in range(3))
    each = cross_entropy(torch.tensor([[1.0, 2.0, 0.5]]), torch.tensor([1]), smoothing=0.1)
    assert each.tolist() == pytest.approx([by_hand])


def test_focal_by_hand() -> None:
    p = softmax_of(1.0, 2.0, 0.5)[0]
    logits, labels = torch.tensor([[1.0, 2.0, 0.5]]), torch.tensor([0])
    assert focal(logits, labels).tolist() == pytest.approx([-((1 - p) ** 2) * math.log(p)])
    assert focal(logits, labels, gamma=0.5).tolist() == pytest.approx([-((1 - p) ** 0.5) * math.log(p)])


def test_focal_without_focus_is_cross_entropy() -> None:
    logits, labels = torch.randn(20, 5) * 3, torch.randint(5, (20,))
    torch.testing.assert_close(focal(logits, labels, gamma=0.0), cross_entropy(logits, labels))


def test_focal_counts_easy_rows_less() -> None:
    logits, labels = torch.tensor([[8.0, 0.0], [0.1, 0.0]]), torch.tensor([0, 0])
    easy, hard = (focal(logits, labels) / cross_entropy(logits, labels)).tolist()
    assert easy < 1e-6 < 0.1 < hard


def test_binary_cross_entropy_by_hand() -> None:
    logits, labels = torch.tensor([[2.0, -1.0]]), torch.tensor([[1, 1]])
    by_hand = -(math.log(sigmoid(2.0)) + math.log(sigmoid(-1.0))) / 2
    assert binary_cross_entropy(logits, labels).tolist() == pytest.approx([by_hand])
    by_hand = -(math.log(1 - sigmoid(2.0)) + math.log(1 - sigmoid(-1.0))) / 2
    assert binary_cross_entropy(logits, 1 - labels).tolist() == pytest.approx([by_hand])


def test_binary_smoothing_draws_targets_to_the_middle() -> None:
    logits, labels = torch.tensor([[2.0, -1.0]]), torch.tensor([[1, 0]])
    targets = torch.tensor([[0.9, 0.1]])
    by_torch = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(-1)
    torch.testing.assert_close(binary_cross_entropy(logits, labels, smoothing=0.2), by_torch)


def test_positive_weight_scales_what_is_there_alone() -> None:
    logits, labels, weight = torch.randn(6, 3), torch.randint(2, (6, 3)), torch.tensor([1.0, 5.0, 0.5])
    for loss in (binary_cross_entropy, binary_focal):
        plain = torch.stack([loss(logits[:, [i]], labels[:, [i]]) for i in range(3)], 1)  # (row, label)
        scaled = torch.where(labels == 1, plain * weight, plain).mean(-1)
        torch.testing.assert_close(loss(logits, labels, positive_weight=weight), scaled)


def test_binary_focal_by_hand() -> None:
    logits, labels = torch.tensor([[2.0, -1.0]]), torch.tensor([[1, 1]])
    right = [sigmoid(2.0), sigmoid(-1.0)]
    by_hand = sum(-((1 - p) ** 2) * math.log(p) for p in right) / 2
    assert binary_focal(logits, labels).tolist() == pytest.approx([by_hand])


def test_binary_focal_without_focus_is_binary_cross_entropy() -> None:
    logits, labels = torch.randn(20, 4) * 3, torch.randint(2, (20, 4))
    torch.testing.assert_close(binary_focal(logits, labels, gamma=0.0), binary_cross_entropy(logits, labels))


def test_squared_error_by_hand() -> None:
    each = squared_error(torch.tensor([[1.5], [-1.0]]), torch.tensor([1.0, 1.0]))
    assert each.tolist() == [0.25, 4.0]


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("scale", [0.0, 1.0, 50.0])
def test_one_finite_number_a_row_with_a_finite_gradient(name: str, scale: float) -> None:
    logits = (torch.randn(7, 1 if name == "squared_error" else 4) * scale).requires_grad_()
    labels: Tensor = torch.randint(2, (7, 4)) if name.startswith("binary") else torch.randint(4, (7,))
    each = find("loss", name)(logits, labels)
    assert each.shape == (7,)
    assert each.isfinite().all()
    assert (each >= 0).all()
    each.sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("loss", [focal, binary_focal])
def test_focal_gradients_stay_finite_where_a_row_is_certain(loss: object, gamma: float) -> None:
    """At p = 1 the derivative of (1 - p)^gamma is infinite for gamma below 1."""
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    labels = torch.tensor([[1, 0]]) if loss is binary_focal else torch.tensor([0])
    loss(logits, labels, gamma=gamma).sum().backward()  # type: ignore[operator]
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_checked_lets_one_number_a_row_pass() -> None:
    loss = checked(squared_error, "mine")
    assert loss(torch.ones(3, 1), torch.zeros(3)).tolist() == [1.0, 1.0, 1.0]
    assert loss.__name__ == "squared_error"


@pytest.mark.parametrize("shape", [(), (1,), (3, 1), (2,), (3, 4)])
def test_checked_refuses_a_mean_and_other_shapes(shape: tuple[int, ...]) -> None:
    loss = checked(lambda logits, labels: torch.zeros(shape), "./mine.py:loss")
    with pytest.raises(PluginError) as caught:
        loss(torch.ones(3, 4), torch.zeros(3))
    text = f"options.loss  ./mine.py:loss: returned a tensor of shape {shape} for 3 rows; return one number per row"
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize("result", [3.0, None, [1.0, 2.0, 3.0]])
def test_checked_refuses_what_is_no_tensor(result: object) -> None:
    loss = checked(lambda logits, labels: result, "./mine.py:loss")  # type: ignore[arg-type,return-value]
    with pytest.raises(PluginError):
        loss(torch.ones(3, 4), torch.zeros(3))
