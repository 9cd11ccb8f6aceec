"""Gradient caching: micro-batches of a step have the loss and gradient of the whole step."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bertkit.tasks.step_head import StepHead
from bertkit.training.batching import COUNTED
from bertkit.training.step_loss import REAL, cached, widened


class Spread(StepHead):
    """Each row's loss: its squared distances to all rows of the step."""

    auto_class = hub_tag = ""
    targets = ("ids",)

    def __init__(self) -> None:
        super().__init__(None, {})

    def loss_weight(self, batch: dict[str, Tensor]) -> Tensor:
        return torch.tensor([float(len(batch["ids"]))])

    def features(self, outputs: Any, batch: dict[str, Tensor]) -> Tensor:
        return outputs[:, None]

    def row_losses(self, features: Tensor, targets: dict[str, Tensor]) -> Tensor:
        rows = features[:, 0] * targets["ids"][:, :1]
        return torch.cdist(rows, rows).pow(2).sum(1, keepdim=True)

    def reduce(self, outputs: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {}


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.dropout = nn.Linear(3, 4, dtype=torch.float64), nn.Dropout(0.5)

    def forward(self, values: Tensor) -> Tensor:
        return self.dropout(torch.tanh(self.layer(values)))


def batches(*sizes: int) -> list[dict[str, Any]]:
    torch.manual_seed(1)
    values = torch.randn(sum(sizes), 3, dtype=torch.float64)
    ids = torch.arange(1, sum(sizes) + 1)[:, None].double()
    return [{"values": v, "ids": i} for v, i in zip(values.split(sizes), ids.split(sizes), strict=True)]


def gradient(model: Model, parts: list[dict[str, Any]], weights: Tensor, **options: Any) -> tuple[float, Tensor]:
    head = Spread()
    model.zero_grad()
    total = 0.0
    for batch, step in zip(parts, cached(head, model, parts, weights, **options), strict=True):
        inputs = {name: part for name, part in batch.items() if name != COUNTED}
        _, loss = step.loss(head.features(model(**head.inputs(inputs)), inputs), weights)
        loss.backward()
        total += float(loss)
    assert model.layer.weight.grad is not None
    return total, model.layer.weight.grad.clone()


def whole(model: Model, batch: dict[str, Any], weights: Tensor) -> tuple[float, Tensor]:
    head = Spread()
    model.zero_grad()
    loss = (head.losses(model(**head.inputs(batch)), batch) / weights).sum()
    loss.backward()
    assert model.layer.weight.grad is not None
    return float(loss), model.layer.weight.grad.clone()


def test_losses_and_gradients_add_up_to_those_of_the_whole_step() -> None:
    model, weights = Model().eval(), torch.tensor([8.0])
    loss, expected = whole(model, batches(8)[0], weights)
    for sizes in ((4, 4), (1,) * 8, (5, 3)):
        found, got = gradient(model, batches(*sizes), weights)
        assert found == pytest.approx(loss)
        torch.testing.assert_close(got, expected)


def test_both_passes_draw_the_same_dropout_masks() -> None:
    """Else the gradient would be that of other features than those that are trained."""
    model, parts, weights = Model().train(), batches(4, 4), torch.tensor([8.0])
    torch.manual_seed(7)
    found, got = gradient(model, parts, weights)
    torch.manual_seed(7)
    outputs = torch.cat([model(part["values"]) for part in parts])
    head, model_loss = Spread(), 0.0
    model.zero_grad()
    loss = head.row_losses(outputs[:, None], {"ids": torch.cat([part["ids"] for part in parts])}).sum() / 8
    loss.backward()
    model_loss = float(loss)
    assert found == pytest.approx(model_loss)
    torch.testing.assert_close(got, model.layer.weight.grad)


def test_a_batch_that_only_keeps_step_counts_not() -> None:
    model, weights = Model().eval(), torch.tensor([5.0])
    loss, expected = whole(model, batches(5)[0], weights)
    found, got = gradient(model, [*batches(5), {**batches(5)[0], COUNTED: False}], weights)
    assert found == pytest.approx(loss)
    torch.testing.assert_close(got, expected)


def test_rows_of_another_process_count_and_what_fills_up_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    model, weights = Model().eval(), torch.tensor([7.0])
    mine, other = batches(4, 3)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    head = Spread()
    with torch.no_grad():
        theirs = {"features": head.features(model(mine["values"]), mine), "ids": mine["ids"], REAL: torch.ones(4)}

    def gather(rows: Tensor) -> Tensor:
        """Rank 0 has four rows, this process three."""
        name = next(name for name, value in theirs.items() if value.shape[1:] == rows.shape[1:] and name in waiting)
        waiting.remove(name)
        return torch.cat([theirs[name].to(rows.dtype), rows, rows.new_zeros(1, *rows.shape[1:])])

    waiting = [*theirs]
    (step,) = cached(head, model, [other], weights, gather)
    with torch.no_grad():
        pool = torch.cat([theirs["features"], head.features(model(other["values"]), other)])
    pool.requires_grad_()
    losses = head.row_losses(pool, {"ids": torch.cat([mine["ids"], other["ids"]])})
    (expected,) = torch.autograd.grad(losses.sum() / 7, pool)
    torch.testing.assert_close(step.gradient, expected[4:])
    torch.testing.assert_close(step.sums, losses[4:].sum(0).detach())


def test_widened_adds_zeros() -> None:
    assert widened(torch.ones(2, 1, 3), 2).tolist() == [[[1, 1, 1], [0, 0, 0]]] * 2
    assert widened(same := torch.ones(2, 2), 2) is same
