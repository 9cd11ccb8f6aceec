"""The page of `bertkit attention`: one file, whose layers are unpacked and drawn as they come into view.

It is made from a record of plain values (see `understand.attention.record.record`).
"""

from __future__ import annotations

from typing import Any

from bertkit.display import visible
from bertkit.report.page import render


def page(record: dict[str, Any]) -> str:
    """The text of the page."""
    shown = len(record["tokens"])
    data = {key: record[key] for key in ("layers", "heads", "steps", "blocks", "scales", "words", "attributions")}
    return render(
        "understand/attention.html",
        title="What each token attends to",
        subtitle=f"{record['layers']} layers of {record['heads']} heads, {record['size']:,} tokens",
        record=record,
        cut=record["size"] - shown,
        data={
            **data,
            "tokens": list(map(visible, record["tokens"])),
            "labels": list(map(visible, record["labels"])),
        },
    )
