"""A case: files in a folder and one command line, drawn from a seed and a number."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.material import Draw, Material


@dataclass
class Case:
    """A command line, and what its rows can be counted by.

    Args:
        source: the file whose rows must all come back; empty if they can not be counted.
        output: the file that has them, or counts them. It must not exist after exit code 2.
        stdin: what standard input holds.
        folders: folders that the command may write in; all other files must stay as they are.
    """

    command: list[str]
    source: str = ""
    output: str = ""
    stdin: bytes = b""
    folders: tuple[str, ...] = ()


Generator = Callable[[Draw], Case]


def draw(seed: int, number: int, folder: Path, material: Material) -> tuple[str, Case]:
    """The name of the generator, and its case; the files are written."""
    from tests.fuzz import corpora, models, recipes, runs, tables, vectors, words

    shares: dict[Generator, int] = {
        tables.table: 30, words.conll: 10, words.questions: 10, words.answers: 3, recipes.recipe: 10, recipes.sets: 14,
        recipes.trained: 3, models.model: 10, models.checkpoint: 3, runs.run: 10, runs.resumed: 2, runs.compared: 2,
        corpora.text: 10, corpora.corpus: 4, recipes.suite: 1, vectors.embed: 8, vectors.keywords: 4, vectors.mine: 4,
        vectors.retrieval: 5, vectors.track: 5,
    }  # fmt: skip
    chance = random.Random(f"{seed}-{number}")
    generator = chance.choices(list(shares), list(shares.values()))[0]
    folder.mkdir(parents=True)
    case = generator(Draw(chance, folder, material))
    return f"{generator.__module__.rpartition('.')[2]}.{generator.__name__}", case
