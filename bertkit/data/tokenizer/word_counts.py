"""Count words: files of text -> their texts -> how often each word occurs.

A word is what a tokenizer's normalizer and pre-tokenizer leave of the text. The counting is done by the tokenizers
library, on all cores; memory grows with the number of different words, not with the text nor the length of a line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bertkit.data.columns import paths
from bertkit.data.read.documents import AUTO, check_text, scan
from bertkit.data.read.formats import BINARY
from bertkit.data.read.readers import read
from bertkit.data.read.rows import BadRows, Record
from bertkit.data.read.sources import Source
from bertkit.errors import Problem, Setting, name_some
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LONGEST = 1_000_000
"""Characters of a text that the library sees at a time: it takes 75 bytes for each."""

Advance = Callable[[int], Any]
"""Called with the number of bytes of text read since the last call."""


def size(sources: Sequence[Source]) -> int | None:
    """Bytes of text in all files; None if not known before they are read."""
    files = [None if s.format in (*BINARY, "folders") else s.plain_file for s in sources]
    return sum(file.stat().st_size for file in files if file) if all(files) else None


def texts(sources: Sequence[Source], block: DataBlock, advance: Advance = lambda count: None) -> Iterator[str]:
    """The texts of all sources: the lines of plain text, or the column `text` (see `block.columns`).

    Raises:
        DataError: a file can not be read, is in another encoding or has no such column; with the line.
    """
    bad = BadRows(block.bad_rows)
    column = str(block.columns.get("text", "text"))
    for source in sources:
        encoding = scan(source, block).encoding if block.encoding == AUTO else block.encoding
        for record in read(source, block.model_copy(update={"encoding": encoding}), bad):
            if problem := _problem(record, column):
                bad.add(problem)
                if bad.count >= 10 and block.bad_rows == "error":
                    break  # a missing column is missing in all rows
                continue
            text = paths.get(record.values, column)
            advance(len(text) + 1 if text.isascii() else len(text.encode()) + 1)
            yield from _parts(text)
    bad.settle()


def _parts(text: str) -> Iterator[str]:
    """A text in parts of up to `LONGEST` characters, which begin at a space; a longer word is a part of its own."""
    start = 0
    while len(text) - start > LONGEST:
        end = text.rfind(" ", start + 1, start + LONGEST)
        end = end if end > 0 else text.find(" ", start + LONGEST)
        if end < 0:
            break
        yield text[start:end]
        start = end
    yield text[start:] if start else text


def _problem(record: Record, column: str) -> Problem | None:
    if paths.there(record.values, column):
        return check_text(paths.get(record.values, column), record.place)
    has = name_some(paths.columns_in(record.values))
    setting = Setting("data.columns.text", "NAME")
    return Problem(record.place, f"no column {column!r}; the columns here: {has}", "name it", setting=setting)


def count_words(lines: Iterable[str], backend: Tokenizer) -> dict[str, int]:
    """Word -> how often it occurs, sorted by word; words as the normalizer and pre-tokenizer of `backend` give them."""
    from tokenizers import Tokenizer, models, trainers

    counter = Tokenizer(models.BPE())
    for name in ("normalizer", "pre_tokenizer"):
        if (part := getattr(backend, name)) is not None:
            setattr(counter, name, part)
    trainer = trainers.BpeTrainer(vocab_size=0, show_progress=False)
    counter.train_from_iterator(lines, trainer)
    # The library has no other way to its counts: they are part of the trainer's pickled state.
    state = json.loads(trainer.__getstate__())
    return dict(sorted(state["BpeTrainer"]["words"].items()))
