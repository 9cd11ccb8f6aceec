"""Texts and pairs -> tokens: cut, head and tail, windows; losses are counted; windows are pooled, examples padded."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from datasets import Dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bertkit.errors import RecipeError
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.task import Encoded
from bertkit.tasks.texts import TextOptions, column, encode, pad, pool

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
"""Words that are one token each."""


@pytest.fixture(scope="module")
def tokenizer(tiny_bert: Path) -> Any:
    return load_tokenizer(ModelBlock(name=str(tiny_bert)))


@pytest.fixture(scope="module")
def plain(tiny_bert: Path) -> Any:
    """The same tokenizer as anyone loads it: calling it with truncation changes it."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_bert)


def words(count: int, start: int = 0) -> str:
    return " ".join(NUMBERS[(start + i) % 10] for i in range(count))


def tokens(tokenizer: Any, example: dict[str, Any]) -> str:
    return " ".join(tokenizer.convert_ids_to_tokens(example["input_ids"].tolist()))


def encode_texts(tokenizer: Any, *texts: str | tuple[str, str], limit: int = 8, **options: Any) -> Encoded:
    rows = [{"text": t} if isinstance(t, str) else {"text": t[0], "text_pair": t[1]} for t in texts]
    return encode(rows, tokenizer, limit, TextOptions.model_validate({"window_overlap": 1, **options}))


def shown(tokenizer: Any, *texts: str | tuple[str, str], limit: int = 8, **options: Any) -> list[str]:
    """Each example as its tokens, with a | before the first of the second segment."""
    found = []
    for example in encode_texts(tokenizer, *texts, limit=limit, **options).examples:
        names = tokenizer.convert_ids_to_tokens(example["input_ids"].tolist())
        types = example["token_type_ids"].tolist()
        if 1 in types:
            assert types == sorted(types)
            names.insert(types.index(1), "|")
        found.append(" ".join(names))
    return found


def test_words_are_one_token_each(tokenizer: Any) -> None:
    assert tokenizer.tokenize(words(10)) == NUMBERS


def test_a_text_that_fits_stays_whole(tokenizer: Any) -> None:
    for how in ("cut", "head_tail", "windows"):
        assert shown(tokenizer, words(6), "", long_text=how) == [
            "[CLS] one two three four five six [SEP]",
            "[CLS] [SEP]",
        ]
        assert shown(tokenizer, (words(3), words(2, 5)), long_text=how) == [
            "[CLS] one two three [SEP] | six seven [SEP]",
        ]


def test_a_text_is_cut_at_its_end(tokenizer: Any) -> None:
    assert shown(tokenizer, words(9)) == ["[CLS] one two three four five six [SEP]"]


def test_head_and_tail(tokenizer: Any) -> None:
    assert shown(tokenizer, words(10), limit=10, long_text="head_tail") == [
        "[CLS] one two five six seven eight nine ten [SEP]"
    ]


def test_windows(tokenizer: Any) -> None:
    assert shown(tokenizer, words(9), limit=6, long_text="windows") == [
        "[CLS] one two three four [SEP]",
        "[CLS] four five six seven [SEP]",
        "[CLS] seven eight nine [SEP]",
    ]


def test_a_pair_is_cut_where_it_is_longer(tokenizer: Any) -> None:
    assert shown(tokenizer, (words(9), words(2, 5)), limit=9) == ["[CLS] one two three four [SEP] | six seven [SEP]"]
    assert shown(tokenizer, (words(2), words(9, 4)), limit=9) == ["[CLS] one two [SEP] | five six seven eight [SEP]"]
    assert shown(tokenizer, (words(8), words(8, 4)), limit=9) == ["[CLS] one two three [SEP] | five six seven [SEP]"]


def test_head_and_tail_of_a_pair(tokenizer: Any) -> None:
    assert shown(tokenizer, (words(2), words(10)), limit=13, long_text="head_tail") == [
        "[CLS] one two [SEP] | one two five six seven eight nine ten [SEP]"
    ]


