"""`data check` and `train` agree: one has an error if and only if the other has, in the same words; and what an error
proposes leads on.

The table has every form and odd file of test_good_input.py, every mistake in data of test_bad_input.py, and shapes of
its own. A sample runs by default, all of them among the slow tests.
"""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bertkit.errors import BertkitError, Problem
from bertkit.fs import refusal
from bertkit.training import train as training
from bertkit.training.data_check import check_data
from tests import forms
from tests.cases import HEAD, TAGGED, TWO, Place, jsonl, put, question, squad
from tests.test_bad_input import CHOICE, DATA, WORDS
from tests.test_good_input import FINE, FORMS

SAMPLE = 30
"""Cases of the default tests."""
STEPS = 3
"""Most hints that a user follows one after the other."""
ENOUGH = ["train.use_cpu=true", "train.report_to=none"]


class Case(NamedTuple):
    name: str
    build: Callable[[Place], Any]
    recipe: str
    sets: Sequence[str]


def shape(
    name: str, content: str | bytes, file: str = "a.csv", task: str = "classify", *sets: str, dev: bool = True,
    **files: str,
) -> Case:  # fmt: skip
    """A file to train on, and with `dev` to validate on; `files` are further ones, by name without `.txt`."""
    others = {f"{other}.txt": text for other, text in files.items()}
    data = [f"data.train={json.dumps(file)}", *([f"data.validation={json.dumps(file)}"] if dev else [])]
    return Case(f"{task}: {name}", put({file: content, **others}), task, [*data, *sets])


def of_command(name: str, build: Callable[[Place], Any], command: str) -> Case | None:
    """The case of a command line `train RECIPE -s KEY=VALUE ...`; None for another command."""
    words = shlex.split(command)
    if words[0] != "train" or words[1].endswith(".yaml"):
        return None
    sets = [value for flag, value in itertools.pairwise(words) if flag == "-s"]
    return Case(name, build, words[1], sets)


def of_form(form: forms.Form) -> Case:
    data = json.dumps(form.train)
    return Case(form.name, lambda place: forms.write(form, place.folder), form.task, [
        f"data.train={data}", f"data.validation={data}", *form.sets,
    ])  # fmt: skip


def of_fine(name: str, build: Callable[[Place], Any], arguments: str) -> Case:
    file, *others = shlex.split(arguments)
    sets = [value for flag, value in itertools.pairwise(others) if flag == "-s"]
    return Case(
        name, build, "classify", [f"data.train={json.dumps(file)}", f"data.validation={json.dumps(file)}", *sets]
    )


def labels(*names: str) -> str:
    return HEAD + "".join(f"text {i},{name}\n" for i, name in enumerate(names))


