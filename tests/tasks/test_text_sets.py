"""Examples of several texts -> a batch of all texts, longest first, and where each row's texts stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from bertkit.tasks.text_sets import collate, joined


class Padding:
    pad_token_id, pad_token_type_id = 0, 0


def text(*ids: int) -> dict[str, np.ndarray]:
    return {"input_ids": np.array(ids), "token_type_ids": np.zeros(len(ids), dtype=int)}


def test_texts_of_rows_stand_one_after_the_other() -> None:
    examples = [joined([text(1, 2), text(3, 4, 5)]), joined([text(6)])]
    assert examples[0]["sizes"].tolist() == [2, 3]
    tokenizer: Any = Padding()
    batch = collate(examples, tokenizer)
    assert batch["input_ids"].tolist() == [[3, 4, 5], [1, 2, 0], [6, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 0]]
    assert batch["places"].tolist() == [[1, 0], [2, -1]]
