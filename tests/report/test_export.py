"""The proof of an export as a table."""

from __future__ import annotations

from bertkit.report.export import notes, table

ENGINE = {"bytes": 1_000_000, "milliseconds": 2.0, "tokens": 16, "rows_per_second": 1234.5}
PROOF = {
    "engines": {"torch": ENGINE, "onnx float32": ENGINE, "onnx int8": {**ENGINE, "bytes": 250_000}},
    "largest_difference": {"onnx float32": {"logits": 1e-6}, "onnx int8": {"logits": 0.25}},
    "differences": {
        "test": [
            {"figure": "accuracy", "one": 0.9, "other": 0.89, "p": 0.25, "test": "McNemar, exact"},
            {"figure": "f1", "one": None, "other": None, "p": None, "test": "none"},
        ]
    },
    "attention_nodes": 6,
    "float32_layers": ["bert.encoder.layer.5.output"],
}


def test_a_column_per_engine() -> None:
    header, rows = table(PROOF)
    assert header == ["", "torch", "onnx float32", "onnx int8", "onnx int8 and torch"]
    assert {len(row) for row in rows} == {5}
    named = {row[0]: row[1:] for row in rows}
    assert named["weights, MB"] == ["1.0", "1.0", "0.2", ""]
    assert named["one example of 16 tokens, ms"][0] == "2.00"
    assert named["rows/s in bulk"][0] == "1,234"
    assert named["logits, largest difference"] == ["", "1.0e-06", "2.5e-01", ""]
    assert named["test accuracy"] == ["0.9000", "", "0.8900", "-0.0100 (p = 0.25, McNemar, exact)"]
    assert named["test f1"] == ["undefined", "", "undefined", "undefined"]


def test_notes_name_what_stayed_in_float32() -> None:
    assert any("bert.encoder.layer.5.output" in note for note in notes(PROOF))
    assert not any("float32:" in note for note in notes({**PROOF, "float32_layers": []}))