def test_in_windows_the_second_text_moves(tokenizer: Any) -> None:
    assert shown(tokenizer, (words(2), words(7, 3)), limit=9, long_text="windows") == [
        "[CLS] one two [SEP] | four five six seven [SEP]",
        "[CLS] one two [SEP] | seven eight nine ten [SEP]",
    ]


def test_a_long_first_text_leaves_room_for_a_window(tokenizer: Any) -> None:
    found = shown(tokenizer, (words(9), words(5, 5)), limit=9, long_text="windows", window_overlap=1)
    assert found == [
        "[CLS] one two three [SEP] | six seven eight [SEP]",
        "[CLS] one two three [SEP] | eight nine ten [SEP]",
    ]


def test_windows_lose_no_more_of_the_first_text_than_they_need(tokenizer: Any) -> None:
    """Where the second text fits as a whole, no window has to move, and none needs room to."""
    cut = shown(tokenizer, (words(20), words(2, 5)), limit=15)
    assert cut == [f"[CLS] {words(10)} [SEP] | six seven [SEP]"]
    assert shown(tokenizer, (words(20), words(2, 5)), limit=15, long_text="windows", window_overlap=8) == cut


def test_max_length_counts_special_tokens_and_never_exceeds_the_model(tokenizer: Any) -> None:
    assert shown(tokenizer, words(9), limit=64, max_length=4) == ["[CLS] one two [SEP]"]
    assert shown(tokenizer, words(9), limit=5, max_length=64) == ["[CLS] one two three [SEP]"]


def test_items_know_their_row(tokenizer: Any) -> None:
    encoded = encode_texts(tokenizer, words(9), "", words(2), words(12), limit=6, long_text="windows")
    assert [example["row"] for example in encoded.examples] == [0, 0, 0, 1, 2, 3, 3, 3, 3]
    assert all(example["input_ids"].dtype == np.int32 for example in encoded.examples)


def test_a_data_set_gives_what_a_list_does(tokenizer: Any) -> None:
    rows = [{"text": words(9), "text_pair": words(3), "more": 1}, {"text": "", "text_pair": words(2), "more": 2}]
    a, b = (encode(r, tokenizer, 8, TextOptions()) for r in (rows, Dataset.from_list(rows)))
    assert [tokens(tokenizer, one) for one in a.examples] == [tokens(tokenizer, one) for one in b.examples]
    assert column(rows, "more") == column(Dataset.from_list(rows), "more") == [1, 2]
    assert column(rows, "gone") is column(Dataset.from_list(rows), "gone") is None
    assert column([], "text") is None


def test_a_pair_in_a_later_row_is_not_lost(tokenizer: Any) -> None:
    """A reader holds that all rows have a second text or none does; rows from Python may not."""
    for rows in (
        [{"text": "one"}, {"text": "two", "text_pair": "three"}],
        [{"text": "a", "text_pair": "b"}, {"text": "c"}],
    ):
        try:
            encoded = encode(rows, tokenizer, 8, TextOptions())
        except KeyError:
            pytest.fail("a row without text_pair is a user's mistake, or a text alone; not a KeyError")
        except Exception as error:
            assert "text_pair" in str(error)
        else:
            types = [1 in example["token_type_ids"].tolist() for example in encoded.examples]
            assert types == ["text_pair" in row for row in rows]


def test_windows_that_can_not_move_on_are_refused(tokenizer: Any) -> None:
    with pytest.raises(
        RecipeError, match=r"options\.window_overlap  6: a window holds only 6 tokens of text; lower it"
    ):
        encode_texts(tokenizer, "one", long_text="windows", window_overlap=6)
    with pytest.raises(RecipeError, match="a window holds only 5 tokens"):
        encode_texts(tokenizer, ("one", "two"), long_text="windows", window_overlap=5)
    assert encode_texts(tokenizer, "one", long_text="windows", window_overlap=5).examples
    assert encode_texts(tokenizer, "one", long_text="cut", window_overlap=600).examples


