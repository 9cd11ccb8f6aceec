"""What a user wants of keywords: in which columns, in which format, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from bertkit.extras import has
from bertkit.inference.bulk.options import BulkOptions
from bertkit.inference.columns import AnswerColumns
from bertkit.search.keywords.extract import KEYWORDS, KeywordOptions
from bertkit.tasks.task import Answer, Task


@dataclass(frozen=True)
class KeywordColumns(AnswerColumns):
    """The column `keywords`. All that the keywords depend on is here, so that a job goes on as it began.

    Args:
        words: what divides Chinese: `rjieba`, or `characters` where that is not installed.
        phrases_only: the phrases as one text, joined by `; `, which no phrase holds: for formats without lists.
    """

    top: int = 0
    ngram: int = 0
    diversity: float = 0.0
    words: str = ""
    phrases_only: bool = False

    def of(self, task: Task, answer: Answer) -> dict[str, Any]:
        found = task.to_columns(answer)[KEYWORDS]
        return {KEYWORDS: "; ".join(one["phrase"] for one in found) if self.phrases_only else found}


@dataclass(frozen=True)
class KeywordOutput(BulkOptions):
    """Options of keywords; see `BulkOptions`.

    Args:
        keywords: which phrases are taken.
    """

    formats = (".jsonl", ".csv", ".tsv", ".parquet")
    part_rows: ClassVar[int] = 512
    """A row has tens of phrases, all in memory: a part is smaller than one of predictions."""
    keywords: KeywordOptions = field(default_factory=KeywordOptions)

    @property
    def answer_columns(self) -> AnswerColumns:
        options = self.keywords
        words = "rjieba" if has("rjieba") else "characters"
        only = self.ending in (".csv", ".tsv")
        return KeywordColumns(
            top=options.top, ngram=options.ngram, diversity=options.diversity, words=words, phrases_only=only
        )
