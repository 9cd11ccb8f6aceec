"""What cases are made from: a tiny model, and a Run and rows per task, each the same in every session."""

from __future__ import annotations

import functools
import json
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from bertkit import train
from bertkit.training import callbacks
from tests.helpers import Power, make, tiny_recipe
from tests.tiny import WORDS, make_bert, make_tokenizer

TASKS = ("classify", "regress", "choice", "ner", "squad", "embed", "rerank")
"""Those whose Runs answer rows of a file; `pretrain` has generators of its own."""


class Material:
    """Made when it is asked for, in one folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.words = WORDS.read_text("utf-8")

    @functools.cached_property
    def tokenizer(self) -> Path:
        return make_tokenizer(self.folder / "tokenizer")

    @functools.cached_property
    def bert(self) -> Path:
        return make_bert(self.tokenizer, self.folder / "bert")

    @functools.cache  # noqa: B019 - one Material a session
    def run(self, task: str) -> Path:
        """A Run after one step."""
        folder = self._made(task)
        recipe = tiny_recipe(task, {}, self.bert, folder, max_steps=1)
        return train(recipe, output=folder / "run").path

    @functools.cache  # noqa: B019
    def unfinished(self, task: str) -> Path:
        """A Run with checkpoints of its steps 2 and 4, whose power was cut after step 5."""
        folder = self._made(f"unfinished-{task}")
        block = {"max_steps": 6, "save_strategy": "steps", "save_steps": 2, "eval_strategy": "steps", "eval_steps": 2}
        recipe = tiny_recipe(task, {}, self.bert, folder, **block, save_total_limit=2)
        plain = callbacks.StopWatch.on_step_end

        def on_step_end(self: Any, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            plain(self, args, state, control, **kwargs)
            if state.global_step == 5:
                raise Power

        with mock.patch.object(callbacks.StopWatch, "on_step_end", on_step_end):
            try:
                train(recipe, output=folder / "run")
            except Power:
                return folder / "run"
        raise AssertionError("the training ended")

    @functools.cached_property
    def corpus(self) -> Path:
        from bertkit.data.corpus import corpus
        from bertkit.data.corpus.options import checked
        from bertkit.models.vocabulary import open_tokenizer
        from bertkit.recipe.schema import DataBlock

        folder = self._made("corpus")
        (folder / "words.txt").write_text(self.words, "utf-8")
        options = checked({"max_length": 24, "documents": "line", "pairs": "none"})
        source, tokenizer = str(folder / "words.txt"), open_tokenizer(str(self.tokenizer))
        corpus.build([source], tokenizer, folder / "corpus", options, block=DataBlock(), processes=1)
        return folder / "corpus"

    @staticmethod
    def rows(task: str) -> list[dict[str, Any]]:
        return make(task, {}).tiny_rows()

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder


@dataclass
class Draw:
    """What a generator draws from, and the folder that it writes in."""

    chance: random.Random
    folder: Path
    material: Material

    def put(self, name: str, content: bytes | str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
        return name

    def put_json(self, name: str, value: Any) -> str:
        return self.put(name, json.dumps(value))

    def copy(self, folder: Path, name: str) -> Path:
        """A copy of a folder of the material."""
        return Path(shutil.copytree(folder, self.folder / name))

    def one(self, *options: Any) -> Any:
        return self.chance.choice(options)

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def texts(self) -> list[str]:
        """Some lines of the vocabulary's texts."""
        lines = self.material.words.splitlines()
        start = self.chance.randrange(len(lines))
        return lines[start : start + self.chance.randrange(1, 30)]