ROW = {"text": "a b c", "spans": [[0, 1, "X"], [2, 3, "Y"]]}
SHAPES = [
    shape("two rows, one of each label", HEAD + TWO, dev=False),
    shape("enough rows to draw from", HEAD + TWO * 20, dev=False),
    shape("a limit that leaves one label", labels(*"aaaaaaab"), "a.csv", "classify", "data.limit.train=2"),
    shape("a limit of validation rows", HEAD + TWO * 9, "a.csv", "classify", "data.limit.validation=1"),
    shape("labels in two cases", labels("Refund", "refund", "Refund", "refund")),
    shape("labels that are equal numbers", labels("0", "0.0", "1", "1.0")),
    shape("scores", labels(*(str(i / 7) for i in range(9)))),
    shape("scores with a comma", 'text,score\na,"3,5"\nb,"1,5"\n', "a.csv", "regress"),
    shape("scores of text", "text,score\na,good\nb,bad\n", "a.csv", "regress"),
    shape("equal scores", "text,score\na,1\nb,1\nc,1\n", "a.csv", "regress"),
    shape("scores", "text,score\na,1\nb,2.5\nc,0\n", "a.csv", "regress"),
    shape("a header in the middle", labels("x", "y") + HEAD + "text,label\nb,x\n"),
    shape("an empty label at the end", labels("x", "y", "")),
    shape("names that do not match", labels("x", "y"), "a.csv", "classify", "data.label_names=[a,b]"),
    shape("numbers with a file of names", labels("0", "1", "0"), "a.csv", "classify", "data.label_names=names.txt",
        names="no\nyes\n"),
    shape("numbers for names", labels("0", "1", "0"), "a.csv", "classify", "data.label_names=names.txt",
        "data.label_ids=true", names="no\nyes\n"),
    shape("labels of doccano", jsonl({"text": "a b", "label": [[0, 1, "X"]]}, {"text": "b", "label": []}), "a.jsonl"),
    shape("several labels", jsonl({"text": "a", "label": ["x", "y"]}, {"text": "b", "label": ["x"]}), "a.jsonl",
        "classify", "options.multi_label=true"),
    shape("several labels unasked", jsonl({"text": "a", "label": ["x"]}, {"text": "b", "label": ["y"]}), "a.jsonl"),
    shape("a label of a list", labels("x|y", "x", "y"), "a.csv", "classify", "options.multi_label=true"),
    shape("weights of no label", labels("x", "y"), "a.csv", "classify", "options.class_weights={z: 2.0}"),
    shape("too long", labels("x", "y"), "a.csv", "classify", "options.max_length=65"),
    shape("windows that never move", labels("x", "y"), "a.csv", "classify", "options.long_text=windows",
        "options.max_length=8"),
    shape("a metric of numbers", labels("x", "y"), "a.csv", "classify", "metrics=[pearson]"),
    shape("f1 of three labels", labels("x", "y", "z"), "a.csv", "classify", "metrics=[f1]"),
    shape("no such folder of a model", labels("x", "y"), "a.csv", "classify", "model.name=./nope"),
    shape("bad rows skipped", HEAD + TWO * 2 + "a,\n,x\n", "a.csv", "classify", "data.bad_rows=skip"),
    shape("bad rows skipped, none left", HEAD + ",x\n,y\n", "a.csv", "classify", "data.bad_rows=skip"),
    shape("bad rows that leave one label", HEAD + "a,x\nb,x\n,y\n"),
    shape("one row", HEAD + "a,x\n", dev=False),
    shape("tags", TAGGED, "a.conll", "ner"),
    shape("tags drawn from one sentence", "EU B-ORG\n", "a.conll", "ner", dev=False),
    shape("broken tags", "EU I-ORG\nsent O\nB B-X\n", "a.conll", "ner"),
    shape("broken tags, repaired", "EU I-ORG\nsent O\nB B-X\n", "a.conll", "ner", "options.repair=true"),
    shape("no tags at all", jsonl({"tokens": ["a", "b"]}), "a.jsonl", "ner"),
    shape("names of other tags", TAGGED, "a.conll", "ner", "data.label_names=[PER]"),
    shape("entities", jsonl(ROW, {"text": "b", "spans": []}), "a.jsonl", "ner"),
    shape("entities across each other", jsonl({**ROW, "spans": [[0, 3, "X"], [2, 3, "Y"]]}), "a.jsonl", "ner"),
    shape("entities inside words", jsonl({"text": "anna lives", "spans": [[1, 3, "X"]]}), "a.jsonl", "ner"),
    shape("entities without text", jsonl({"spans": [[0, 1, "X"]]}), "a.jsonl", "ner"),
    shape("documents that are not there", TAGGED, "a.conll", "ner", "options.context=document"),
    shape("tags as labels", jsonl({"tokens": ["a"], "tags": ["B-X"]}), "a.jsonl", "classify"),
    shape("questions", squad(question(), question("b", answers=[])), "a.json", "squad"),
    shape("questions without answers", squad(question(answers=[]), question("b", answers=[])), "a.json", "squad"),
    shape("an answer beside its place", squad(question(answers=[{"text": "in the garden", "answer_start": 9}])),
        "a.json", "squad"),
    shape("an answer that is nowhere", squad(question(answers=[{"text": "dog", "answer_start": 9}]), question("b")),
        "a.json", "squad"),
    shape("no answer for a task without", squad(question(), question("b", answers=[])), "a.json", "squad",
        "options.no_answer=false"),
    shape("a table for questions", HEAD + TWO, "a.csv", "squad"),
    shape("choices", jsonl({"text": "a", "choices": ["b", "c"], "label": 0}, {"text": "a", "choices": ["b", "c"],
        "label": 1}), "a.jsonl", "choice"),
    shape("choices of which the first is right", jsonl(*[{"text": "a", "choices": ["b", "c"], "label": 0}] * 3),
        "a.jsonl", "choice"),
    shape("labels beyond the choices", jsonl({"text": "a", "choices": ["b", "c"], "label": 2}), "a.jsonl", "choice"),
    shape("raw text", "a text of some words .\nand one more .\n\nthe next document .\n" * 20, "a.txt", "pretrain",
        "options.max_length=24"),
    shape("raw text too short to draw from", "a text\n", "a.txt", "pretrain", "options.max_length=24", dev=False),
    shape("pairs of one line each", "one line .\n\nanother line .\n" * 9, "a.txt", "pretrain",
        "options.objective=mlm+nsp", "options.max_length=24"),
    shape("no text", "", "a.txt", "pretrain"),
    shape("longer than the model", "some words\n" * 20, "a.txt", "pretrain", "options.max_length=128"),
    shape("ids, index, note and kind", "id,nr,note,kind,part\n" + "".join(
        f"a{i},{i},where is my parcel {word},{'xy'[i % 2]},train\n" for i, word in enumerate("abcdefgh"))),
    shape("a name that YAML reads otherwise", "#1 String,007\n" + "".join(
        f"where is my parcel {word},{'xy'[i % 2]}\n" for i, word in enumerate("abcdefgh"))),
    shape("names with a colon and a quote", "it's a: b,null\n" + "".join(
        f"where is my parcel {word},{'xy'[i % 2]}\n" for i, word in enumerate("abcdefgh"))),
    shape("columns of a question", jsonl(*({"query": f"where is {word} ?", "passage": f"{word} is in the garden now",
        "gold": [{"text": word, "answer_start": 0}]} for word in ("anna", "john", "the cat"))), "a.jsonl", "squad"),
    shape("semicolons", "text;label\na;x\nb;y\n"),
    shape("tabs", "text\tlabel\na\tx\nb\ty\n"),
    shape("tabs and no header", "where is my parcel\tx\ni want my money\ty\n", "a.tsv"),
    shape("latin-1", HEAD.encode() + "café,x\nthé,y\n".encode("latin-1")),
    shape("lines of JSON", jsonl({"text": "a", "label": "x"}, {"text": "b", "label": "y"}), "a.json"),
    shape("a list of JSON", json.dumps([{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]), "a.jsonl"),
    shape("keys of JSON", json.dumps({"rows": [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]}), "a.json"),
]  # fmt: skip

CASES = [
    *map(of_form, FORMS),
    *(of_fine(f"fine: {case.name}", case.build, case.arguments) for case in FINE),
    *(one for case in [*DATA, *WORDS, *CHOICE] if (one := of_command(case.name, case.build, case.command))),
    *SHAPES,
]
EVERY = max(1, len(CASES) // SAMPLE)


def some_slow(cases: Sequence[Case]) -> list[Any]:
    """The cases as parameters: of all of them a sample is in the default tests."""
    slow = pytest.mark.slow
    return [
        pytest.param(one, marks=[] if number % EVERY == 0 else [slow], id=one.name) for number, one in enumerate(cases)
    ]


@pytest.fixture
def place(tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, tiny_bert, Path("no run"))


def sets_of(case: Case, place: Place) -> list[str]:
    return [f"model.name={place.bert}", *ENOUGH, *(text.replace("{bert}", str(place.bert)) for text in case.sets)]


class Reached(Exception):
    """A training came to its first step."""


def problems_of(error: BertkitError | OSError) -> list[Problem]:
    if isinstance(error, BertkitError):
        return list(error.problems)
    problem = refusal(error)
    assert problem is not None
    return [problem]


def of_train(recipe: str, sets: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> list[Problem]:
    """The errors of a training before its first step."""

    def stop(*_: Any, **__: Any) -> None:
        raise Reached

    monkeypatch.setattr(training, "_train", stop)
    try:
        training.train(recipe, output="out", sets=sets)
    except Reached:
        return []
    except (BertkitError, OSError) as error:
        return problems_of(error)
    raise AssertionError("the training did not stop")


def of_check(recipe: str, sets: Sequence[str]) -> list[Problem]:
    try:
        return check_data(recipe=recipe, sets=sets).problems
    except (BertkitError, OSError) as error:
        return problems_of(error)


def test_the_table_is_long() -> None:
    assert len(CASES) >= 100
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", some_slow(CASES))
def test_check_and_train_agree(case: Case, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    case.build(place)
    sets = sets_of(case, place)
    checked, trained = (
        [*map(str, found)] for found in (of_check(case.recipe, sets), of_train(case.recipe, sets, monkeypatch))
    )
    assert bool(checked) == bool(trained), (checked, trained)
    assert [line for line in trained if line not in checked] == []
    assert checked[:1] == trained[:1]


PLACEHOLDERS = ("NAME", "FILE", "FOLDER")


def ways(problems: Sequence[Problem]) -> list[tuple[str, ...]]:
    """What the errors propose, as a shell and `--set` read it: columns together, everything else one by one."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        if problem.setting and problem.setting.value not in PLACEHOLDERS:
            flag, text = shlex.split(str(problem.setting))
            assert flag == "--set"
            key = problem.setting.key
            found.setdefault("columns" if key.startswith("data.columns.") else text, []).append(text)
    return [tuple(dict.fromkeys(texts)) for texts in found.values()]


@pytest.mark.parametrize("case", some_slow(CASES))
def test_what_an_error_proposes_leads_on(case: Case, place: Place) -> None:
    """Whoever follows it does not meet the same error again, nor goes in a circle; and comes to an end soon."""
    case.build(place)
    open_: list[tuple[tuple[str, ...], set[str]]] = [((), set())]
    for followed, left_behind in open_:
        problems = of_check(case.recipe, [*sets_of(case, place), *followed])
        assert left_behind.isdisjoint(map(str, problems)), followed
        for way in ways(problems):
            assert len(followed) < STEPS, (followed, way)
            assert not set(way) & set(followed), f"proposed again: {way}, after {followed}"
            solved = {str(one) for one in problems if one.setting and shlex.split(str(one.setting))[1] in way}
            open_.append(((*followed, *way), solved))
