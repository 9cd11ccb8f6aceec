"""Input that is right: every form of file in tests/forms is read whole (its rows, its answers, what is said of it), and
so is input that looks odd (`FINE`)."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import NamedTuple

import pytest

from bertkit import plugins
from bertkit.recipe.load import load
from bertkit.run import Run
from tests.cases import (
    ANSWER,
    GOOD,
    HEAD,
    TAGGED,
    TINY,
    TWO,
    A,
    B,
    Build,
    Command,
    Place,
    jsonl,
    put,
    put_gzip,
    put_parquet,
    question,
    read_back,
    squad,
)  # fmt: skip
from tests.forms import (
    Form,
    answers_of,
    chinese,
    exports,
    folders,
    inputs_of,
    json_files,
    labels,
    plain,
    questions,
    sheets,
    tables,
    words,
    write,
)
from tests.helpers import messages, write_csv

FAMILIES = (exports, plain, tables, sheets, folders, json_files, labels, words, questions, chinese)
TINY_TRAIN = ("train.use_cpu=true", "train.report_to=none")
FORMS = [form for family in FAMILIES for form in family.FORMS]


def test_each_family_has_forms_and_no_two_share_a_name() -> None:
    assert all(family.FORMS for family in FAMILIES)
    assert len({form.name for form in FORMS}) == len(FORMS)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_it_is_read_whole(
    form: Form, tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    write(form, tmp_path)
    recipe = load({"task": form.task, "model": str(tiny_bert), "data": {"train": form.train}}, list(form.sets))
    data = recipe.data.model_copy(update={"validation": recipe.data.train})  # so that no row is split off
    recipe = recipe.model_copy(update={"data": data})
    kind = plugins.find("task", form.task)
    task = kind(kind.Options.model_validate(recipe.options))
    with caplog.at_level(logging.INFO, "bertkit"):
        rows = list(task.read(recipe)["train"])
    assert len(rows) == form.rows
    assert answers_of(task.columns, rows) == form.answers
    assert set(form.inputs) <= inputs_of(task.columns, rows)
    said = "\n".join(messages(caplog))
    assert [part for part in form.warns if part not in said] == []


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_it_trains_evaluates_and_predicts(form: Form, place: Place, bertkit: Command) -> None:
    write(form, place.folder)
    data = json.dumps(form.train)
    sets = [f"data.train={data}", f"data.validation={data}", f"model.name={place.bert}", "train.max_steps=1"]
    arguments = [part for text in [*sets, *TINY_TRAIN, *form.sets] for part in ("-s", text)]
    code, _, err = bertkit("train", form.task, "-o", "run", *arguments)
    assert code == 0, err
    assert Run("run").metrics["rows"]["train"] == form.rows
    code, _, err = bertkit("eval", "run", "-o", "scores.json")
    assert code == 0, err
    assert json.loads(Path("scores.json").read_text("utf-8"))["rows"] == form.rows
    if form.task != "pretrain":  # which fills in masks
        code, _, err = bertkit("predict", "run", form.train, "-o", "answers.jsonl")
        assert code == 0, err
        assert len(read_back(Path("answers.jsonl"))) >= form.rows  # those without an answer too


class Fine(NamedTuple):
    """Input that is right; `rows` and `labels` are those of the training rows."""

    name: str
    build: Build
    arguments: str
    rows: int
    labels: dict[str, int]


@pytest.fixture
def place(tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, tiny_bert, Path("no run"))


XY = {"x": 1, "y": 1}
CHINESE = "text,label\n我的包裹在哪里，为什么还没有到,物流\n我要退款,退款\n"
CHINESE_LABELS = {"物流": 1, "退款": 1}
PAIR = {"delivery": 1, "refund": 1}


FINE = [
    Fine("byte order mark", put({"a.csv": "\ufeff" + HEAD + TWO}), "a.csv", 2, PAIR),
    Fine("CRLF", put({"a.csv": (HEAD + TWO).replace("\n", "\r\n")}), "a.csv", 2, PAIR),
    Fine("CR alone", put({"a.csv": (HEAD + TWO).replace("\n", "\r")}), "a.csv", 2, PAIR),
    Fine("no newline at the end", put({"a.csv": (HEAD + TWO).rstrip()}), "a.csv", 2, PAIR),
    Fine("newline in a text", put({"a.csv": HEAD + '"where is\nmy, ""parcel""\r\n",x\nb,y\n'}), "a.csv", 2, XY),
    Fine("words that pandas drops", put({"a.csv": HEAD + "NA,x\nnull,x\nnan,y\nNone,y\n#N/A,y\n"}), "a.csv", 5,
        {"y": 3, "x": 2}),
    Fine("labels that pandas drops", put({"a.csv": HEAD + "a,NA\nb,null\nc,nan\nd,None\n"}), "a.csv", 4,
        {"NA": 1, "null": 1, "nan": 1, "None": 1}),
    Fine("labels with zeros", put({"a.csv": HEAD + "a,007\nb,007\nc,7\n"}), "a.csv", 3, {"007": 2, "7": 1}),
    Fine("labels in capitals", put({"a.csv": HEAD + "a,x\nb,X\n"}), "a.csv", 2, {"x": 1, "X": 1}),
    Fine("quotes in tsv", put({"a.tsv": 'text\tlabel\nsay "hi\tx\n"no" end\ty\n'}), "a.tsv", 2, XY),
    Fine("gzip", put_gzip("a.csv.gz", HEAD + TWO), "a.csv.gz", 2, PAIR),
    Fine("ending in capitals", put({"A.CSV": HEAD + TWO}), "A.CSV", 2, PAIR),
    Fine("semicolons", put({"a.csv": "text;label\na, b;x\nb;y\n"}), "a.csv -s data.format=csv-semicolon", 2, XY),
    Fine("gb18030", put({"a.csv": CHINESE.encode("gb18030")}), "a.csv -s data.encoding=gb18030", 2, CHINESE_LABELS),
    Fine("UTF-16", put({"a.csv": CHINESE.encode("utf-16")}), "a.csv -s data.encoding=utf-16", 2, CHINESE_LABELS),
    Fine("header given", put({"a.csv": TWO}), "a.csv -s 'data.header=[text,label]'", 2, PAIR),
    Fine("other column names", put({"a.csv": "day,what,class\n1,a,x\n2,b,y\n"}),
        "a.csv -s data.columns.text=what -s data.columns.label=class", 2, XY),
    Fine("a column called null", put({"a.csv": "null,label\na,x\nb,y\n"}), "a.csv -s 'data.columns.text=\"null\"'", 2,
        XY),
    Fine("blank lines", put({"a.csv": HEAD + "\n" + TWO + "\n\n"}), "a.csv", 2, PAIR),
    Fine("JSON lines", put({"a.jsonl": jsonl(A, B)}), "a.jsonl", 2, PAIR),
    Fine("numbers for labels", put({"a.jsonl": jsonl({**A, "label": 10}, {**B, "label": 2}, {**B, "label": "2"})}),
        "a.jsonl", 3, {"2": 2, "10": 1}),
    Fine("truth for labels", put({"a.jsonl": jsonl({**A, "label": True}, {**B, "label": False})}), "a.jsonl", 2,
        {"true": 1, "false": 1}),
    Fine("a list in JSON", put({"a.json": json.dumps([A, B])}), "a.json", 2, PAIR),
    Fine("a key of JSON", put({"a.json": json.dumps({"data": {"train": [A, B]}})}), "a.json#data/train", 2, PAIR),
    Fine("lists in JSON", put({"a.json": json.dumps({"train": [["a", "x"], ["b", "y"]]})}),
        "a.json#train -s 'data.header=[text,label]'", 2, XY),
    Fine("parquet", put_parquet("a.parquet", [A, B]), "a.parquet", 2, PAIR),
    Fine("classes of parquet",
        put_parquet("a.parquet", [{**A, "label": 1}, {**B, "label": 0}],
        {"huggingface": json.dumps( {"info": {"features": {"label": {"_type": "ClassLabel",
        "names": ["no", "yes"]}}}})}), "a.parquet", 2, {"yes": 1, "no": 1}),
    Fine("names for ids", put({"a.csv": HEAD + "a,1\nb,0\nc,1\n"}),
        "a.csv -s data.label_ids=true -s 'data.label_names=[no,yes]'", 3, {"yes": 2, "no": 1}),
    Fine("a class called -1", put({"a.csv": HEAD + "a,1\nb,-1\n"}), "a.csv -s 'data.label_names=[\"1\",\"-1\"]'", 2,
        {"1": 1, "-1": 1}),
    Fine("a folder", put({"rows/b/b.csv": HEAD + TWO, "rows/a.jsonl": jsonl(A, B), "rows/.c.csv": "", "rows/r.md": ""}),
        "rows", 4, {"delivery": 2, "refund": 2}),
    Fine("a glob", put({"a1.csv": HEAD + TWO, "a2.csv": HEAD + TWO, "b.csv": "?"}), "'a*.csv'", 4,
        {"delivery": 2, "refund": 2}),
    Fine("an odd name", put({"my rows #1.csv": HEAD + TWO}), "'my rows #1.csv'", 2, PAIR),
    Fine("a file of a package", GOOD, "package:bertkit/demo/support/test.csv", 96, {}),
    Fine("emoji", put({"a.csv": HEAD + "📦?,x\n💸 bitte,y\n"}), "a.csv", 2, XY),
]  # fmt: skip


@pytest.mark.parametrize("case", FINE, ids=lambda case: case.name)
def test_what_is_right_is_read_whole(case: Fine, place: Place, bertkit: Command) -> None:
    case.build(place)
    file, *others = place.words(f"{case.arguments} -s model.name={{bert}} -o report.json")
    code, out, err = bertkit("data", "check", file, "--validation", file, *others)  # so that no row is split off
    assert code == 0, err
    assert "left out" not in err
    found = json.loads(Path("report.json").read_text("utf-8"))["train"]
    assert found["rows"] == case.rows
    assert found["labels"] == case.labels or not case.labels
    assert f"{case.rows:,} rows" in out


@pytest.mark.parametrize("words", [40_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_sentence_of_any_length_has_a_tag_a_word(words: int, place: Place, bertkit: Command) -> None:
    put({"train.conll": TAGGED, "long.jsonl": jsonl({"tokens": ["EU", "sent"] * (words // 2)})})(place)
    train_it = f"train ner -o out {TINY} -s data.train=train.conll -s data.validation=train.conll"
    assert bertkit(*place.words(train_it))[0] == 0
    predict = ("predict", "out", "long.jsonl", "-o", "told.jsonl")
    code, _, err = bertkit(*predict)
    proposed = f"data.max_characters={3 * words}"
    assert (code, f"if it is intended: --set {proposed}" in err) == (2, True), err
    code, _, err = bertkit(*predict, "-s", proposed)
    assert code == 0, err
    assert len(json.loads(Path("told.jsonl").read_text("utf-8"))["predicted_tags"]) == words


ACROSS = {"text": "anna bell in berlin", "spans": [[0, 9, "PER"], [5, 19, "LOC"], [13, 19, "LOC"]]}


@pytest.mark.parametrize(
    ("task", "train_file", "content", "said"),
    [
        ("ner", "train.jsonl", jsonl({"text": "EU", "spans": [[0, 2, "PER"]]}, ACROSS),
            "entities that share a word with another, the longest kept (options.overlaps): 2 (train.jsonl:2 PER"),
        ("squad", "train.json", squad(question(answers=[{**ANSWER, "answer_start": 10}])),
            "moved to their only occurrence: 1 (train.json[id a])"),
        ("squad -s data.bad_rows=skip", "train.json", squad(question("b"), question(answers=[{**ANSWER, "text": "x"}])),
            "rows left out, answers is not at its place: 1 (train.json[id a])"),
    ],
    ids=["entities across each other", "an answer beside its place", "an answer that is nowhere, left out"],
)  # fmt: skip
def test_what_is_put_right_or_left_out_is_counted(
    task: str, train_file: str, content: str, said: str, place: Place, bertkit: Command
) -> None:
    put({train_file: content})(place)
    data = f"-s data.train={train_file} -s data.validation={train_file}"
    code, _, err = bertkit(*place.words(f"train {task} -o out {TINY} {data}"))
    assert code == 0, err
    assert said in err


def test_a_question_longer_than_its_window_is_cut_and_counted(place: Place, bertkit: Command) -> None:
    put({"train.json": squad(question(question="where is the cat ? " * 50), question("b"))})(place)
    train_it = f"train squad -o out {TINY} -s data.train=train.json -s data.validation=train.json"
    code, _, err = bertkit(*place.words(train_it))
    assert code == 0, err
    assert "train: 1 of 2 questions have more than 32 tokens: cut" in err


def test_odd_texts_and_labels_come_back_as_they_were(place: Place, bertkit: Command) -> None:
    """Train, then predict: no text, label or column changes on the way, and none is lost."""
    odd = ["NA", "null", "nan", '"quoted"', "two\nlines", "007", " spaces ", "我的包裹", "a;b,c", "#1"]
    rows = [{"text": text, "label": "007" if i % 2 else "NA", "day": "01"} for i, text in enumerate(odd)]
    write_csv(place.folder / "train.csv", rows[0], (row.values() for row in rows))
    sources = "-s data.train=train.csv -s data.validation=train.csv"
    code, _, err = bertkit(*place.words(f"train classify -o out {TINY} {sources}"))
    assert code == 0, err
    assert Run("out").task_state["labels"] == ["007", "NA"]
    assert Run("out").metrics["rows"] == {"train": 10, "validation": 10}
    for output in ("out.csv", "out.jsonl", "out.parquet"):
        code, _, err = bertkit("predict", "out", "train.csv", "-o", output)
        assert code == 0, err
        answered = list(read_back(place.folder / output))
        assert [{name: row[name] for name in rows[0]} for row in answered] == rows
        assert {row["predicted_label"] for row in answered} <= {"007", "NA"}


@pytest.mark.parametrize(
    ("sets", "labels"),
    [("", ["2", "10", "a", "B"]), ("-s 'data.label_names=[B,a,\"10\",\"2\"]'", ["B", "a", "10", "2"]),
     ("-s data.label_names=names.txt", ["10", "B", "2", "a"])],
    ids=["natural", "list", "file"],
)  # fmt: skip
def test_the_order_of_the_labels(sets: str, labels: list[str], place: Place, bertkit: Command) -> None:
    rows = "".join(f"text {i},{label}\n" for i, label in enumerate(["10", "B", "2", "a"]))
    put({"rows/a.csv": HEAD + rows, "rows/b.csv": HEAD + rows, "names.txt": "10\r\nB\r\n2\r\na\r\n"})(place)
    sources = "-s data.train=rows -s 'data.validation=rows/*.csv'"
    code, _, err = bertkit(*place.words(f"train classify -o out {TINY} {sources} {sets}"))
    assert code == 0, err
    assert Run("out").task_state["labels"] == labels
    config = json.loads((Run("out").model / "config.json").read_text("utf-8"))
    assert config["id2label"] == {str(i): name for i, name in enumerate(labels)}
    assert Run("out").metrics["rows"]["train"] == 8
