"""Files of TensorBoard's projector."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bertkit.understand.projector.points import Points
from bertkit.understand.projector.tensorboard import write


def test_several_columns_have_a_header(tmp_path: Path) -> None:
    write(Points(np.array([[1.5, 2.0], [0.25, 1e-7]]), {"text": ["a\tb\nc", "d"], "n": [1, None]}), tmp_path / "tb")
    assert (tmp_path / "tb/vectors.tsv").read_text() == "1.5\t2\n0.25\t1e-07\n"
    assert (tmp_path / "tb/metadata.tsv").read_text() == "text\tn\na b c\t1\nd\t\n"
    config = (tmp_path / "tb/projector_config.pbtxt").read_text()
    assert 'tensor_path: "vectors.tsv"' in config and 'metadata_path: "metadata.tsv"' in config


def test_a_single_column_has_none(tmp_path: Path) -> None:
    write(Points(np.ones((2, 1)), {"text": ["a", "b"]}), tmp_path)
    assert (tmp_path / "metadata.tsv").read_text() == "a\nb\n"


def test_without_columns(tmp_path: Path) -> None:
    write(Points(np.ones((2, 1)), {}), tmp_path)
    assert not (tmp_path / "metadata.tsv").exists()
    assert "metadata_path" not in (tmp_path / "projector_config.pbtxt").read_text()


def test_tensorboard_reads_the_configuration(tmp_path: Path) -> None:
    import pytest

    projector = pytest.importorskip("tensorboard.plugins.projector.projector_config_pb2")
    from google.protobuf import text_format

    write(Points(np.ones((2, 1)), {"text": ["a", "b"]}), tmp_path)
    config = projector.ProjectorConfig()
    text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), config)
    assert config.embeddings[0].tensor_path == "vectors.tsv"