def test_what_is_lost_is_said(tokenizer: Any) -> None:
    encoded = encode_texts(tokenizer, words(9), words(6), words(5))
    assert encoded.notes == ["1 of 3 texts (33.3%) have more than 8 tokens: cut, 15.0% of all tokens lost"]
    encoded = encode_texts(tokenizer, words(9), words(6), words(5), long_text="head_tail")
    assert encoded.notes == [
        "1 of 3 texts (33.3%) have more than 8 tokens: head and tail kept, 15.0% of all tokens lost"
    ]
    encoded = encode_texts(tokenizer, words(11), words(6), words(3), long_text="windows")
    assert encoded.notes == [
        "1 of 3 texts (33.3%) have more than 8 tokens: split into 2 windows, 0.0% of all tokens lost"
    ]
    assert encoded.warnings == []


def test_most_texts_cut_is_a_warning(tokenizer: Any) -> None:
    encoded = encode_texts(tokenizer, words(9), words(9), words(5))
    assert encoded.notes == []
    (warning,) = encoded.warnings
    assert warning.startswith("2 of 3 texts (66.7%) have more than 8 tokens: cut, 26.1% of all tokens lost; raise")
    assert encode_texts(tokenizer, words(9), words(9), words(5), long_text="windows").warnings == []
    assert encode_texts(tokenizer, words(9), words(5)).warnings == [], "half is not most"


def test_nothing_lost_nothing_said(tokenizer: Any) -> None:
    encoded = encode_texts(tokenizer, words(6), "")
    assert (encoded.notes, encoded.warnings) == ([], [])


def test_no_rows_give_no_items(tokenizer: Any) -> None:
    assert encode([], tokenizer, 8, TextOptions()).examples == []


lengths, short = st.integers(0, 30), st.integers(0, 12)
limits = st.integers(6, 20)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(n=lengths, limit=limits, how=st.sampled_from(["cut", "head_tail", "windows"]))
def test_a_text_fills_the_limit_and_never_exceeds_it(tokenizer: Any, n: int, limit: int, how: str) -> None:
    encoded = encode_texts(tokenizer, words(n), limit=limit, long_text=how)
    for example in encoded.examples:
        names = tokenizer.convert_ids_to_tokens(example["input_ids"].tolist())
        assert len(names) <= limit
        assert (names[0], names[-1], names.count("[SEP]")) == ("[CLS]", "[SEP]", 1)
        assert len(example["token_type_ids"]) == len(names)
        assert not example["token_type_ids"].any()
    assert len(encoded.examples[0]["input_ids"]) == min(limit, n + 2)
    assert len(encoded.examples) == 1 or how == "windows"


@quick
@given(n=lengths, limit=limits, data=st.data())
def test_windows_cover_every_token_in_order(tokenizer: Any, n: int, limit: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, limit - 3))
    encoded = encode_texts(tokenizer, words(n), limit=limit, long_text="windows", window_overlap=overlap)
    read = tokenizer.convert_ids_to_tokens(encoded.examples[0]["input_ids"].tolist())[1:-1]
    for example in encoded.examples[1:]:
        window = tokenizer.convert_ids_to_tokens(example["input_ids"].tolist())[1:-1]
        assert window[:overlap] == read[len(read) - overlap :]
        read += window[overlap:]
    assert " ".join(read) == words(n)


@quick
@given(n=short, m=short, limit=limits, how=st.sampled_from(["cut", "head_tail", "windows"]))
def test_a_pair_keeps_its_form_and_fits(tokenizer: Any, n: int, m: int, limit: int, how: str) -> None:
    encoded = encode_texts(tokenizer, (words(n), words(m, 3)), limit=limit, long_text=how)
    covered = set()
    for example in encoded.examples:
        names = tokenizer.convert_ids_to_tokens(example["input_ids"].tolist())
        assert len(names) <= limit
        assert (names[0], names[-1], names.count("[SEP]")) == ("[CLS]", "[SEP]", 2)
        middle = names.index("[SEP]")
        assert example["token_type_ids"].tolist() == [0] * (middle + 1) + [1] * (len(names) - middle - 1)
        if how != "head_tail" and m:
            assert " ".join(names[1:middle]) == words(middle - 1), "the first text, from its beginning"
        covered |= set(names[middle + 1 : -1])
    if how == "windows":
        assert covered == set(words(m, 3).split()), "of the second text nothing is lost"
    else:
        assert len(encoded.examples[0]["input_ids"]) == min(limit, n + m + 3)


