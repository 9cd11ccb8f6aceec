"""An adversary against rules whose weak words are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bertkit.errors import RecipeError, RunError
from bertkit.tasks.task import Verdict
from bertkit.understand.robustness import attack as module
from bertkit.understand.robustness.attack import (
    AttackOptions,
    attack,
    check_attack,
    fitting,
    support,
    words_and_characters,
)
from bertkit.understand.robustness.clean import CleanRows
from bertkit.understand.robustness.rows import RowEditor
from tests.helpers import make
from tests.understand.robustness.rule import by_words, clean_rows, label_answer, ner_answer, squad_answer, squad_oracle

TABLE = {"parcel": "delivery", "money": "refund"}
ROWS = [
    {"text": "Where is my Parcel today", "label": "delivery"},
    {"text": "i want my money back", "label": "refund"},
    {"text": "good morning", "label": "refund"},
]


class Proposals:
    """In place of a masked-language model: the same words for each gap; keeps the gaps."""

    name = "proposals"

    def __init__(self, *words: str):
        self.words, self.gaps = list(words), []  # type: ignore[var-annotated]

    def propose(self, gaps: Sequence[tuple[str, str]], progress: Any = iter) -> list[list[str]]:
        self.gaps += gaps
        return [self.words for _ in gaps]


def attacked(clean: CleanRows, model: Any, **options: Any) -> dict[str, Any]:
    editor = RowEditor(clean.task.columns)
    return attack(clean, editor, model, AttackOptions(**options))


def test_the_word_that_decides_is_replaced_first() -> None:
    model = Proposals("package", "##ing", "12", "parcel")
    result = attacked(clean_rows(by_words(TABLE, "other"), ROWS), model)
    assert (result["right"], result["attacked"], result["succeeded"], result["share"]) == (2, 2, 2, 1.0)
    assert (result["words_changed"], result["mlm"]) == (1.0, "proposals")
    first, second = result["examples"]
    assert (first["row"], first["after"], first["new_answer"]) == (1, "Where is my Package today", "other")
    assert (second["before"], second["after"]) == ("i want my money back", "i want my package back")
    assert model.gaps[0] == ("Where is my ", " today")
    assert first["queries"] == 5 + 1  # each word masked, then one proposal
    assert second["words"] == 1


def test_proposals_that_keep_the_answer_lead_on() -> None:
    """Two words must go, and the budget may not allow it."""
    labels = ["a", "other"]
    task, _ = by_words({"x": "a"}, "other")

    def rule(row: dict[str, Any]) -> dict[str, Any]:
        count = sum(word in ("one", "two") for word in row["text"].split())
        return label_answer("a" if count else "other", labels, 0.5 + count / 5)

    rows = [{"text": "one two is left here", "label": "a"}]
    found = attacked(clean_rows((task, rule), rows), Proposals("nine"), budget=0.5)
    assert (found["succeeded"], found["words_changed"]) == (1, 2.0)
    assert found["share_changed"] == pytest.approx(2 / 5)
    assert found["examples"][0]["after"] == "nine nine is left here"
    assert attacked(clean_rows((task, rule), rows), Proposals("nine"), budget=0.2)["succeeded"] == 0


def test_no_more_questions_than_allowed() -> None:
    clean = clean_rows(by_words(TABLE, "other"), [{"text": "parcel " + "word " * 40, "label": "delivery"}])
    model = Proposals(*(f"w{chr(97 + n)}" for n in range(26)))
    result = attacked(clean, model, queries=10, budget=1.0)
    assert result["queries"] <= 10


def test_negations_and_answers_stay() -> None:
    task, _ = squad_oracle()
    rows = [
        {
            "question": "Who is not in Rome?",
            "context": "Anna is not in Rome.",
            "answers": [{"text": "Anna", "start": 0}],
        }
    ]
    model = Proposals("Peter")
    clean = clean_rows((task, lambda row: squad_answer("Anna" if "Rome." in row["context"] else "")), rows)
    result = attacked(clean, model)
    assert result["examples"][0]["after"] == "Who is not in Rome? | Anna is not in Peter."
    assert all("Anna" not in after for _, after in model.gaps)


def test_entities_stay() -> None:
    task = make("ner", {})
    task.state |= {"labels": ["O", "B-PER", "I-PER"], "scheme": "IOB2"}
    rows = [{"tokens": ["Anna", "sleeps", "here"], "tags": ["B-PER", "O", "O"]}]

    def rule(row: dict[str, Any]) -> dict[str, Any]:
        return ner_answer(row, ["B-PER" if row["tokens"][1] == "sleeps" else "O", "O", "O"])

    result = attacked(clean_rows((task, rule), rows), Proposals("Tom", "runs"))
    assert result["examples"][0]["after"] == "Anna runs here"


def test_chinese_characters() -> None:
    labels = ["a", "b"]
    task, _ = by_words({"x": "a"}, "b")
    rule = lambda row: label_answer("a" if "好" in row["text"] else "b", labels)  # noqa: E731
    result = attacked(clean_rows((task, rule), [{"text": "天气很好", "label": "a"}]), Proposals("坏", "bad", "好人"))
    assert result["examples"][0]["after"] == "天气很坏"


@pytest.mark.parametrize(
    ("word", "proposals", "kept"),
    [
        ("parcel", ["package", "##s", "Package", "12", "not", "a", "parcel", "北", "box"], ["package", "box"]),
        ("Parcel", ["package", "Berlin"], ["Package", "Berlin"]),
        ("PARCEL", ["package"], ["PACKAGE"]),
        ("good", ["don", "never", "hardly", "fine"], ["fine"]),
        ("北", ["京", "北", "a", "不", "北京"], ["京"]),
    ],
)
def test_words_that_fit(word: str, proposals: list[str], kept: list[str]) -> None:
    assert fitting(word, proposals) == kept


def test_words_that_may_go() -> None:
    text = "I do not 12 like 北!"
    assert [text[slice(*span)] for span in words_and_characters(text)] == ["do", "like", "北"]


@pytest.mark.parametrize("text", ["can't go", "can’t go", "do n't go", "DON'T go", "cannot go", "hardly go", "nor go"])
def test_what_negates_stays(text: str) -> None:
    assert [text[slice(*span)] for span in words_and_characters(text)] == ["go"]


def test_how_well_an_answer_stands() -> None:
    sure, unsure, wrong, partly = (
        support(Verdict("t", "x", "y", score, sure)) for score, sure in ((1, 0.9), (1, 0.5), (0, 0.9), (0.5, 0.9))
    )
    assert sure > unsure > 1 > partly > wrong
    assert support(Verdict("t", "x", "y", 1.0)) == 1


def test_many_right_rows_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 3)
    rows = [{"text": f"parcel number {n}", "label": "delivery"} for n in range(9)]
    result = attacked(clean_rows(by_words(TABLE, "other"), rows), Proposals("package"))
    assert (result["right"], result["attacked"]) == (9, 3)
    again = attacked(clean_rows(by_words(TABLE, "other"), rows), Proposals("package"))
    assert again == result


def test_rows_that_can_not_be_attacked() -> None:
    with pytest.raises(RunError, match="no right answers"):
        attacked(clean_rows(by_words(TABLE, "other"), [{"text": "parcel"}], right=False), Proposals())
    numbers = clean_rows((make("regress", {}), lambda row: {"score": 1.0}), [{"text": "a", "score": 1.0}])
    with pytest.raises(RunError, match="answers are numbers"):
        attacked(numbers, Proposals())
    rows = [{"query": "rain", "text": "wet", "score": 1.0}, {"query": "rain", "text": "dry", "score": 0.0}]
    clean = clean_rows((make("rerank", {}), lambda row: {"score": 0.5, "logit": 0.0}), rows)
    with pytest.raises(RunError, match="not answered one by one"):
        attacked(clean, Proposals())


def test_no_right_row() -> None:
    """Nothing is lost for it: the result says that none was attacked."""
    found = attacked(clean_rows(by_words(TABLE, "other"), [{"text": "parcel", "label": "refund"}]), Proposals())
    assert (found["right"], found["attacked"], found["share"], found["interval"]) == (0, 0, None, None)
    assert found["examples"] == []


def test_what_is_known_before_any_work() -> None:
    check_attack(by_words(TABLE, "other")[0], 64)
    for name, message in (("rerank", "not answered one by one"), ("regress", "answers are numbers")):
        with pytest.raises(RunError, match=message):
            check_attack(make(name, {}), 64)


@pytest.mark.parametrize("options", [{"budget": 0}, {"budget": 1.5}, {"queries": 1}])
def test_what_is_allowed(options: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=f"--{next(iter(options))}"):
        AttackOptions(**options)
