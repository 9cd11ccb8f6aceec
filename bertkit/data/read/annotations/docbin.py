"""spaCy's DocBin (`.spacy`), read by spaCy itself: its texts are tokens under a hash, packed by numpy and msgpack."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from bertkit import extras
from bertkit.data.read.annotations.export import Values
from bertkit.data.read.annotations.spacy import THRESHOLD
from bertkit.data.read.rows import BadRows, Record
from bertkit.data.read.sources import Source
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock


def read_docbin(source: Source, block: DataBlock, bad: BadRows, *, answers: bool) -> Iterator[Record]:
    """One row per document: `text`, the `spans` of its entities and, if it has classes, their `label`.

    Args:
        bad: counts what is not read.

    Raises:
        ExtraError: spaCy is not installed.
        DataError: it is no DocBin.
    """
    extras.need("spacy", extra="spacy", feature=source.name)
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    try:
        with source.open() as raw:
            docs = list(DocBin().from_bytes(raw.read()).get_docs(Vocab()))
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        todo = "is it what spacy convert or DocBin.to_disk wrote?"
        raise DataError.at(source.name, "can not be read as a DocBin of spaCy's", todo) from error
    for number, doc in enumerate(docs, 1):
        place = source.row(number)
        spans = [{"start": one.start_char, "end": one.end_char, "label": one.label_} for one in doc.ents]
        row: Values = {"text": doc.text, "spans": spans}
        if doc.cats:
            row["label"] = [name for name, share in doc.cats.items() if share >= THRESHOLD]
        for name, group in doc.spans.items():
            if group:
                bad.note(f"groups of spans of spaCy's ({name}), not read", place)
        yield Record(place, number, row)