@quick
@given(n=lengths, limit=limits)
def test_cut_is_what_plain_transformers_does(tokenizer: Any, plain: Any, n: int, limit: int) -> None:
    theirs = plain(words(n), truncation="longest_first", max_length=limit)
    (example,) = encode_texts(tokenizer, words(n), limit=limit).examples
    assert example["input_ids"].tolist() == theirs["input_ids"]
    assert example["token_type_ids"].tolist() == theirs["token_type_ids"]


@quick
@given(n=lengths, m=st.integers(1, 30), limit=limits)
def test_cut_of_a_pair_is_what_plain_transformers_does(tokenizer: Any, plain: Any, n: int, m: int, limit: int) -> None:
    """But for one token: where both texts are cut and the room is odd, `tokenizers` gives the odd token to the longer
    text (of equal ones to the second), and BERT's own run_classifier.py to the first."""
    theirs = plain(words(n), words(m, 3), truncation="longest_first", max_length=limit)
    (example,) = encode_texts(tokenizer, (words(n), words(m, 3)), limit=limit).examples
    a, b = example["token_type_ids"].tolist(), theirs["token_type_ids"]
    assert len(a) == len(b)
    room = limit - 3
    if n + m > room and room % 2 and min(n, m) > room // 2:
        assert abs(sum(a) - sum(b)) <= 1
    else:
        assert a == b
        assert example["input_ids"].tolist() == theirs["input_ids"]


@pytest.mark.parametrize("how", ["cut", "head_tail", "windows"])
def test_a_long_pair_costs_what_its_length_does(tokenizer: Any, how: str) -> None:
    """`tokenizers` keeps what it truncates, and joins each such part of one text with each of the other's."""
    pair = (words(350), words(350))
    encode_texts(tokenizer, pair, limit=512, long_text=how)
    spent = []
    for _ in range(5):
        start = time.perf_counter()
        encode_texts(tokenizer, pair, limit=512, long_text=how)
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.2


@quick
@given(texts=st.lists(st.text(max_size=40), min_size=1, max_size=3))
@hypothesis.example(texts=["[SEP] one [CLS]", "", "[PAD]\u200b\ud7ff中文"])
def test_any_text_is_what_plain_transformers_makes_of_it(tokenizer: Any, plain: Any, texts: list[str]) -> None:
    for text, example in zip(texts, encode_texts(tokenizer, *texts, limit=64).examples, strict=True):
        assert example["input_ids"].tolist() == plain(text, truncation=True, max_length=64)["input_ids"]


