"""Which layers stay in float32: the fewest of those that lose most, and an error where none is enough."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
import pytest

from bertkit.errors import RunError
from bertkit.shrink import quantize as module
from bertkit.shrink.quantize import quantize

LAYERS = {name: [f"node_{name}"] for name in "abcdef"}
COSTS = {"a": 1, "b": 20, "c": 2, "d": 10, "e": 1, "f": 4}
"""Points that each layer costs in int8."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A float32 folder. What is written there tells which nodes stayed."""
    (tmp_path / "float").mkdir()
    (tmp_path / "float" / "export.json").write_text("{}")
    monkeypatch.setattr(module, "_write", lambda source, target, kept: target.write_text(" ".join(kept)))
    return tmp_path


def cost(folder: Path) -> float:
    kept = {node.removeprefix("node_") for node in (folder / "model.onnx").read_text().split()}
    return sum(value for name, value in COSTS.items() if name not in kept)


def quantized(folder: Path, most: float) -> Sequence[str]:
    return quantize(folder / "float", folder / "int8", LAYERS, drop=cost, change=cost, most=most)


@pytest.mark.parametrize(
    ("most", "kept"),
    [(40, []), (38, []), (30, ["b"]), (18, ["b"]), (10, ["b", "d"]), (3, ["b", "d", "f", "c"])],
)
def test_the_fewest_that_are_enough_stay(folder: Path, most: float, kept: list[str]) -> None:
    assert quantized(folder, most) == kept
    assert (folder / "int8" / "model.onnx").read_text().split() == [f"node_{name}" for name in kept]
    assert (folder / "int8" / "export.json").is_file()


def test_a_bound_that_no_layer_meets(folder: Path) -> None:
    with pytest.raises(RunError, match=r"--max-drop  int8 costs 38\.00 points.*export without --int8"):
        quantized(folder, 0.5)


def test_nodes_that_stay_have_their_weights(exported, tmp_path: Path) -> None:
    """Real graphs: all weights in int8, but those of the nodes named."""
    source = exported.model / "model.onnx"
    names = [node.name for node in onnx.load(source).graph.node if node.op_type == "MatMul"]
    counts = []
    for kept in ([], names[:2]):
        module._write(source, tmp_path / "model.onnx", kept)
        kinds = [node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node]
        counts.append(kinds.count("MatMulInteger"))
    assert counts[0] - counts[1] == 2
    assert counts[0] >= 12
