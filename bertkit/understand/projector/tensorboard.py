"""The files that TensorBoard's projector opens: `tensorboard --logdir FOLDER`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bertkit.fs import write_text
from bertkit.understand.projector.points import Points

CONFIG = 'embeddings {\n  tensor_name: "bertkit"\n  tensor_path: "vectors.tsv"\n%s}\n'
METADATA = '  metadata_path: "metadata.tsv"\n'


def write(points: Points, folder: Path) -> None:
    """Write `vectors.tsv`, `metadata.tsv` if there are columns, and `projector_config.pbtxt`."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ("\t".join(f"{value:.6g}" for value in row) for row in points.vectors.tolist())
    write_text(folder / "vectors.tsv", "".join(f"{line}\n" for line in lines))
    names = list(points.columns)
    if names:
        rows = zip(*points.columns.values(), strict=True)
        header = [] if len(names) == 1 else [names]  # of a single column TensorBoard expects none
        text = "".join("\t".join(map(_cell, row)) + "\n" for row in [*header, *rows])
        write_text(folder / "metadata.tsv", text)
    write_text(folder / "projector_config.pbtxt", CONFIG % (METADATA if names else ""))


def _cell(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())
