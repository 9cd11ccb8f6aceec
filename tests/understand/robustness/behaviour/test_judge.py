"""Behaviour tests judged against rules whose answers are known, for every kind of answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import BertkitError, RecipeError
from bertkit.tasks.task import Task
from bertkit.understand.robustness.behaviour.file import read
from bertkit.understand.robustness.behaviour.judge import FAILURES, Judged, judge
from tests.helpers import make
from tests.understand.robustness.rule import (
    Rule,
    RulePredictor,
    by_words,
    label_answer,
    ner_answer,
    ner_oracle,
    squad_answer,
)

TABLE = {"parcel": "delivery", "package": "delivery", "包裹": "delivery", "money": "refund"}


def judged(made: tuple[Task, Rule], text: str, folder: Path, **options: Any) -> list[Judged]:
    path = folder / "tests.yaml"
    path.write_text(text, "utf-8")
    predictor: Any = RulePredictor(*made)
    return judge(predictor, read(path), **options)


def one(made: tuple[Task, Rule], text: str, folder: Path, lists: str = "") -> Judged:
    """The result of a single test."""
    indented = "\n".join(f"    {line}" for line in text.strip().splitlines())
    (found,) = judged(made, f"lists: {{{lists}}}\ntests:\n  - name: t\n{indented}", folder)
    return found


def passed(found: Judged) -> tuple[int, int]:
    return found.passed, found.cases


# --- minimum functionality --------------------------------------------------------------------------------------------


def test_labels(tmp_path: Path) -> None:
    made = by_words(TABLE, "other")
    lists = "thing: [parcel, package, letter, 包裹]"
    found = one(made, 'rows: "where is my {thing} now"\nexpect: delivery', tmp_path, lists)
    assert passed(found) == (3, 4)
    assert (found.kind, found.place) == ("minimum functionality", f"{tmp_path / 'tests.yaml'}:3")
    (failure,) = found.failures
    assert (failure.text, failure.expected, failure.predicted) == ("where is my letter now", "delivery", "other")
    assert found.record()["share"] == 0.75


def test_a_row_may_hold_its_answer(tmp_path: Path) -> None:
    rows = "rows: [{text: my parcel, label: delivery}, {text: my money, label: delivery}]"
    assert passed(one(by_words(TABLE, "other"), rows, tmp_path)) == (1, 2)


def tagger() -> tuple[Task, Rule]:
    """Finds Anna and Berlin, and 北京."""
    task, _ = ner_oracle()
    known = {"Anna": "B-PER", "Berlin": "B-LOC", "北": "B-LOC", "京": "I-LOC"}

    def rule(row: dict[str, Any]) -> dict[str, Any]:
        from bertkit.tasks.ner.sentences import sentences_of

        words = sentences_of([row]).words[0]
        return ner_answer(row, [known.get(word, "O") for word in words])

    return task, rule


def test_entities_of_slots(tmp_path: Path) -> None:
    lists = "person: {entity: PER, values: [Anna, 李娜]}, city: {entity: LOC, values: [Berlin, 北京]}"
    found = one(tagger(), 'rows: {text: "{person} 住在 {city}。"}', tmp_path, lists)
    assert passed(found) == (2, 4)
    assert found.failures[0].expected == "李娜 PER, Berlin LOC"


def test_entities_that_are_written(tmp_path: Path) -> None:
    rows = "rows: [Anna is in Berlin, in Berlin]\nexpect: {Berlin: LOC}"
    assert passed(one(tagger(), rows, tmp_path)) == (1, 2)
    assert passed(one(tagger(), "rows: nobody is here\nexpect: {}", tmp_path)) == (1, 1)
    assert passed(one(tagger(), "rows: {tokens: [Anna, is]}\nexpect: [B-PER, O]", tmp_path)) == (1, 1)


def test_answers_in_a_text(tmp_path: Path) -> None:
    rule = lambda row: squad_answer(row["context"].split()[-1])  # noqa: E731
    rows = 'rows: {question: "Where is {who}?", context: "{who} is in {city}"}\nexpect: "{city}"'
    assert passed(one((make("squad", {}), rule), rows, tmp_path, "who: [Anna, Tom], city: [Rome, 北京]")) == (4, 4)
    rows = 'rows: {question: "Where?", context: "in Rome"}\nexpect: ""'
    task = make("squad", {"no_answer": True})
    assert passed(one((task, rule), rows, tmp_path)) == (0, 1)


def test_numbers_within_a_tolerance(tmp_path: Path) -> None:
    made = make("regress", {}), lambda row: {"score": 3.4}
    assert passed(one(made, "rows: a\nexpect: 3\ntolerance: 0.5", tmp_path)) == (1, 1)
    assert passed(one(made, "rows: a\nexpect: 3\ntolerance: 0.3", tmp_path)) == (0, 1)
    with pytest.raises(RecipeError, match=r"tolerance: 0\.5"):
        one(made, "rows: a\nexpect: 3", tmp_path)


def test_choices(tmp_path: Path) -> None:
    made = make("choice", {}), lambda row: {"label": 1, "text": "c", "probability": 0.9, "probabilities": [0.1, 0.9]}
    assert passed(one(made, "rows: {text: a, choices: [b, c]}\nexpect: c", tmp_path)) == (1, 1)
    assert passed(one(made, "rows: {text: a, choices: [b, c]}\nexpect: 0", tmp_path)) == (0, 1)


# --- invariance -------------------------------------------------------------------------------------------------------


def test_fillings_have_one_answer(tmp_path: Path) -> None:
    made = by_words({"anna": "x"}, "y")
    found = one(made, 'rows: "{who} is late"\nsame: true', tmp_path, "who: [Tom, Li, Anna]")
    assert passed(found) == (1, 2)
    assert found.failures[0].text == "Tom is late -> Anna is late"


def test_fillings_of_entities_are_followed_to_their_places(tmp_path: Path) -> None:
    found = one(tagger(), 'rows: "{who} is in Berlin"\nsame: true', tmp_path, "who: [Tom, 王小明, Anna]")
    assert passed(found) == (1, 2)
    assert "Anna PER" in found.failures[0].predicted


def test_perturbed_rows(tmp_path: Path) -> None:
    made = by_words(TABLE, "other")
    found = one(made, "rows: [my parcel, hello]\nperturb: [upper_case, typo_misspelling]\nsame: true", tmp_path)
    assert passed(found) == (2, 3)
    assert found.failures[0].text == "my parcel -> my parsel"
    with pytest.raises(RecipeError, match="none of the perturbations applies"):
        one(made, "rows: hello\nperturb: chinese\nsame: true", tmp_path)


def test_rows_written_anew(tmp_path: Path) -> None:
    rows = "rows: Anna is in Berlin\nchanged: [in Berlin is Anna, Anna is there]\nsame: true"
    found = one(tagger(), rows, tmp_path)
    assert passed(found) == (1, 2)
    assert found.failures[0].expected.startswith("as before: ")
    rows = "rows: {tokens: [Anna, is]}\nchanged: {tokens: [so, Anna, is]}\nsame: true"
    assert passed(one(tagger(), rows, tmp_path)) == (1, 1)


# --- direction --------------------------------------------------------------------------------------------------------


def unsure() -> tuple[Task, Rule]:
    """bad, the surer the more often `very` is said."""
    task, _ = by_words({"bad": "bad"}, "good")
    return task, lambda row: label_answer("bad", ["bad", "good"], 0.5 + 0.1 * row["text"].split().count("very"))


@pytest.mark.parametrize(
    ("limit", "passes"),
    [
        ("rises: 0.05", True),
        ("rises: 0.2", False),
        ("falls: 0", False),
        ("rises_at_most: 0.2", True),
        ("rises_at_most: 0.05", False),
        ("falls_at_most: 0", True),
    ],
)
def test_the_score_of_a_label(tmp_path: Path, limit: str, passes: bool) -> None:
    found = one(unsure(), f"rows: it is bad\nchanged: it is very bad\nscore: {{of: bad, {limit}}}", tmp_path)
    assert (found.kind, found.passed) == ("direction", int(passes))
    if not passes:
        assert found.failures[0].predicted == "0.600 (+0.100)"


def test_the_confidence_and_the_number(tmp_path: Path) -> None:
    assert one(unsure(), "rows: it is bad\nchanged: it is very bad\nscore: {rises: 0.05}", tmp_path).passed == 1
    made = make("regress", {}), lambda row: {"score": float(len(row["text"]))}
    assert one(made, "rows: a\nchanged: aaa\nscore: {rises: 2}", tmp_path).passed == 1
    made = make("squad", {}), lambda row: squad_answer("Rome", 0.9 if row["question"] == "Where?" else 0.3)
    rows = "rows: {question: Where?, context: in Rome}\nchanged: {question: Who?, context: in Rome}\n"
    assert one(made, f"{rows}score: {{falls: 0.5}}", tmp_path).passed == 1
    assert one(made, f"{rows}score: {{of: Rome, falls: 0.5}}", tmp_path).passed == 1


def test_numbers_that_stay(tmp_path: Path) -> None:
    made = make("regress", {}), lambda row: {"score": float(len(row["text"]))}
    rows = "rows: a\nchanged: [abc, abcdef]\nsame: true\n"
    assert passed(one(made, f"{rows}tolerance: 2", tmp_path)) == (1, 2)
    with pytest.raises(RecipeError, match="compares numbers"):
        one(made, rows, tmp_path)


# --- what can not be wrong ---


def test_tests_that_can_not_fail_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="tolerance is for expect and same"):
        one(by_words(TABLE, "other"), "rows: hello\nexpect: refund\ntolerance: 0.1", tmp_path)
    made = make("rerank", {}), lambda row: {"score": 0.5, "logit": 0.0}
    rows = "rows: [{query: q, text: a, score: 1}, {query: q, text: b, score: %d}]"
    with pytest.raises(RecipeError, match="query: q: all rows have one score"):
        one(made, rows % 1, tmp_path)
    assert passed(one(made, rows % 0, tmp_path)) == (0, 2)
    vectors = make("embed", {}), lambda row: {"vectors": [[0.1, 0.2], [0.3, 0.1]]}
    with pytest.raises(RecipeError, match="a single row"):
        one(vectors, "rows: {text: a, positive: b}", tmp_path)


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "rows: [a, b]\nexpect: delvery",
            "t: expect: the label 'delvery' is not a known label; did you mean delivery?",
        ),
        ("rows: a", "expects nothing; write expect, same or score"),
        ("rows: {txt: a}\nexpect: other", "txt: the task has no such column"),
        ("rows: a\nchanged: b\nscore: {of: delvery, rises: 0}", "did you mean delivery?"),
        ("rows: a\nchanged: {text_pair: b}\nsame: true", "no text"),
        ('rows: "{a1} {a2} {a3}"\nexpect: other', "3 slots, but only 2 words"),
        ("rows: {text: 3}\nexpect: other", "text is not a text"),
    ],
)
def test_mistakes_name_their_test_and_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        one(by_words(TABLE, "other"), text, tmp_path, "a: [x, y]")
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).startswith(f"{tmp_path / 'tests.yaml'}:3  t: ")


def test_many_failures_are_counted_and_some_are_kept(tmp_path: Path) -> None:
    found = one(
        by_words(TABLE, "other"),
        'rows: "{n}"\nexpect: refund',
        tmp_path,
        f"n: [{', '.join(f'n{i}' for i in range(300))}]",
    )
    assert (found.passed, found.cases, found.left_out, len(found.failures)) == (0, 100, 200, FAILURES)


def test_a_perturbed_value_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(BertkitError, match="2024"):
        one(by_words(TABLE, "other"), "rows: {text: 2024}\nperturb: typos\nsame: true", tmp_path)
