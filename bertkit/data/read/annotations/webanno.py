"""WebAnno TSV 3, as INCEpTION and WebAnno export it: one row per sentence.

    #FORMAT=WebAnno TSV 3.3
    #T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value

    #Text=Mara Bell flew to Oslo
    1-1<TAB>0-4<TAB>Mara<TAB>*[1]<TAB>PER[1]

Offsets are those of the document in units of UTF-16; the first token begins where the sentence begins. `[1]` joins the
tokens of an annotation, `|` stands between several on a token, `\\` before a character that is meant as it stands.

Each feature of a layer of spans is a column, `NamedEntity.value`, with one entity per annotation that has a value; a
layer without features is one whose entities all have its name. `spans` is NamedEntity.value, or else the only feature.
Relations, chains and slots are not read. An annotation beyond the end of a sentence is divided there, and counted.

Source: INCEpTION's user guide, "WebAnno TSV 3.3 File format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bertkit.data.read.annotations.export import Values
from bertkit.data.read.lines import lines
from bertkit.data.read.rows import BadRows, Record
from bertkit.data.read.sources import Source
from bertkit.errors import DataError, Problem
from bertkit.recipe.schema import DataBlock

OPENS = b"#FORMAT=WebAnno TSV 3"
ENTITIES = "NamedEntity.value"
"""The feature of the built-in layer of entities."""

_TEXT = "#Text="
_LAYER = re.compile(r"#T_(SP|CH|RL)=([^|]+)\|?(.*)")
_TOKEN = re.compile(r"\d+-\d+(?:\.\d+)?\t(\d{1,18})-(\d{1,18})\t([^\t]*)\t?(.*)")
_STACKED = re.compile(r"(?:\\.|[^|\\])+")
_VALUE = re.compile(r"((?:\\.|[^\\\[\]])*)(?:\[(\d+)\])?")
_ESCAPED = re.compile(r"\\(->|.)", re.DOTALL)
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "b": "\b"}
_BEYOND = "annotations that go on in the next sentence, divided there"


@dataclass
class _Sentence:
    """Its text, and its lines of tokens with their numbers in the file."""

    line: int
    text: list[str] = field(default_factory=list)
    tokens: list[tuple[int, str]] = field(default_factory=list)


def opens(source: Source) -> bool:
    """Whether the file begins as this format does; what can not be read or only once is left to its own reader."""
    if source.file is not None and not source.file.is_file():
        return False
    try:
        with source.open() as raw:
            return raw.read(len(OPENS) + 3).removeprefix(b"\xef\xbb\xbf").startswith(OPENS)
    except (OSError, EOFError):
        return False


def read_webanno(source: Source, block: DataBlock, bad: BadRows, *, answers: bool) -> Iterator[Record | Problem]:
    """One row per sentence: `text`, a column per feature, and `spans`.

    Args:
        bad: counts what is not read.

    Raises:
        DataError: the first line does not name the format.
    """
    content = [line.rstrip("\r\n") for line in lines(source, block)]
    if not content[:1] or not content[0].encode().startswith(OPENS):
        what = "does not begin with #FORMAT=WebAnno TSV 3"
        raise DataError.at(source.line(1), what, "export it as WebAnno TSV 3 (ctsv3)")
    layers = [(found[1], found[2], found[3]) for line in content if (found := _LAYER.fullmatch(line))]
    for kind, name in ((kind, name) for kind, name, _ in layers if kind != "SP"):
        what = {"CH": "chains", "RL": "relations"}[kind]
        bad.note(f"layers of {what} of WebAnno's ({_short(name)}), not read", source.name)
    features = [feature for layer in layers for feature in _features(*layer)]
    continued: dict[str, str] = {}
    for number, sentence in enumerate(_sentences(content), 1):
        yield _row(sentence, number, source, features, continued, bad)


def _short(layer: str) -> str:
    return layer.rpartition(".")[2]


def _features(kind: str, layer: str, features: str) -> list[str]:
    """The name of each column of a layer; an empty one for a column that is not read.

    A slot has two columns, its roles and its targets.
    """
    names = features.split("|")
    if kind != "SP":
        return [""] * len(names)
    slots = [name.startswith("ROLE_") for name in names]
    targets = [False, *slots[:-1]]
    skipped = [slot or target for slot, target in zip(slots, targets, strict=True)]
    return ["" if skip else f"{_short(layer)}.{name}".rstrip(".") for name, skip in zip(names, skipped, strict=True)]


def _sentences(content: list[str]) -> Iterator[_Sentence]:
    sentence: _Sentence | None = None
    for number, line in enumerate(content, 1):
        if line.startswith(_TEXT):
            if sentence is None or sentence.tokens:
                if sentence:
                    yield sentence
                sentence = _Sentence(number)
            sentence.text.append(_unescaped(line.removeprefix(_TEXT)))
        elif sentence and line.strip() and not line.startswith("#"):
            sentence.tokens.append((number, line))
    if sentence:
        yield sentence


def _row(
    sentence: _Sentence, number: int, source: Source, features: list[str], continued: dict[str, str], bad: BadRows
) -> Record | Problem:
    """The row of a sentence, or the problem of its first malformed line.

    Args:
        continued: number of each annotation of the file -> the place of its sentence.
    """
    text, place = "\n".join(sentence.text), source.line(sentence.line)
    columns: dict[str, dict[str, Values]] = {name: {} for name in features if name}
    at = [character for character, letter in enumerate(text) for _ in range(_units(letter))]
    at.append(len(text))  # unit of UTF-16 -> character
    origin: int | None = None
    for line, content in sentence.tokens:
        found = _TOKEN.fullmatch(content)
        cells = found[4].removesuffix("\t").split("\t") if found else []
        if not found or (features and len(cells) != len(features)):
            detail = f"{len(cells)} columns, the header names {len(features)}" if found else f"{content!r:.60}"
            return Problem(source.line(line), "not a token of WebAnno's", "number, START-END, token, columns", detail)
        if origin is None:
            origin = int(found[1]) - _units(text[: max(0, text.find(found[3]))])
        first, last = int(found[1]) - origin, int(found[2]) - origin
        if not 0 <= first <= last < len(at) or text[at[first] : at[last]] not in (found[3], _unescaped(found[3])):
            detail = f"{found[3]!r:.40} at {found[1]} to {found[2]}"
            return Problem(source.line(line), "a token that is not at its place", "", detail)
        for name, cell in zip(features, cells, strict=False):
            if name:
                _add(columns[name], cell, name, at[first], at[last])
    return Record(place, number, {"text": text, **_entities(columns, continued, place, bad)})


def _units(text: str) -> int:
    """Length in units of UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _add(entities: dict[str, Values], cell: str, name: str, start: int, end: int) -> None:
    """Add the annotations of a token to those of its sentence, by their number, or by their place if they have none."""
    if cell == "_":
        return
    for stacked in _STACKED.findall(cell):
        found = _VALUE.fullmatch(stacked)
        value, identity = (found[1], found[2]) if found else (stacked, None)
        label = name if "." not in name else None if value == "*" else _unescaped(value)
        key = identity or f"at {start} {end} {len(entities)}"
        entity = entities.setdefault(key, {"start": start, "end": end, "label": label})
        entity["end"] = max(entity["end"], end)


def _entities(
    columns: dict[str, dict[str, Values]], continued: dict[str, str], place: str, bad: BadRows
) -> dict[str, list[Values]]:
    """The entities of a sentence by column, and as `spans` those of the column that has them."""
    row: dict[str, list[Values]] = {}
    for name, entities in columns.items():
        row[name] = [one for one in entities.values() if one["label"] is not None]
        for _ in range(len(entities) - len(row[name])):
            bad.note(f"annotations without a value of {name}, left out", place)
        for identity, one in entities.items():
            known = one["label"] is not None and identity.isdigit()
            if known and continued.setdefault(f"{name} {identity}", place) != place:
                bad.note(_BEYOND, place)
    spans = ENTITIES if ENTITIES in row else next(iter(row), "") if len(row) == 1 else ""
    return row | ({"spans": row[spans]} if spans else {})


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: _CONTROLS.get(found[1], found[1]), text)
