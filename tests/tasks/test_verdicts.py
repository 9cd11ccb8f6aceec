"""Verdicts: what was asked, what was right, what was given and how good that is, a row."""

from __future__ import annotations

import numpy as np
import pytest
from datasets import Dataset

from bertkit.tasks import verdicts
from bertkit.tasks.ner.sentences import Sentences, sentences_of


def test_the_parts_of_a_pair_are_joined() -> None:
    rows = [{"text": "a", "text_pair": "b"}, {"text": "c", "text_pair": ""}]
    assert verdicts.inputs_of(rows, "text", "text_pair") == ["a | b", "c"]
    assert verdicts.inputs_of(Dataset.from_list(rows), "text_pair") == ["b", ""]
    assert verdicts.inputs_of([{"text": "a"}], "text", "text_pair") == ["a"]
    assert verdicts.inputs_of([], "text") == []


def test_of_labels() -> None:
    rows = [{"text": "x", "label": "a"}, {"text": "y", "label": "b"}]
    given = [
        {"label": "a", "probabilities": {"a": 0.7, "b": 0.3}},
        {"label": "a", "probabilities": {"a": 0.9, "b": 0.1}},
    ]
    first, second = verdicts.of_labels(given, rows, ["a", "b"])
    assert first == ("x", "a", "a", 1.0, 0.7, {("a",)}, {("a",)}, (), ())
    assert second == ("y", "b", "a", 0.0, 0.9, {("b",)}, {("a",)}, (), ())


def test_of_several_labels_all_must_be_right() -> None:
    rows = [{"text": "x", "label": ["b", "a"]}, {"text": "y", "label": []}, {"text": "z", "label": ["a"]}]
    shares = {"a": 0.9, "b": 0.4, "c": 0.01}
    given = [{"labels": labels, "probabilities": shares} for labels in (["a", "b"], [], ["a", "b"])]
    both, none, part = verdicts.of_labels(given, rows, ["a", "b", "c"])
    assert both[:7] == ("x", "a, b", "a, b", 1.0, 0.4, {("a",), ("b",)}, {("a",), ("b",)})
    assert none[1:4] == ("no label", "no label", 1.0)
    assert part[1:4] == ("a", "a, b", 0.0)


def test_of_numbers() -> None:
    rows = [{"text": "x", "text_pair": "y", "score": 4.5}, {"text": "z", "text_pair": "", "score": 1}]
    first, second = verdicts.of_numbers([{"score": 3.25}, {"score": 1.0}], rows)
    assert first[:5] == ("x | y", "4.5", "3.25", -1.25, None)
    assert second[:4] == ("z", "1", "1", 0.0)


def entity(type_: str, first: int, end: int, confidence: float = 0.5) -> dict[str, object]:
    return {"type": type_, "first_word": first, "end_word": end, "confidence": confidence}


def test_of_entities() -> None:
    sentences = Sentences([["anna", "bell", "in", "paris"], ["?"], ["ok", "john"]])
    tags = [["B-PER", "I-PER", "O", "B-LOC"], ["O"], ["O", "O"]]
    answers = [
        {"entities": [entity("PER", 0, 2, 0.9), entity("ORG", 3, 4, 0.6)]},
        {"entities": []},
        {"entities": [entity("PER", 1, 2)]},
    ]
    half, empty, spurious = verdicts.of_entities(answers, sentences, tags)
    wanted, found = {("PER", 0, 2), ("LOC", 3, 4)}, {("PER", 0, 2), ("ORG", 3, 4)}
    assert half[:7] == (
        "anna bell in paris",
        "anna bell PER, paris LOC",
        "anna bell PER, paris ORG",
        0.5,
        0.6,
        wanted,
        found,
    )
    assert empty[:5] == ("?", "no entity", "no entity", 1.0, None)
    assert spurious[1:7] == ("no entity", "john PER", 0.0, 0.5, frozenset(), {("PER", 1, 2)})
    assert half.expected_spans == ((0, 9, "PER"), (13, 18, "LOC"))
    assert half.predicted_spans == ((0, 9, "PER"), (13, 18, "ORG"))
    assert [half.text[a:b] for a, b, _ in half.expected_spans] == ["anna bell", "paris"]
    assert (spurious.expected_spans, spurious.predicted_spans) == ((), ((3, 7, "PER"),))


