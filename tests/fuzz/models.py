"""Folders of models and tokenizers whose files are damaged, swapped or missing."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fuzz import mutate
from tests.fuzz.case import Case
from tests.fuzz.material import Draw
from tests.fuzz.recipes import training

SHAPES = ("[]", "{}", "5", "null", '"a"', "[[]]", '{"a": {}}', "", "true", "[1, 2]", '{"model": null}')
"""JSON of another shape than any of our files has."""


def broken(draw: Draw, folder: Path, names: list[str] | None = None) -> str:
    """Damage one file of a folder; its name."""
    files = [folder / name for name in names or ()] or sorted(path for path in folder.rglob("*") if path.is_file())
    file = draw.one(*files)
    way = draw.one("damage", "damage", "damage", "json", "json", "shape", "remove", "empty", "swap", "folder", "zeros")
    content = file.read_bytes()
    if way == "json" and file.suffix in (".json", ".jsonl"):
        value = json.loads(content.splitlines()[0] if file.suffix == ".jsonl" else content)
        content = mutate.to_json(draw.chance, mutate.changed(draw.chance, value))
    elif way == "shape" and file.suffix == ".json":
        content = draw.one(*SHAPES).encode()
    elif way == "remove":
        file.unlink()
        return file.name
    elif way == "empty":
        content = b""
    elif way == "swap":
        content = draw.one(*files).read_bytes()
    elif way == "zeros":
        content = b"\0" * len(content)
    elif way == "folder":
        file.unlink()
        file.mkdir()
        return file.name
    else:
        content = mutate.damaged(draw.chance, content)
    file.unlink()
    file.write_bytes(content)
    return file.name


def model(draw: Draw) -> Case:
    folder = draw.copy(draw.material.bert, "bert")
    if draw.often(0.4):
        (folder / "tokenizer.json").unlink()
        vocabulary = draw.material.tokenizer / "vocab.txt"
        (folder / "vocab.txt").write_bytes(vocabulary.read_bytes())
    broken(draw, folder)
    way = draw.one("inspect", "inspect", "check", "train", "extend", "extend", "corpus")
    draw.put("words.txt", "\n".join(draw.texts()))
    if way == "inspect":
        return Case(["tokenizer", "inspect", "bert", "words.txt", "-o", "out.json"], output="out.json")
    if way == "check":
        draw.put_json("rows.json", draw.material.rows("classify"))
        return Case(
            ["data", "check", "rows.json", "-s", "model.name=./bert", "-o", "out.json"], "rows.json", "out.json"
        )
    if way == "train":
        return Case([*training(draw), "-s", "model.name=./bert"], output="out/metrics.json", folders=("out",))
    if way == "corpus":
        command = ["corpus", "build", "words.txt", "-t", "bert", "-o", "out", "--processes", "1"]
        return Case(command, output="out/manifest.json", folders=("out",))
    return Case(["tokenizer", "extend", "bert", "words.txt", "--words", "2", "--min-frequency", "1", "-o", "out"],
                output="out/config.json", folders=("out",))  # fmt: skip


def checkpoint(draw: Draw) -> Case:
    """A fine-tuned checkpoint scored on a recipe's rows."""
    folder = draw.copy(draw.material.run("classify") / "model", "checkpoint")
    broken(draw, folder)
    draw.put("rows.jsonl", "".join(json.dumps(row) + "\n" for row in draw.material.rows("classify")))
    recipe = {"task": "classify", "data": {"test": "rows.jsonl"}}
    command = ["eval", "checkpoint", "--on", draw.put_json("mine.yaml", recipe), "-o", "out.json"]
    return Case([*command, *draw.one([], [], ["--labels", "delivery,other,refund"])], output="out.json")
