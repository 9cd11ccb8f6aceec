"""SQuAD's layout, v1.1 and v2.0 alike: articles of paragraphs, a context and its questions each; a question is a row.

    {"data": [{"title": ..., "paragraphs": [{"context": ..., "qas": [{"id": ..., "question": ..., "answers":
        [{"text": ..., "answer_start": 17}], "is_impossible": false}]}]}]}

CMRC 2018, DRCD, KorQuAD, SQuADShifts and others have it too. Answers are passed on as they are: the column kind
`answers` looks whether they stand where they say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bertkit.data.read.json_text import Repeated, describe
from bertkit.data.read.rows import Record, Tally
from bertkit.data.read.sources import Source
from bertkit.errors import Problem

LEVELS = {"paragraphs": "paragraph", "qas": "question"}
"""Key of the list at each level below an article -> what it lists."""


def articles(value: Any) -> list[Any] | None:
    """The articles of a file in this layout (or of its `data`); None where it is another."""
    found = value.get("data") if isinstance(value, dict) else value
    if isinstance(found, list) and any(isinstance(item, dict) and "paragraphs" in item for item in found):
        return found
    return None


def questions(articles: list[Any], source: Source) -> Iterator[Record | Problem]:
    """A row a question: its `id`, `title` (where the article has one), `context`, and all else that the question has.

    Its place is `file[id 56be...]`; where there is no id, `file[article 2 (Oxygen), paragraph 3, question 1]`.
    """
    unmarked, first = Tally(), dict[str, int]()
    leaves = (leaf for n, article in enumerate(articles, 1) for leaf in _leaves(article, list(LEVELS), f"article {n}"))
    for number, leaf in enumerate(leaves, 1):
        if isinstance(leaf, Problem):
            yield Problem(f"{source.name}[{leaf.key}]", leaf.reason, leaf.remedy)
            continue
        where, values = leaf
        place = f"{source.name}[{where}]"
        problem = _problem(values, place, first)
        if problem is None and values.get("answers") == [] and values.get("is_impossible") is False:
            unmarked.add("questions without an answer that is_impossible does not mark", place)
        first.setdefault(str(values["id"]), number)
        yield problem or Record(place, number, values)
    unmarked.warn()


def _leaves(item: Any, keys: list[str], where: str, above: dict | None = None) -> Iterator[Problem | tuple[str, dict]]:
    """The place and the values of each question below an item, whose lists are called `keys`, level by level."""
    if not isinstance(item, dict):
        yield Problem(where, f"not an object: found {describe(item)}", "see docs/data.md for the layout of SQuAD")
    elif isinstance(item, Repeated):
        yield item.problem(where)
    elif not keys:
        yield _leaf(item, where, above or {})
    else:
        where += f" ({item['title']:.40})" if isinstance(item.get("title"), str) else ""
        children = item.get(keys[0])
        if not isinstance(children, list):
            what = f"no list of {keys[0]}: found {describe(children)}"
            yield Problem(where, what, f'write "{keys[0]}": [...]; [] where there are none')
            return
        kept = {key: item[key] for key in ("title", "context") if key in item}
        for number, child in enumerate(children, 1):
            yield from _leaves(child, keys[1:], f"{where}, {LEVELS[keys[0]]} {number}", {**(above or {}), **kept})


def _leaf(item: dict, where: str, above: dict) -> Problem | tuple[str, dict]:
    identity = item.get("id")
    if not isinstance(identity, str | int) or not str(identity).strip():
        todo = 'give each question an "id" of its own: answers are told by it'
        return Problem(where, "a question without an id", todo)
    if "context" not in above:
        return Problem(f"id {identity}", f"no context: its paragraph has none ({where})", "every paragraph needs one")
    return f"id {identity}", {"id": identity, **above, "question": None, **item}


def _problem(values: dict, place: str, first: dict[str, int]) -> Problem | None:
    """What is wrong with a question, apart from its texts and the places of its answers."""
    if earlier := first.get(str(values["id"])):
        return Problem(
            place, f"an id that stands twice: first at question {earlier:,} of the file", "give each its own"
        )
    if values.get("is_impossible") is True and values.get("answers"):
        todo = "has it an answer or not? plausible ones stand under plausible_answers"
        return Problem(place, "is_impossible is true, but there are answers", todo)
    return None
