"""The format of a file: which reader its ending, or the recipe, names."""

from __future__ import annotations

import glob
import re
from pathlib import Path

from bertkit.data.read.bytes.packed import PACKED
from bertkit.errors import BertkitError, DataError, Setting
from bertkit.recipe.schema import DataBlock

ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xlsb": "excel",
    ".xls": "excel",
    ".ods": "excel",
    ".txt": "text",
    ".conll": "conll",
    ".conll03": "conll",
    ".bio": "conll",
    ".iob": "conll",
    ".iob2": "conll",
    ".bmes": "conll",
    ".ann": "brat",
    ".spacy": "docbin",
}
"""File ending (upper or lower case; one of `PACKED` may follow) -> reader."""

BINARY = ("parquet", "arrow", "excel", "docbin")
"""Formats that are not lines of text."""
NOT_ROWS = ("dataset_info.json", "dataset_dict.json", "state.json")
"""Other files that `Dataset.save_to_disk` writes."""


HEAD = 4096
"""Bytes that `looks_like` reads."""
_TAGGED = re.compile(r"\S+([ \t]\S+)*[ \t](O|[BIESLUM]-\S+)")


def unknown_ending(name: str, file: Path | None = None) -> BertkitError:
    """The error of a file whose format is unknown; it proposes the one that the content looks like."""
    todo = f"name the format ({', '.join(sorted(set(ENDINGS.values())))})"
    guess = looks_like(file) if file and file.is_file() else "csv"
    return DataError.at(name, "unknown file ending", todo, setting=Setting("data.format", guess))


def looks_like(file: Path) -> str:
    """The format that the first lines of a file look like; csv where nothing tells."""
    try:
        with file.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        return "csv"
    lines = head.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    filled = [line for line in lines if line.strip()]
    if head.startswith(b"PAR1") or not filled:
        return "parquet" if filled else "csv"
    first = filled[0].strip()
    if first[0] in "{[":
        return "jsonl" if first[0] == "{" and first.endswith("}") else "json"
    if len(filled) > 1 and all(map(_TAGGED.fullmatch, filled[: min(5, len(filled) - 1)])):
        return "conll"
    if "\t" in first:
        return "tsv"
    return "csv" if "," in first else "csv-semicolon" if ";" in first else "text"


def chosen(path: Path, block: DataBlock) -> str:
    """The format that the block names, or that of the file's ending; `data.delimiter` makes a table of plain text."""
    format = block.format or of_ending(path)
    tables = {"text": "tsv", "": "csv"} if block.delimiter and not block.format else {}
    return tables.get(format, format)


def format_of(text: str, block: DataBlock) -> str:
    """The format of a source by its name alone; an empty text where that does not tell."""
    if text.startswith("hub:"):
        return "hub"
    path = Path(text if Path(text).exists() else text.partition("#")[0])
    return "" if text == "-" or path.is_dir() or glob.has_magic(text) else chosen(path, block)


def of_ending(path: Path) -> str:
    """The format by the file ending, or an empty text."""
    packed = path.suffix.lower() in PACKED
    return ENDINGS.get(Path(path.stem if packed else path.name).suffix.lower(), "")
