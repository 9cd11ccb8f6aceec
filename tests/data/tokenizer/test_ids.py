from __future__ import annotations

from pathlib import Path

from transformers import AutoTokenizer

from bertkit.data.tokenizer.ids import token_ids


def test_equal_texts_are_tokenized_once(tokenizer_folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    texts = ["where is my parcel ?", "good bye", "where is my parcel ?", "", "good bye"]
    ids = token_ids(tokenizer, texts)
    assert [own.tolist() for own in ids] == [tokenizer(t, add_special_tokens=False)["input_ids"] for t in texts]
    assert ids[0] is ids[2]
    assert token_ids(tokenizer, []) == []
