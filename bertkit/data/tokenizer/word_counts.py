"""Files of text -> texts one after the other -> how often each word occurs.

A word is what a tokenizer's normalizer and pre-tokenizer leave of the text. The counting is done by the tokenizers
library, on all cores; memory grows with the number of different words, not with the text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bertkit.data.read.documents import AUTO, scan
from bertkit.data.read.readers import read
from bertkit.data.read.rows import BadRows, Record
from bertkit.data.read.sources import BINARY, Source, setting
from bertkit.errors import Problem
from bertkit.recipe.schema import DataBlock

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SKIP = f"to leave such rows out and count them: {setting('data.bad_rows', 'skip')}"

Advance = Callable[[int], Any]
"""Told how many more bytes of text were read."""


def size(sources: Sequence[Source]) -> int | None:
    """Bytes of text in all files; None where that is not known before they are read."""
    plain = all(s.file and s.file.is_file() and s.format not in BINARY and s.file.suffix != ".gz" for s in sources)
    return sum(s.file.stat().st_size for s in sources if s.file) if plain else None


def texts(sources: Sequence[Source], block: DataBlock, advance: Advance = lambda count: None) -> Iterator[str]:
    """The texts of all sources: the lines of plain text, the column `text` (`block.columns`) of what has columns.

    Raises:
        DataError: a file can not be read, is in another encoding or has no such column; each with its line.
    """
    bad = BadRows(block.bad_rows)
    column = str(block.columns.get("text", "text"))
    for source in sources:
        encoding = scan(source, block).encoding if block.encoding == AUTO else block.encoding
        for record in read(source, block.model_copy(update={"encoding": encoding}), bad):
            found = _text(record, column)
            if isinstance(found, Problem):
                bad.add(found)
                if bad.count >= 10 and block.bad_rows == "error":
                    break  # a missing column is missing in all of them
                continue
            advance(len(found) + 1 if found.isascii() else len(found.encode()) + 1)
            yield found
    bad.settle()


def _text(record: Record, column: str) -> str | Problem:
    text = record.values.get(column)
    if isinstance(text, str):
        try:
            text.isascii() or text.encode()
        except UnicodeEncodeError:
            return Problem(record.place, "text holds half a character", f"was it cut inside an emoji? {SKIP}")
        return text
    if column not in record.values:
        has = ", ".join(map(str, record.values))
        todo = f"name it: {setting('data.columns.text', 'NAME')}; the columns here: {has}"
        return Problem(record.place, f"no column {column!r}", todo)
    what = "text is missing" if text is None else f"text is not a text: found {text!r:.40}"
    return Problem(record.place, what, SKIP)


def count_words(lines: Iterable[str], backend: Tokenizer) -> dict[str, int]:
    """Word -> how often it occurs, sorted by word. `backend` lends its normalizer and pre-tokenizer."""
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
