"""Recipes, suites and `--set` values: keys, types and YAML that do not fit."""

from __future__ import annotations

import functools
import io
import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.fuzz import mutate
from tests.fuzz.case import Case
from tests.fuzz.material import Draw

VALUES = [
    "nan", ".nan", "inf", ".inf", "-.inf", "1e999", "-1", "0", "1", "2", "0.5", "1.5", "1e-400", "9" * 30, "9" * 5_000,
    "[]", "{}", "[1,2]", "[a,b]", "[[[]]]", "{a: 1}", "{a: {b: [c]}}", "", "''", "~", "null", "true", "false", "yes",
    "abc", "auto", "2020-01-01", "0x10", "0o17", "1_000", "1:30", "!!python/object:os.system x", "!!binary aGk=",
    "&a [*a]", "*a", "<<", "| x", "> x", "%x", "@x", "`x`", "# x", "a: b", "- a", "\x1b[31m", "我的", "\ud83d",
    "x" * 5_000, "[" * 200 + "]" * 200, "[" * mutate.DEEP, "../../etc/passwd", "/", ".", "-", "hub:x#y", "package:os/x",
    "./none.py:x", "os:system", "os.path:join", "steps", "epoch", "no", "none", "all",
]  # fmt: skip
BLOCKS = ("task", "model", "data", "options", "train", "metrics", "callbacks", "seed")
PURE = ("max_steps", "num_train_epochs", "per_device_train_batch_size", "eval_steps", "save_steps", "logging_steps")


@functools.cache
def keys() -> list[str]:
    """Every key of a recipe, those of `options` and `train` too."""
    from bertkit.recipe import schema, train_block
    from tests.helpers import make

    names = [*BLOCKS, *(f"model.{name}" for name in schema.ModelBlock.model_fields)]
    names += [f"data.{name}" for name in schema.DataBlock.model_fields] * 2
    names += ["data.columns.text", "data.columns.label", "data.limit.train", "data.limit.validation"]
    names += [f"options.{name}" for name in make("classify", {}).Options.model_fields] * 2
    names += [f"train.{name}" for name in sorted(train_block.known())]
    return names + [f"train.{name}" for name in PURE] * 3 + ["model.scratch.hidden_size", "a.b.c", "train.x", "", "."]


def some(draw: Draw) -> list[str]:
    """One to three settings."""
    made = []
    for _ in range(draw.one(1, 1, 1, 2, 3)):
        value = draw.one(*VALUES) if draw.often(0.8) else json.dumps(mutate.odd(draw.chance))
        made += ["-s", f"{draw.one(*keys())}={value}"]
    return made


def sets(draw: Draw) -> Case:
    made = some(draw)
    if draw.often(0.6):
        return Case(["recipe", draw.one("check", "check", "show"), draw.one("classify", "demo/support", "ner"), *made])
    return Case([*training(draw), *made], output="out/metrics.json", folders=("out",))


def training(draw: Draw, task: str = "classify", *, steps: int = 1) -> list[str]:
    """A command that trains a step or two."""
    recipe = plain(draw, task, steps)
    return ["train", draw.put_json("recipe.yaml", recipe), "-o", "out"]


def plain(draw: Draw, task: str, steps: int) -> dict[str, Any]:
    rows = "".join(json.dumps(row) + "\n" for row in draw.material.rows(task) * 2)
    draw.put("train.jsonl", rows)
    return {
        "task": task,
        "model": {"name": str(draw.material.bert)},
        "data": {"train": "train.jsonl", "validation": "train.jsonl"},
        "options": {},
        "train": {"max_steps": steps, "per_device_train_batch_size": 8, "use_cpu": True, "report_to": "none"},
        "metrics": [],
        "seed": 1,
    }


def trained(draw: Draw) -> Case:
    """A step of a task with damaged rows."""
    task = draw.one("classify", "regress", "choice", "ner", "squad", "pretrain")
    recipe = plain(draw, task, draw.one(1, 2))
    if task == "squad":
        recipe["options"] = {"max_length": 32, "overlap": 4}
    path = draw.folder / "train.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows = mutate.changed(draw.chance, rows)
    path.write_bytes(b"".join(mutate.to_json(draw.chance, row) + b"\n" for row in rows))
    draw.put_json("recipe.yaml", recipe)
    more = ["-s", "data.bad_rows=skip"] if draw.often(0.7) else []
    return Case(["train", "recipe.yaml", "-o", "out", *more], output="out/metrics.json", folders=("out",))


def recipe(draw: Draw) -> Case:
    """A recipe file that is damaged as a value or as bytes."""
    if draw.often(0.5):
        value: Any = plain(draw, "classify", 1)
        value["callbacks"] = [{"early_stopping": {"early_stopping_patience": 3}}]
        value = mutate.changed(draw.chance, value)
        stream = io.BytesIO()
        try:
            YAML(typ="safe").dump(value, stream)
            content = stream.getvalue()
        except Exception:  # ruamel can not write every value
            content = mutate.to_json(draw.chance, value)
    else:
        content = shipped(draw)
    if draw.often(0.5):
        content = mutate.damaged(draw.chance, content)
    if draw.often(0.05):
        content = bomb(draw)
    name = draw.put("mine.yaml", content)
    way = draw.one("check", "check", "check", "show", "train", "data")
    if way == "train":
        sets = ["-s", f"model.name={draw.material.bert}", "-s", "train.max_steps=1", "-s", "train.use_cpu=true"]
        return Case(["train", name, "-o", "out", *sets], output="out/metrics.json", folders=("out",))
    if way == "data":
        draw.put_json("rows.json", draw.material.rows("classify"))
        sets = ["-s", f"model.name={draw.material.bert}"]
        return Case(["data", "check", "rows.json", "--recipe", name, *sets, "-o", "out.json"], output="out.json")
    return Case(["recipe", way, name, *(some(draw) if draw.often(0.3) else [])])


def shipped(draw: Draw) -> bytes:
    """A recipe that comes with bertkit."""
    recipes = Path(__file__).parents[2] / "recipes"
    return draw.one(*sorted(recipes.rglob("*.yaml"))).read_bytes()


def bomb(draw: Draw) -> bytes:
    """YAML that grows when it is read."""
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, draw.one(3, 9))]
    return "\n".join(["task: classify", "a0: &a0 [x, x]", *levels, "data: {train: *a1}"]).encode()


def suite(draw: Draw) -> Case:
    """A suite of a user's own."""
    plain(draw, "classify", 1)
    draw.put_json("mine.yaml", plain(draw, "classify", 1))
    value: Any = {"suite": "s", "seeds": [1], "tasks": {"a": {"recipe": "mine.yaml"}}}
    content = mutate.to_json(draw.chance, mutate.changed(draw.chance, value))
    name = draw.put("suite.yaml", mutate.damaged(draw.chance, content) if draw.often(0.3) else content)
    return Case(["bench", name, "-o", "out"], folders=("out",))
