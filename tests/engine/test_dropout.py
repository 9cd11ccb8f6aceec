"""Dropout drops its share, keeps the expected value, and has the gradient of what it did."""

from __future__ import annotations

import pytest
import torch

from bertkit.engine import dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_a_mask_drops_its_share(p: float) -> None:
    torch.manual_seed(0)
    kept, factor = dropout.keep(torch.Size([500, 1001]), p)
    assert kept.dtype == torch.bool and kept.shape == (500, 1001)
    assert float(kept.float().mean()) == pytest.approx(1 - p, abs=0.003)
    assert factor == pytest.approx(1 / (1 - p), rel=1e-3)
    for column in range(8):  # the four elements of a draw are drawn alike, and by themselves
        own, next_one = kept[:, column].float(), kept[:, column + 1].float()
        assert float(own.mean()) == pytest.approx(1 - p, abs=0.1)
        assert abs(float(((own - own.mean()) * (next_one - next_one.mean())).mean())) < 0.04


@pytest.mark.parametrize("p", [1e-9, 1 - 1e-9])
def test_extreme_probabilities_are_no_division_by_zero(p: float) -> None:
    kept, factor = dropout.keep(torch.Size([1000]), p)
    assert bool(torch.isfinite(kept * factor).all())
    assert bool(kept.all()) == (p < 0.5)


def test_every_16_bits_may_come() -> None:
    torch.manual_seed(0)
    half, _ = dropout.keep(torch.Size([4, 100_000]), 0.5)
    assert all(float(part.float().mean()) == pytest.approx(0.5, abs=0.01) for part in half.view(-1, 4).T)


def modules() -> torch.nn.Sequential:
    model = torch.nn.Sequential(torch.nn.Dropout(0.25), torch.nn.Identity())
    dropout.apply(model)
    return model


def function_of(x: torch.Tensor) -> str:
    return type(x.grad_fn).__name__


def test_values_and_gradients() -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 32, dtype=torch.float64, requires_grad=True)
    out = modules()(x)
    scaled = out / x.detach()
    assert torch.allclose(scaled[out != 0], torch.tensor(1 / 0.75, dtype=torch.float64))
    assert 0.15 < float((out == 0).float().mean()) < 0.35
    out.sum().backward()
    torch.testing.assert_close(x.grad, scaled)


def test_a_seed_gives_the_same_mask() -> None:
    model, x = modules(), torch.ones(1000)
    torch.manual_seed(3)
    first, second = model(x), model(x)
    torch.manual_seed(3)
    assert torch.equal(model(x), first)
    assert not torch.equal(first, second)


def test_what_stays_torchs() -> None:
    model, x = modules(), torch.ones(3, requires_grad=True)
    assert function_of(model(x)) == "_DropoutBackward"
    for p in (0.0, 1.0):
        model[0].p = p  # as a script may set it
        assert function_of(model(x)) != "_DropoutBackward"
    assert modules().eval()(x) is x
    assert not any(isinstance(module, dropout.Dropout) for module in torch.nn.Sequential(torch.nn.Dropout1d()))


def test_gradient_checkpointing_draws_the_same_mask_again() -> None:
    from torch.utils.checkpoint import checkpoint

    x = torch.randn(100, requires_grad=True)
    out = checkpoint(modules(), x, use_reentrant=False)
    out.sum().backward()
    assert torch.equal(x.grad != 0, out != 0)