def roberta() -> Any:
    """Pairs have two separators between them, and no token types."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["<s>", "<pad>", "</s>", "<unk>", *NUMBERS]
    inner = Tokenizer(models.WordLevel({name: i for i, name in enumerate(names)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B:1 </s>:1", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    special = {"cls_token": "<s>", "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, model_input_names=["input_ids", "attention_mask"], model_max_length=64, **special
    )


def xlnet() -> Any:
    """The special tokens stand at the end, and the last has a token type of its own."""
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    inner = roberta().backend_tokenizer
    inner.post_processor = processors.TemplateProcessing(
        single="$A:0 </s>:0 <s>:2", pair="$A:0 </s>:0 $B:1 </s>:1 <s>:2", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    names = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", model_input_names=names)


@pytest.mark.parametrize("kind", [roberta, xlnet])
@pytest.mark.parametrize("sizes", [(3, None), (9, None), (0, None), (3, 2), (9, 9), (9, 1), (1, 9), (0, 3)])
@pytest.mark.parametrize("limit", [8, 10, 64])
def test_other_tokenizers_place_their_special_tokens_elsewhere(
    kind: Any, sizes: tuple[int, int | None], limit: int
) -> None:
    n, m = sizes
    ours, theirs = kind(), kind()
    text = words(n) if m is None else (words(n), words(m, 3))
    (example,) = encode_texts(ours, text, limit=limit).examples
    expected = theirs(*([text] if m is None else text), truncation="longest_first", max_length=limit)
    assert len(example["input_ids"]) == len(expected["input_ids"])
    assert set(example) - {"row"} == set(expected) - {"attention_mask"}
    room = limit - ours.num_special_tokens_to_add(pair=m is not None)
    if m is None or n + m <= room or room % 2 == 0 or min(n, m) <= room // 2:  # else the odd token may be the other's
        for name in expected.keys() - {"attention_mask"}:
            assert example[name].tolist() == expected[name]


def test_pad_fills_up_to_the_longest(tokenizer: Any) -> None:
    encoded = encode_texts(tokenizer, ("one two", "three"), ("one", ""))
    for number, example in enumerate(encoded.examples):
        example["labels"] = np.array([number, 5])
    batch = pad(encoded.examples, tokenizer)
    cls, sep, blank = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id
    one, two, three = tokenizer.convert_tokens_to_ids(NUMBERS[:3])
    assert batch["input_ids"].tolist() == [[cls, one, two, sep, three, sep], [cls, one, sep, sep, blank, blank]]
    assert batch["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1] * 6, [1, 1, 1, 1, 0, 0]]
    assert batch["labels"].tolist() == [[0, 5], [1, 5]]
    assert {array.dtype for array in batch.values()} == {np.dtype("int64")}


def test_pad_is_what_plain_transformers_does(tokenizer: Any, plain: Any) -> None:
    texts = [words(n) for n in (3, 9, 0, 5)]
    batch = pad(encode_texts(tokenizer, *texts, limit=64).examples, tokenizer)
    theirs = plain(texts, padding=True, return_tensors="pt")
    assert set(batch) == set(theirs)
    for name, tensor in theirs.items():
        assert np.array_equal(batch[name], tensor)


def test_pad_without_labels_and_without_token_types(tokenizer: Any) -> None:
    examples = [{"row": 0, "input_ids": np.array([1, 2])}, {"row": 1, "input_ids": np.array([3])}]
    assert set(pad(examples, tokenizer)) == {"input_ids", "attention_mask"}


def test_a_tokenizer_without_token_types_gets_none(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "model_input_names", ["input_ids", "attention_mask"])
    assert "token_type_ids" not in encode_texts(tokenizer, ("one", "two")).examples[0]


def test_pool_takes_the_mean_or_the_maximum_of_a_rows_windows() -> None:
    encoded = Encoded([{"row": row} for row in (0, 1, 1, 1, 2)])
    scores = [np.array(values, dtype=np.float32) for values in ([1, 2], [3, 0], [0, 3], [0, 6], [-5, -7])]
    assert pool(scores, encoded, 3, "mean").tolist() == [[1, 2], [1, 3], [-5, -7]]
    assert pool(scores, encoded, 3, "max").tolist() == [[1, 2], [3, 6], [-5, -7]]


def test_pool_does_not_mind_the_order_of_items() -> None:
    rows = [2, 0, 1, 0]
    encoded = Encoded([{"row": row} for row in rows])
    scores = [np.array([float(i)]) for i in range(4)]
    assert pool(scores, encoded, 3, "mean").tolist() == [[2.0], [2.0], [0.0]]


@pytest.mark.parametrize("options", [{"max_length": 3}, {"window_overlap": -1}, {"long_text": "drop"}, {"lenght": 3}])
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=re.escape(next(iter(options)))):
        TextOptions.model_validate(options)
