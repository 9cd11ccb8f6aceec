"""The page of `bertkit projector`: rows as points of a plane, to be coloured, searched, circled and exported.

It is made from a record of plain values (see `understand.projector.record.record`).
"""

from __future__ import annotations

from typing import Any

from bertkit.report.page import render

METHODS = {"pca": "PCA", "umap": "UMAP"}
DATA = ("rows", "places", "columns", "values", "names", "first")


def page(record: dict[str, Any], *, name: str) -> str:
    """The text of the page.

    Args:
        name: of the model or the file of vectors.
    """
    return render(
        "understand/projector.html",
        title=f"Vectors of {name}",
        subtitle=f"{record['rows']:,} rows, {METHODS[record['method']]}",
        record=record,
        data={key: record[key] for key in DATA},
    )
