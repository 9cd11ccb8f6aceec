"""Linear layers by oneDNN are the same function: values and gradients, within rounding, and only where it fits."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn import functional

from bertkit.engine import linear


@pytest.fixture(autouse=True)
def _slow(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")):
        pytest.skip("this torch has no oneDNN")
    monkeypatch.setattr(linear, "_slow_here", lambda: True)


@pytest.mark.parametrize("shape", [(40, 24), (2, 20, 24), (1, 3, 7, 24), (16, 24)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("frozen", [(), ("weight",), ("x",), ("weight", "bias")])
def test_values_and_gradients_are_those_of_torch(shape: tuple[int, ...], bias: bool, frozen: tuple[str, ...]) -> None:
    torch.manual_seed(0)
    plain = torch.nn.Linear(24, 32, bias=bias)
    for name, parameter in plain.named_parameters():
        parameter.requires_grad_(name not in frozen)
    fast = copy.deepcopy(plain)
    x = torch.randn(shape)
    a, b = (x.clone().requires_grad_("x" not in frozen) for _ in range(2))
    expected = plain(a)
    with linear.fast():
        got = fast(b)
    assert type(got.grad_fn).__name__ == "_LinearBackward"
    torch.testing.assert_close(got, expected)
    wave = torch.linspace(-1, 1, got.numel()).view_as(got)
    (expected * wave).sum().backward()
    (got * wave).sum().backward()
    for one, other in zip([a, *plain.parameters()], [b, *fast.parameters()], strict=True):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None:
            torch.testing.assert_close(other.grad, one.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(40, 24), (2, 20, 24), (1, 24), (0, 24)])
@pytest.mark.parametrize("gelu", [False, True])
def test_products_with_packed_weights(shape: tuple[int, ...], gelu: bool) -> None:
    torch.manual_seed(0)
    x, weight, bias = torch.randn(shape), torch.randn(32, 24), torch.randn(32)
    expected = functional.linear(x, weight, bias)
    with torch.inference_mode():
        own = linear.packed(weight)
        assert own is not None and torch.equal(own.to_dense(), weight)
        for one in (weight, own):
            found = linear.product(x, one, bias, gelu=gelu)
            torch.testing.assert_close(found, functional.gelu(expected) if gelu else expected)


def test_every_other_row_of_a_product() -> None:
    x, weight, bias = torch.randn(6, 5, 24), torch.randn(32, 24), torch.randn(32)
    own = linear.packed(weight)
    assert own is not None
    torch.testing.assert_close(linear.product(x[:, 0], own, bias), functional.linear(x[:, 0], weight, bias))


def test_only_weights_that_gain_are_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert linear.packed(torch.randn(32, 24).bfloat16()) is None
    monkeypatch.setattr(linear, "_slow_here", lambda: False)
    assert linear.packed(torch.randn(32, 24)) is None


def test_what_does_not_fit_takes_torchs_way() -> None:
    def named(x: torch.Tensor, layer: torch.nn.Linear) -> str:
        with linear.fast():
            return type(layer(x).grad_fn).__name__

    layer = torch.nn.Linear(24, 32)
    assert named(torch.randn(40, 24), layer) == "_LinearBackward"
    assert named(torch.randn(linear.ROWS - 1, 24), layer) == "AddmmBackward0"
    assert named(torch.randn(40, 24).double(), copy.deepcopy(layer).double()) == "AddmmBackward0"
    assert named(torch.randn(0, 24), layer) == "AddmmBackward0"
    with torch.autocast("cpu", torch.bfloat16):
        assert named(torch.randn(40, 24), layer) != "_LinearBackward"
    assert type(layer(torch.randn(40, 24)).grad_fn).__name__ == "AddmmBackward0", "outside"


def test_gradient_checkpointing_calls_it_again_in_the_backward_pass() -> None:
    from torch.utils.checkpoint import checkpoint

    torch.manual_seed(0)
    layer, x = torch.nn.Linear(24, 24), torch.randn(40, 24, requires_grad=True)
    functional.gelu(layer(x)).sum().backward()
    expected = layer.weight.grad.clone()
    layer.zero_grad()
    with linear.fast():
        checkpoint(lambda v: functional.gelu(layer(v)), x, use_reentrant=False).sum().backward()
    torch.testing.assert_close(layer.weight.grad, expected, rtol=1e-4, atol=1e-5)


def test_inference_mode() -> None:
    layer, x = torch.nn.Linear(24, 32), torch.randn(40, 24)
    with torch.inference_mode(), linear.fast():
        torch.testing.assert_close(layer(x), functional.linear(x, layer.weight, layer.bias))


@pytest.mark.parametrize(
    ("said", "amd"), [("vendor_id\t: AuthenticAMD\n", True), ("vendor_id\t: GenuineIntel\n", False), ("", False)]
)
def test_the_processor_tells_who_made_it(said: str, amd: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_: said)
    monkeypatch.setattr("pathlib.Path.is_file", lambda *_: True)
    assert linear._is_amd() is amd


@pytest.mark.parametrize(("capability", "slow"), [("AVX512", True), ("AVX2", False), ("DEFAULT", False)])
def test_mkl_is_slow_where_it_leaves_avx_512_unused(
    capability: str, slow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(linear, "_is_amd", lambda: True)
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert linear._slow_here.__wrapped__() is slow
