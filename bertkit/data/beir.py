"""Collections in BEIR's layout (Thakur et al. 2021): documents, queries, and judgements of which are relevant.

corpus.jsonl      {"_id": "d1", "title": "...", "text": "..."}; a document is its title and text, joined by a space
queries.jsonl     {"_id": "q1", "text": "..."}
qrels/test.tsv    query-id <TAB> corpus-id <TAB> score, with this header; a score above 0 is relevant

A file may be packed (`corpus.jsonl.gz`). A judged document that is not in the corpus counts as relevant and not found,
as in trec_eval. A score below 0, which some collections give to spam, is read as 0.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bertkit.data.read.lines import lines
from bertkit.data.read.readers import read_records
from bertkit.data.read.rows import BadRows, Record
from bertkit.data.read.sources import Source, expand
from bertkit.errors import DataError, Problem, did_you_mean
from bertkit.recipe.schema import DataBlock

CORPUS, QUERIES, QRELS = "corpus.jsonl", "queries.jsonl", "qrels"
HEADER = ("query-id", "corpus-id", "score")
MOST = 1_000_000
"""A grade above it is no grade."""
Judged = dict[str, dict[str, int]]
"""Id of a query -> id of a document -> grade, 0 for one that is not relevant."""


@dataclass(frozen=True)
class Collection:
    """Documents, queries and judgements."""

    name: str
    """That of the folder."""
    split: str
    documents: Sequence[str]
    """Ids, in the order of the file."""
    texts: Sequence[str]
    """Of each document."""
    queries: dict[str, str]
    """Id -> text of each query that has a judged document."""
    judged: Judged
    unjudged: int = 0
    """Queries without a judged document."""
    negative: int = 0
    """Scores below 0, which are read as 0."""

    @functools.cached_property
    def numbers(self) -> dict[str, int]:
        """Id of a document -> its number."""
        return {name: number for number, name in enumerate(self.documents)}

    @property
    def counts(self) -> dict[str, int]:
        """What there is, and what takes no part in the figures."""
        own = self.judged.values()
        return {
            "documents": len(self.documents),
            "queries": len(self.queries),
            "queries_not_judged": self.unjudged,
            "queries_without_relevant": sum(not any(grades.values()) for grades in own),
            "judgements": sum(map(len, own)),
            "judged_not_in_corpus": sum(name not in self.numbers for grades in own for name in grades),
            "documents_without_text": sum(not text for text in self.texts),
            "negative_scores": self.negative,
        }

    def notes(self) -> list[str]:
        """`counts` in words."""
        counts = self.counts
        lines = [f"{counts['documents']:,} documents, {counts['queries']:,} judged queries ({self.split})"]
        for key, what in {
            "queries_not_judged": "queries without a judged document, which are left out",
            "queries_without_relevant": "queries without a relevant document, which have no figures",
            "judged_not_in_corpus": "judged documents that are not in the corpus, which can not be found",
            "documents_without_text": "documents with neither title nor text",
            "negative_scores": "scores below 0, which are read as 0",
        }.items():
            if counts[key]:
                lines.append(f"{what}: {counts[key]:,}")
        return lines


def read_collection(folder: Path, split: str = "test") -> Collection:
    """The collection in a folder.

    Args:
        split: name of the judgements: `qrels/SPLIT.tsv`.

    Raises:
        DataError: a file is missing, has no rows, or has lines that can not be used: without an id or a text, an id
            that stands twice, judgements of an unknown query or with a grade that is no whole number; or no query has a
            relevant document.
    """
    if not folder.is_dir():
        raise DataError.at(str(folder), "no such folder", f"name one that holds {CORPUS}, {QUERIES} and {QRELS}/")
    judgements = _qrels(folder, split)
    queries = dict(_texts(_file(folder, QUERIES)))
    judged = _judgements(judgements, queries)
    negative = sum(grade < 0 for grades in judged.values() for grade in grades.values())
    judged = {query: {name: max(grade, 0) for name, grade in grades.items()} for query, grades in judged.items()}
    documents: list[str] = []
    texts: list[str] = []
    for name, text in _texts(_file(folder, CORPUS)):
        documents.append(name)
        texts.append(text)
    asked = {name: queries[name] for name in queries if name in judged}
    ordered = {name: judged[name] for name in asked}
    unjudged = len(queries) - len(asked)
    found = Collection(folder.resolve().name, split, documents, texts, asked, ordered, unjudged, negative)
    _check(found, judgements)
    return found


def _check(found: Collection, judgements: Path) -> None:
    if not any(any(grades.values()) for grades in found.judged.values()):
        raise DataError.at(
            str(judgements), "no query has a relevant document (score above 0)", "is this the right file?"
        )
    if not any(name in found.numbers for grades in found.judged.values() for name in grades):
        what = "none of the judged documents is in the corpus"
        raise DataError.at(str(judgements), what, "are corpus and judgements of the same collection?")


def _file(folder: Path, name: str) -> Path:
    known = [folder / f"{name}{ending}" for ending in ("", ".gz", ".zst", ".bz2", ".xz")]
    file = next((one for one in known if one.is_file()), None)
    if file is None:
        what = f"has no {name}"
        raise DataError.at(str(folder), what, f"expected {CORPUS}, {QUERIES} and {QRELS}/test.tsv, as BEIR has them")
    return file


def _qrels(folder: Path, split: str) -> Path:
    known = {file.name.removesuffix(".tsv"): file for file in sorted((folder / QRELS).glob("*.tsv"))}
    if split in known:
        return known[split]
    where = str(folder / QRELS)
    if not known:
        raise DataError.at(where, "has no judgements", f"expected {QRELS}/{split}.tsv with {', '.join(HEADER)}")
    raise DataError.at(where, f"has no {split}.tsv", f"name one with --split: {did_you_mean(split, known)}")


def _texts(file: Path) -> Iterator[tuple[str, str]]:
    """Id and text of each line; the title comes before the text."""
    bad, seen = BadRows(), dict[str, str]()
    for record in read_records([str(file)], DataBlock(format="jsonl")):
        name, text, title = (record.values.get(key) for key in ("_id", "text", "title"))
        if problem := _misfit(record, seen):
            bad.add(problem)
            continue
        seen[str(name)] = record.place
        yield str(name), f"{title or ''} {text}".strip()
    bad.settle()


def _misfit(record: Record, seen: dict[str, str]) -> Problem | None:
    """Why a line can not be used."""
    name, text, title = (record.values.get(key) for key in ("_id", "text", "title"))
    if not isinstance(name, str | int) or isinstance(name, bool) or str(name).strip() == "":
        return Problem(record.place, "has no _id", 'a line is {"_id": "...", "text": "..."}')
    if not isinstance(text, str):
        return Problem(record.place, "has no text", 'a line is {"_id": "...", "text": "..."}')
    if title is not None and not isinstance(title, str):
        return Problem(record.place, "its title is no text", "write a text, or leave it out")
    if before := seen.get(str(name)):
        return Problem(record.place, "an _id stands twice", "each names one", f"{name}, also in {before}")
    return None


def _judgements(file: Path, queries: dict[str, str]) -> Judged:
    (source,) = expand([str(file)], DataBlock(format="tsv"))
    judged: Judged = {}
    bad, empty = BadRows(), True
    for number, line in enumerate(lines(source, DataBlock()), 1):
        cells = line.rstrip("\r\n").split("\t")
        if number == 1:
            if tuple(cells) != HEADER:
                what = f"the header is {line.rstrip()!r:.60}"
                raise DataError.at(source.line(1), what, f"expected, separated by tabs: {' '.join(HEADER)}")
            continue
        if not line.strip():
            continue
        empty = False
        if problem := _judge(cells, source, number, queries, judged):
            bad.add(problem)
    bad.settle()
    if empty:
        raise DataError.at(str(file), "no judgements", "is this the right file?")
    return judged


def _judge(cells: list[str], source: Source, number: int, queries: dict[str, str], judged: Judged) -> Problem | None:
    """Take a line of judgements, or say why it can not be used."""
    place = source.line(number)
    if len(cells) != len(HEADER):
        return Problem(place, f"has {len(cells)} columns", f"expected, separated by tabs: {' '.join(HEADER)}")
    query, document, score = cells
    try:
        grade = float(score)
    except ValueError:
        grade = float("nan")
    if not grade.is_integer() or abs(grade) > MOST:
        return Problem(place, f"score is no whole number up to {MOST:,}", "0 is not relevant, 1 or more is", score)
    if query not in queries:
        return Problem(place, f"judges a query that {QUERIES} does not have", "take the line out, or add it", query)
    grade = int(grade)
    known = judged.setdefault(query, {})
    if known.setdefault(document, grade) != grade:
        return Problem(place, "judges a document again, with another score", "keep one of them", f"{query} {document}")
    return None
