"""The commands that are killed: what they work on, what of it must be whole, and what must be the same afterwards."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bertkit.files.lock import LOCK
from bertkit.fs import ASIDE
from tests.fuzz.material import Material

JOB = 9000
"""Rows of a job."""
ALL = ("classify", "regress", "choice", "ner", "squad", "embed", "rerank", "pretrain")


@dataclass
class Victim:
    """A command in a folder, and what of its result must be the same."""

    name: str
    command: list[str]
    prepare: Callable[[Path, Material], None]
    result: Callable[[Path], Any]
    whole: Callable[[Path], None]
    """Raises an exception for a file under its final name that is not whole."""
    alone: Any = None
    seconds: float = 0.0


def victims() -> list[Victim]:
    training = [
        Victim(f"train {task}", ["train", "recipe.yaml", "-o", "run", "--resume"], _recipe(task), _trained, _whole_run)
        for task in ALL
    ]
    corpus = ["corpus", "build", "words.txt", "-t", "tokenizer", "-o", "corpus", "--max-length", "24", "--passes", "20"]
    tokenizer = ["tokenizer", "train", "words.txt", "-o", "new", "--vocab-size", "2000", "--min-frequency", "1"]
    extend = ["tokenizer", "extend", "bert", "words.txt", "--words", "3", "--min-frequency", "1", "-o", "new"]
    run = ["predict", "run", "rows.jsonl", "-o", "out.csv"]
    job = ["predict", "run", "rows.jsonl", "-o", "out.csv", "--probabilities", "all"]
    shards = ["predict", "run", "rows.jsonl", "-o", "out/"]
    evaluate = ["eval", "run", "--data", "rows.jsonl", "-o", "out.json"]
    return [
        *training,
        Victim("corpus build", [*corpus, "--processes", "1"], _texts, _files("corpus"), _whole_corpus),
        Victim("tokenizer train", tokenizer, _texts, _files("new"), _whole_folder("new", "tokenizer.json")),
        Victim("tokenizer extend", extend, _texts, _files("new"), _whole_folder("new", "model.safetensors")),
        Victim("bench", ["bench", "suite.yaml", "-o", "bench"], _suite, _benched, _whole_json("bench/metrics.json")),
        Victim("eval", evaluate, _run, _files("out.json"), _whole_json("out.json")),
        Victim("predict", run, _run, _files("out.csv"), _whole_csv),
        Victim("predict a job", job, _job, _files("out.csv"), _whole_csv),
        Victim("predict shards", [*shards, "--shard-rows", "900"], _job, _shards, _whole_shards),
        Victim("predict by two", [*job, "--processes", "2"], _job, _files("out.csv"), _whole_csv),
        Victim("embed", ["embed", "vectors", "rows.jsonl", "-o", "out.npy"], _vectors, _files("out.npy"), _whole_array),
        Victim("track", ["track", "news.jsonl", "-o", "events"], _news, _files("events"), _whole_events),
        Victim("report", ["report", "run", "-o", "out.html"], _run, _files("out.html"), _whole_html),
    ]


# --- what the commands work on ---------------------------------------------------------------------------------------


def _recipe(task: str) -> Callable[[Path, Material], None]:
    def prepare(folder: Path, material: Material) -> None:
        (folder / "recipe.yaml").write_text(json.dumps(_tiny(task, folder, material)), "utf-8")

    return prepare


def _tiny(task: str, folder: Path, material: Material) -> dict[str, Any]:
    """A recipe of 12 steps with checkpoints, and its rows."""
    rows = material.rows(task)
    (folder / f"{task}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows * 4), "utf-8")
    block = {
        "max_steps": 12,
        "per_device_train_batch_size": 4,
        "logging_steps": 1,
        "report_to": "none",
        "use_cpu": True,
    }
    block |= {f"{what}_strategy": "steps" for what in ("save", "eval")} | {"save_steps": 3, "eval_steps": 3}
    return {
        "task": task,
        "model": {"name": str(material.bert)},
        "data": {"train": str(folder / f"{task}.jsonl"), "validation": str(folder / f"{task}.jsonl")},
        "options": {"max_length": 24} if task == "pretrain" else {},
        "train": block,
    }


def _texts(folder: Path, material: Material) -> None:
    lines = material.words.splitlines()
    words = "".join("\n".join(lines[n % 5 :]) + f" word{n} thing{n}\n\n" for n in range(300))
    (folder / "words.txt").write_text(words, "utf-8")
    (folder / "tokenizer").symlink_to(material.tokenizer)
    (folder / "bert").symlink_to(material.bert)


def _run(folder: Path, material: Material) -> None:
    """A Run, rows, and what an earlier command wrote: killed, the next one leaves it or replaces it whole."""
    shutil.copytree(material.run("classify"), folder / "run")
    rows = material.rows("classify")
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows * 400), "utf-8")
    for name, text in (("out.csv", "old\n1\n"), ("out.json", '"old"'), ("out.html", "<html>old</html>\n")):
        (folder / name).write_text(text, "utf-8")


def _vectors(folder: Path, material: Material) -> None:
    """A Run that gives vectors, and rows of three parts."""
    _job(folder, material)
    shutil.copytree(material.run("embed"), folder / "vectors")


def _job(folder: Path, material: Material) -> None:
    """Rows of three parts."""
    _run(folder, material)
    rows = material.rows("classify")
    many = (rows * (JOB // len(rows) + 1))[:JOB]
    (folder / "rows.jsonl").write_text(
        "".join(json.dumps({**row, "n": n}) + "\n" for n, row in enumerate(many)), "utf-8"
    )


def _news(folder: Path, material: Material) -> None:
    """A folder of events, and documents of three parts to add."""
    from bertkit import cli

    rows = [
        {"id": n, "time": 1_700_000_000 + 60 * n, "text": f"{row['text']} {'abcdefgh'[n % 8]}{n % 997}"}
        for n, row in zip(range(6000), material.rows("classify") * 6000, strict=False)
    ]
    for name, part in (("old", rows[:500]), ("news", rows[500:])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part), "utf-8")
    command = ["track", folder / "old.jsonl", "--model", material.bert, "-o", folder / "events"]
    with contextlib.redirect_stdout(io.StringIO()):
        assert cli.main(list(map(str, command))) == 0


def _suite(folder: Path, material: Material) -> None:
    tasks = {}
    for task in ("classify", "regress"):
        recipe = _tiny(task, folder, material)
        recipe["train"]["max_steps"] = 4
        (folder / f"{task}.yaml").write_text(json.dumps(recipe), "utf-8")
        tasks[task] = {"recipe": f"{task}.yaml"}
    (folder / "suite.yaml").write_text(json.dumps({"suite": "s", "seeds": [1, 2], "tasks": tasks}), "utf-8")


# --- what must be whole, and what must be the same -------------------------------------------------------------------


def _trained(folder: Path) -> Any:
    run = folder / "run"
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]
    steps = [[line[name] for name in ("step", "loss", "grad_norm")] for line in lines if "loss" in line]
    return _hash(run / "model" / "model.safetensors"), json.loads((run / "metrics.json").read_text("utf-8")), steps


def _benched(folder: Path) -> Any:
    return [json.loads(file.read_text("utf-8")) for file in sorted((folder / "bench").glob("*/*/metrics.json"))]


def _files(name: str) -> Callable[[Path], Any]:
    """Hashes of a file, or of all files of a folder."""

    def result(folder: Path) -> Any:
        top = folder / name
        files = (
            sorted(path for path in top.rglob("*") if path.is_file() and path.name != LOCK) if top.is_dir() else [top]
        )
        return {str(file.relative_to(folder)): _hash(file) for file in files}

    return result


def _shards(folder: Path) -> Any:
    """The manifest also says when the input was written."""
    manifest = json.loads((folder / "out/manifest.json").read_text("utf-8"))
    files = sorted(path for path in (folder / "out").iterdir() if path.name not in (LOCK, "manifest.json"))
    return manifest["shards"], manifest["seen"], {file.name: _hash(file) for file in files}


def _hash(file: Path) -> str:
    content = file.read_bytes()
    if file.suffix == ".html":  # it tells when it was written
        content = b"whole" if content.rstrip().endswith(b"</html>") else content
    return hashlib.sha256(content).hexdigest()


def _whole_json(*names: str) -> Callable[[Path], None]:
    def whole(folder: Path) -> None:
        for name in names:
            if (folder / name).exists():
                json.loads((folder / name).read_text("utf-8"))

    return whole


def _whole_run(folder: Path) -> None:
    _whole_json("run/metrics.json", "run/task.json", "run/environment.json", "run/run.json")(folder)
    if (folder / "run/metrics.json").exists():
        from safetensors import safe_open

        with safe_open(folder / "run/model/model.safetensors", "pt") as weights:
            assert weights.keys()


def _whole_corpus(folder: Path) -> None:
    _whole_json("corpus/manifest.json")(folder)
    if (folder / "corpus/manifest.json").exists():
        from bertkit.data.corpus.corpus import Corpus

        assert not Corpus.open(folder / "corpus", "all").damaged()


def _whole_folder(name: str, last: str) -> Callable[[Path], None]:
    def whole(folder: Path) -> None:
        names = {path.name for path in (folder / name).glob("*")} - {LOCK}
        if any(not one.startswith(ASIDE) for one in names):
            assert (folder / name / last).is_file(), f"{name} is there without {last}"

    return whole


def _whole_csv(folder: Path) -> None:
    with (folder / "out.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream, strict=True)
    assert rows == [["1"]] or len(rows) in (400 * 8, JOB), f"{len(rows)} rows"
    assert all(len(row) == len(header) for row in rows)


def _whole_shards(folder: Path) -> None:
    _whole_json("out/manifest.json")(folder)
    for file in (folder / "out").glob("shard-*"):
        rows = [json.loads(line)["n"] for line in file.read_text("utf-8").splitlines()]
        first = int(file.stem.removeprefix("shard-")) * 900
        assert rows == list(range(first, min(first + 900, JOB)))


def _whole_array(folder: Path) -> None:
    if (folder / "out.npy").exists():
        assert len(np.load(folder / "out.npy")) == JOB


def _whole_events(folder: Path) -> None:
    from bertkit.search.events.state import load

    known = load(folder / "events")
    assert known and len(known.ids) in (500, 6000)
    for name, least in (("events", 1), ("documents", 500)):
        lines = (folder / "events" / f"{name}.jsonl").read_text("utf-8").splitlines()
        assert len(list(map(json.loads, lines))) >= least
    assert (folder / "events/events.html").read_text("utf-8").rstrip().endswith("</html>")


def _whole_html(folder: Path) -> None:
    assert (folder / "out.html").read_text("utf-8").rstrip().endswith("</html>")
