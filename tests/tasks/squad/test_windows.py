"""Windows of a question and its context: what each holds, and where a token has its maximum context."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from bertkit.data.windows import windows
from bertkit.errors import RecipeError
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.squad import windows as answers_windows
from bertkit.tasks.squad.options import SquadOptions
from tests.tasks.squad.test_task import CONTEXT, encode, make, row


def test_a_window_holds_question_and_context_with_the_answers_places(tiny_bert: Path) -> None:
    tokenizer = load_tokenizer(ModelBlock(name=str(tiny_bert)))
    (example,) = encode(make(), [row("when was it sent ?", "monday")], tiny_bert).examples
    words = tokenizer.convert_ids_to_tokens(example["input_ids"])
    assert words[0] == "[CLS]"
    assert words[example["first"] - 1] == "[SEP]" == words[-1]
    first, last = example["labels"]
    offsets = example["offsets"]
    begin, end = offsets[first - example["first"]][0], offsets[last - example["first"]][1]
    assert CONTEXT[begin:end] == "monday"
    assert set(example["token_type_ids"][: example["first"]]) == {0}
    assert set(example["token_type_ids"][example["first"] :]) == {1}


def test_every_token_has_its_maximum_context_in_one_window(tiny_bert: Path) -> None:
    encoded = encode(make(max_length=16, overlap=3), [row("when ?", "monday"), row("who ?", None)], tiny_bert)
    for number in (0, 1):
        examples = [example for example in encoded.examples if example["row"] == number]
        assert len(examples) > 2
        assert all(len(example["input_ids"]) <= 16 for example in examples)
        characters = [tuple(o) for example in examples for o in example["offsets"][example["own"]]]
        assert sorted(set(characters)) == sorted(characters)
        for one, other in itertools.pairwise(examples):
            np.testing.assert_array_equal(one["offsets"][-3:], other["offsets"][:3])
    found = [example for example in encoded.examples if example["labels"].any()]
    assert found
    assert {example["row"] for example in found} == {0}
    assert "have more than 16 tokens" in encoded.notes[0]


def test_googles_step(tiny_bert: Path) -> None:
    examples = encode(make(max_length=16, step=4), [row("when ?", "monday")], tiny_bert).examples
    starts = [int(example["offsets"][0][0]) for example in examples]
    tokens = encode(make(), [row("when ?", "monday")], tiny_bert).examples[0]["offsets"][:, 0].tolist()
    assert starts == [tokens[i * 4] for i in range(len(examples))]


def test_doc_stride_means_two_things() -> None:
    """A context of 1000 tokens, a question of 12: Google makes 6 windows, Hugging Face 4."""
    room = 384 - 3 - 12
    for options, expected in ((SquadOptions(step=128), 6), (SquadOptions(overlap=128), 4), (SquadOptions(), 4)):
        assert len(windows(1000, room, answers_windows.shared(options, 384, room))) == expected


def test_an_answer_in_no_window_and_a_long_question_are_counted(tiny_bert: Path) -> None:
    long = row("when was it sent " * 9, CONTEXT[: CONTEXT.index(" , and")])
    encoded = encode(make(max_length=16, overlap=2, max_question=3), [long], tiny_bert)
    assert not any(example["labels"].any() for example in encoded.examples)
    assert any("1 of 1 questions have more than 3 tokens: cut" in said for said in encoded.warnings)
    assert any("in no window" in said for said in encoded.warnings)
    assert all(len(example["input_ids"]) <= 16 for example in encoded.examples)


def test_the_first_answer_with_a_place_is_trained(tiny_bert: Path) -> None:
    """A question whose answers have no place is scored by its texts, and has no loss."""
    golds = row("when ?", "monday")["answers"]
    twice = {**row("when ?", "monday"), "answers": [{"text": "tuesday", "start": None}, *golds]}
    nowhere = {**twice, "answers": [{"text": "tuesday", "start": None}]}
    encoded = encode(make(), [row("when ?", "monday"), twice, nowhere, row("when ?", None)], tiny_bert)
    one, two, three, four = (example["labels"].tolist() for example in encoded.examples)
    assert one == two
    assert one[0] > 0
    assert (three, four) == ([answers_windows.UNKNOWN] * 2, [0, 0])
    assert encoded.warnings == []


def test_windows_that_can_not_move_on_are_told(tiny_bert: Path) -> None:
    with pytest.raises(RecipeError, match=r"options\.overlap  12: beside its question a window holds only \d+ tokens"):
        encode(make(max_length=16, overlap=12), [row("when ?", "monday")], tiny_bert)
