"""Commands killed at random moments: the same command afterwards ends as one that was left alone.

    python -m tests.fuzz.kills 100 --seed 1       # or: make kills N=100

Each kill is one SIGKILL, SIGTERM, SIGINT or SIGHUP at a moment drawn from the time that the command takes. Then no
file under its final name is half-written, the same command ends well, and its result is that of the command alone.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import json
import multiprocessing
import os
import random
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.material import Material

SECONDS = 120
"""After which a command hangs."""
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
ALL = ("classify", "regress", "choice", "ner", "squad", "pretrain")


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
    evaluate = ["eval", "run", "--data", "rows.jsonl", "-o", "out.json"]
    return [
        *training,
        Victim("corpus build", [*corpus, "--processes", "1"], _texts, _files("corpus"), _whole_corpus),
        Victim("tokenizer train", tokenizer, _texts, _files("new"), _whole_folder("new", "tokenizer.json")),
        Victim("tokenizer extend", extend, _texts, _files("new"), _whole_folder("new", "model.safetensors")),
        Victim("bench", ["bench", "suite.yaml", "-o", "bench"], _suite, _benched, _whole_json("bench/metrics.json")),
        Victim("eval", evaluate, _run, _files("out.json"), _whole_json("out.json")),
        Victim("predict", run, _run, _files("out.csv"), _whole_csv),
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
        files = sorted(path for path in top.rglob("*") if path.is_file()) if top.is_dir() else [top]
        return {str(file.relative_to(folder)): _hash(file) for file in files}

    return result


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
        if (folder / name).exists():
            assert (folder / name / last).is_file(), f"{name} is there without {last}"

    return whole


def _whole_csv(folder: Path) -> None:
    with (folder / "out.csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream, strict=True)
    assert rows == [["1"]] or len(rows) == 400 * 8, f"{len(rows)} rows"
    assert all(len(row) == len(header) for row in rows)


def _whole_html(folder: Path) -> None:
    assert (folder / "out.html").read_text("utf-8").rstrip().endswith("</html>")


# --- kill ------------------------------------------------------------------------------------------------------------


@dataclass
class Killer:
    """Runs commands in processes that have imported all that is slow."""

    context: Any
    folder: Path
    material: Material
    done: list[Victim] = field(default_factory=list)

    def left_alone(self, victim: Victim) -> None:
        """Runs the command to its end, for its result and its time."""
        folder = self._place(f"alone-{len(self.done)}", victim)
        start = time.monotonic()
        code, err = self._run(victim, folder, None, None)
        if code != 0:
            raise AssertionError(f"{victim.name}: exit code {code}\n{err}")
        victim.seconds = time.monotonic() - start
        victim.alone = victim.result(folder)
        victim.whole(folder)
        self.done.append(victim)

    def kill(self, victim: Victim, number: int, chance: random.Random) -> str:
        """Kill the command one to three times, and end it; what is wrong, or an empty text."""
        folder = self._place(f"killed-{number}", victim)
        story = []
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            kind, moment = chance.choice(SIGNALS), chance.uniform(0.02, 1.0) * victim.seconds
            code, err = self._run(victim, folder, kind, moment)
            story.append(f"{kind.name} after {moment:.2f} s: exit code {code}")
            if "Traceback" in err and kind is not signal.SIGINT:
                return self._told(victim, folder, story, f"a traceback:\n{err[-1500:]}")
            try:
                victim.whole(folder)
            except Exception as error:
                return self._told(victim, folder, story, f"half-written: {error!r}")
        code, err = self._run(victim, folder, None, None)
        if code != 0:
            return self._told(victim, folder, story, f"the same command ends with {code}:\n{err[-1500:]}")
        if victim.result(folder) != victim.alone:
            return self._told(victim, folder, story, "another result than that of the command alone")
        if left := [path.name for path in folder.rglob(".writing-*")] if "KILL" not in " ".join(story) else []:
            return self._told(victim, folder, story, f"left behind: {', '.join(left)}")
        shutil.rmtree(folder)
        return ""

    def _place(self, name: str, victim: Victim) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True)
        victim.prepare(folder, self.material)
        return folder

    def _run(self, victim: Victim, folder: Path, kind: signal.Signals | None, moment: float | None) -> tuple[int, str]:
        process = self.context.Process(target=_in_folder, args=(folder, victim.command), daemon=False)
        process.start()
        if kind is not None:
            process.join(moment)
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, kind)
        process.join(SECONDS)
        hangs = process.is_alive()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it started, and itself if it hangs
        process.join()
        err = (folder / "err.txt").read_text("utf-8", "replace") if (folder / "err.txt").exists() else ""
        return (-999 if hangs else process.exitcode), err

    @staticmethod
    def _told(victim: Victim, folder: Path, story: list[str], what: str) -> str:
        return f"{victim.name}: {'; '.join(story)}: {what}\n  cd {folder} && bertkit {shlex.join(victim.command)}"


def _in_folder(folder: Path, command: list[str]) -> None:
    from tests.launched import forked

    os.setpgid(0, 0)
    os.chdir(folder)
    forked(command, (folder / "out.txt", folder / "err.txt"), {"COLUMNS": "200"})


def killed(number: int, seed: int, killer: Killer, names: str = "") -> list[str]:
    """What is wrong after so many kills."""
    chosen = [victim for victim in victims() if names in victim.name]
    for victim in chosen:
        killer.left_alone(victim)
    chance = random.Random(seed)
    wrong = []
    for place in range(number):
        if told := killer.kill(chosen[place % len(chosen)], place, chance):
            wrong.append(told)
            print(told, flush=True)  # noqa: T201
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.kills")
    parser.add_argument("kills", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="commands whose name has this in it")
    asked = parser.parse_args()
    from tests.launched import PRELOAD

    os.environ.update({"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"})
    folder = Path(tempfile.mkdtemp(prefix="bertkit-kills-"))
    os.environ["BERTKIT_CACHE"] = str(folder / "cache")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*PRELOAD, "bertkit.inference.evaluate", "bertkit.bench.runner"])
    (folder / "material").mkdir()
    killer = Killer(context, folder, Material(folder / "material"))
    start = time.monotonic()
    wrong = killed(asked.kills, asked.seed, killer, asked.only)
    seconds = time.monotonic() - start
    print(f"{asked.kills} kills: {len(wrong)} wrong, {seconds:.0f} s; folder: {folder}")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
