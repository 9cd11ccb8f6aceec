"""Behaviour tests as users write them, and the mistakes in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bertkit.errors import RecipeError
from bertkit.understand.robustness.behaviour import file
from bertkit.understand.robustness.behaviour.file import read
from bertkit.understand.robustness.behaviour.templates import WordList

FULL = """
lists:
  order: [parcel, package]
  city: {entity: LOC, values: [Berlin, 北京]}
tests:
  - name: asks where it is
    rows: "where is my {order} ?"
    expect: delivery
  - name: typing errors
    rows: [where is my parcel, {text: i want my money back}]
    perturb: typos
    same: true
  - name: thanks
    rows: [late, again]
    changed: ["late, thank you", [again thanks, again!]]
    score: {of: delivery, falls_at_most: 0.1}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "tests.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, FULL)
    behaviours = read(path)
    assert behaviours.lists == {"order": WordList(("parcel", "package")), "city": WordList(("Berlin", "北京"), "LOC")}
    first, second, third = behaviours.tests
    assert [one.kind for one in behaviours.tests] == ["minimum functionality", "invariance", "direction"]
    assert (first.place, first.expect, first.rows) == (f"{path}:6", "delivery", [("where is my {order} ?", [])])
    assert [one.name for one in second.perturbations] == ["typo_keyboard", "typo_swap", "typo_misspelling"]
    assert second.rows == [("where is my parcel", []), ({"text": "i want my money back"}, [])]
    assert third.rows == [("late", ["late, thank you"]), ("again", ["again thanks", "again!"])]
    assert third.block.score is not None
    assert third.block.score.limits == {"falls_at_most": 0.1}


def test_tests_on_one_line(tmp_path: Path) -> None:
    text = '{"tests": [{"name": "a", "rows": "x", "expect": "y"}, {"name": "b", "rows": "x", "expect": "y"}]}'
    assert [one.name for one in read(written(tmp_path, text)).tests] == ["a", "b"]


def test_the_example_of_the_module_is_one(tmp_path: Path) -> None:
    text = (file.__doc__ or "").split("\n\n", 1)[1].rpartition("\n\n")[0]
    assert len(read(written(tmp_path, text)).tests) == 3


def test_the_examples_of_the_docs_can_be_read(tmp_path: Path) -> None:
    page = Path(__file__).parents[4] / "docs" / "robustness.md"
    examples = re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert [len(read(written(tmp_path, text)).tests) for text in examples] == [4, 1, 1]


TEST = "tests:\n  - name: t\n    rows: a text\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("tests: []", 1, "is empty"),
        ("test: [x]", 1, "test: no such key; did you mean tests?"),
        ("- a", 0, "is a mapping of keys to values; docs/robustness.md"),
        ("tests:\n  - rows: a\n    expect: b", 2, "tests.0.name: missing"),
        (f"{TEST}    expct: b", 4, "tests.0.expct: no such key; did you mean expect?"),
        (f"{TEST}    expect: b\n    same: true", 5, "does not go with expect"),
        (f"{TEST}    score: {{rises: 0.1}}", 4, "is compared with that of another row"),
        (f"{TEST}    changed: b\n    score: {{of: x}}", 5, "needs one of rises, falls"),
        (f"{TEST}    changed: b\n    score: {{rise: 1}}", 5, "score.rise: no such key; did you mean rises?"),
        (f"{TEST}    changed: b\n    score: {{rises: -1}}", 5, "must be at least 0"),
        (f"{TEST}    changed: b", 4, "needs same: true or score"),
        (f"{TEST}    changed: b\n    expect: x", 4, "needs same: true or score"),
        (f"{TEST}    same: true", 4, "compares fillings of a template, or changed rows"),
        (f"{TEST}    same: true\n    perturb: [typo]", 5, "typo: no such perturbation; did you mean typos?"),
        (f"{TEST}    same: 1\n    changed: b", 4, "expected true or false"),
        ('tests:\n  - name: t\n    rows: "{persn} is"\n    expect: x\nlists: {person: [a]}', 3, "did you mean person?"),
        ("tests:\n  - name: t\n    rows: 3\n    expect: x", 3, "expected a row or a list of rows"),
        ("tests:\n  - name: t\n    rows: [a, b]\n    same: true\n    changed: [c]", 5, "2 rows need a list of as many"),
        (f"lists: {{a: []}}\n{TEST}    expect: x", 1, "is empty"),
        (f"lists:\n  a: {{values: [b], type: X}}\n{TEST}    expect: x", 2, "lists.a.type: no such key"),
        (f"lists:\n  a b: [c]\n{TEST}    expect: x", 2, "is no name of a slot"),
        (f"{TEST}    expect: x\n  - name: t\n    rows: b\n    expect: y", 5, "two tests have this name"),
        ("tests: [{name: t, rows: a, expect: x}, {name: t, rows: b, expect: x}]", 1, "t: two tests have this name"),
        ("tests: [", 1, "not valid YAML"),
    ],
)
def test_mistakes_have_a_line_and_a_remedy(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        read(path)
    (told,) = [one for one in str(caught.value).splitlines() if message in one]
    assert told.startswith(f"{path}:{line}  " if line else f"{path}  ")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = "tests:\n  - name: t\n    row: a\n  - name: u\n    rows: a\n    changed: b\nlist: {}"
    with pytest.raises(RecipeError) as caught:
        read(written(tmp_path, text))
    assert len(caught.value.problems) == 4


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="can not be read: No such file"):
        read(tmp_path / "none.yaml")
