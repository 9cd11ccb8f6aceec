"""The page of attention: what it says, and that it holds strangers' tokens as data."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from bertkit.report.understand.attention import page
from bertkit.understand.attention.attention import Attention
from bertkit.understand.attention.record import record


def made(**changes: Any) -> str:
    plain: dict[str, Any] = {
        "tokens": ["[CLS]", "</script><b>", "\u202ea", "[SEP]"],
        "answer": "<i>a</i>",
        "windows": 2,
    }
    plain |= {"weights": np.full((2, 2, 4, 4), 0.25, dtype=np.float32), "difference": 1.2e-7}
    plain |= {"words": np.array([-1, 0, 1, -1]), "labels": ["</script>", "a"], "target": "<i>a"}
    plain["attributions"] = np.array([0.5, -0.25])
    return page(record(Attention(**{**plain, **changes})))


def data(html: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    return json.loads(text)


def test_tokens_are_data() -> None:
    html = made()
    assert data(html)["tokens"] == ["[CLS]", "</script><b>", "\\u202ea", "[SEP]"]
    assert "<i>a" not in html
    assert html.count("</script>") == 2  # the data and the program


def test_what_it_says() -> None:
    html = made()
    assert "1.2e-07" in html
    assert "read in 2 windows" in html
    assert "Attention is no explanation" in html
    assert 'id="attributions"' in html
    assert 'id="attributions"' not in made(attributions=None)


@pytest.mark.slow
def test_a_text_of_512_tokens_has_less_than_5_megabytes() -> None:
    """As BERT-base: 12 layers of 12 heads, with weights as uneven as those of a model."""
    drawn = np.random.default_rng(0).gamma(0.05, size=(12, 12, 512, 512)).astype(np.float32)
    html = made(tokens=["a"] * 512, weights=drawn / drawn.sum(-1, keepdims=True), words=np.full(512, -1))
    assert len(html) < 5_000_000


def test_nothing_is_loaded() -> None:
    assert not re.search(r"https?://|src=|@import", made())