@pytest.mark.parametrize("tags", [["S-LOC", "O"], ["U-LOC", "O"], ["I-LOC", "O"]])
def test_entities_of_any_scheme_and_of_texts_keep_their_characters(tags: list[str]) -> None:
    sentences = sentences_of([{"text": "北京好", "spans": []}])
    answers = [{"entities": [entity("LOC", 0, 2)]}]
    (found,) = verdicts.of_entities(
        answers, sentences, [[tags[0].replace("S-", "B-").replace("U-", "B-"), "I-LOC", "O"]]
    )
    assert found[:4] == ("北京好", "北京 LOC", "北京 LOC", 1.0)
    assert found.expected_spans == found.predicted_spans == ((0, 2, "LOC"),)
    (alone,) = verdicts.of_entities([{"entities": []}], Sentences([["rome", "!"]]), [tags])
    assert alone.expected_labels == {("LOC", 0, 1)}
    assert all(type(part) is not np.int64 for part in next(iter(alone.expected_labels)))


def test_of_answers() -> None:
    def row(question: str) -> dict[str, str]:
        return {"question": question, "context": "c"}

    given = [{"answer": text, "confidence": 0.25} for text in ("the cat", "", "dog", "北京市")]
    golds = [["a cat", "cats"], [], [], ["北京"]]
    rows = [row("who ?"), row("when ?"), row("why ?"), row("首都是哪里？")]
    cat, none, wrong, chinese = verdicts.of_answers(given, rows, golds)
    assert cat[:5] == ("who ? | c", "a cat", "the cat", 1.0, 0.25)
    assert none[1:4] == ("no answer", "no answer", 1.0)
    assert wrong[1:4] == ("no answer", "dog", 0.0)
    assert chinese[1:4] == ("北京", "北京市", pytest.approx(0.8))  # 2 of 3 characters, 2 of 2


def test_answers_have_their_places_in_the_text() -> None:
    context = "the cat and the cat"
    rows = [{"question": "who ?", "context": context, "answers": [{"text": "the cat", "start": 12}]}] * 3
    given = [
        {"answer": text, "start": start, "confidence": 0.5} for text, start in (("cat", 4), ("dog", 4), ("", None))
    ]
    first, odd, none = verdicts.of_answers(given, rows, [["the cat"]] * 3)
    assert first.expected_spans == ((20, 27, ""),)
    assert [first.text[a:b] for a, b, _ in (*first.expected_spans, *first.predicted_spans)] == ["the cat", "cat"]
    assert odd.predicted_spans == none.predicted_spans == ()  # not what stands there; nothing
    without = [{**rows[0], "question": "", "answers": [{"text": "the cat", "start": None}]}]
    (bare,) = verdicts.of_answers(given[:1], without, [["the cat"]])
    assert bare.expected_spans == () and bare.predicted_spans == ((4, 7, ""),)


def test_of_choices() -> None:
    rows = [{"text": "t", "question": "q"}] * 2
    choices = [["yes", "no"], ["x" * 200, "no"]]
    answers = [{"label": 1, "probability": 0.6}, {"label": 0, "probability": 0.8}]
    wrong, right = verdicts.of_choices(answers, rows, choices, [0, 0])
    assert wrong[:5] == ("t | q", "yes", "no", 0.0, 0.6)
    assert right.expected == right.predicted == "x" * 119 + "…"
    assert right.score == 1.0


def test_short() -> None:
    assert verdicts.short("a  b\n c", 5) == "a b c"
    assert verdicts.short("abc defg", 5) == "abc…"
