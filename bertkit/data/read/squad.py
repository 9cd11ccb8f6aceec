"""SQuAD's layout, v1.1 and v2.0: articles of paragraphs, each with a context and questions; one row per question.

    {"data": [{"title": ..., "paragraphs": [{"context": ..., "qas": [{"id": ..., "question": ..., "answers":
        [{"text": ..., "answer_start": 17}], "is_impossible": false}]}]}]}

CMRC 2018, DRCD, KorQuAD, SQuADShifts and others use it too. Answers are passed on unchanged: the column kind `answers`
checks that each is found at its start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bertkit.data.read.json_text import Repeated, describe
from bertkit.data.read.rows import Record, Tally
from bertkit.data.read.sources import Source
from bertkit.errors import Problem

LEVELS = {"paragraphs": "paragraph", "qas": "question"}
"""Key of the list at each level below an article -> name of its elements."""


def articles(value: Any) -> list[Any] | None:
    """The articles of a file in this layout (or of its `data`); None for another layout."""
    listed = value.get("data") if isinstance(value, dict) else value
    if isinstance(listed, list) and any(isinstance(item, dict) and "paragraphs" in item for item in listed):
        return listed
    return None


def questions(articles: list[Any], source: Source) -> Iterator[Record | Problem]:
    """One row per question: its `id`, `title` (if the article has one), `context`, and all other keys of the question.

    Its place is `file[id 56be...]`; where there is no id, `file[article 2 (Oxygen), paragraph 3, question 1]`.
    """
    unmarked, first = Tally(), dict[str, int]()
    leaves = (leaf for n, article in enumerate(articles, 1) for leaf in _leaves(article, list(LEVELS), f"article {n}"))
    for number, leaf in enumerate(leaves, 1):
        if isinstance(leaf, Problem):
            yield replace(leaf, key=f"{source.name}[{leaf.key}]")
            continue
        where, values = leaf
        place = f"{source.name}[{where}]"
        problem = _problem(values, place, first)
        if problem is None and values.get("answers") == [] and values.get("is_impossible") is False:
            unmarked.add("questions without an answer, not marked by is_impossible", place)
        first.setdefault(str(values["id"]), number)
        yield problem or Record(place, number, values)
    unmarked.warn()


def _leaves(item: Any, keys: list[str], where: str, above: dict | None = None) -> Iterator[Problem | tuple[str, dict]]:
    """The place and the values of each question below an item, whose lists are called `keys`, level by level."""
    if not isinstance(item, dict):
        yield Problem(where, "not an object", "see docs/data.md for the layout of SQuAD", f"found {describe(item)}")
    elif isinstance(item, Repeated):
        yield item.problem(where)
    elif not keys:
        yield _leaf(item, where, above or {})
    else:
        where += f" ({item['title']:.40})" if isinstance(item.get("title"), str) else ""
        children = item.get(keys[0])
        if not isinstance(children, list):
            todo = f'write "{keys[0]}": [...]; [] if there are none'
            yield Problem(where, f"no list of {keys[0]}", todo, f"found {describe(children)}")
            return
        kept = {key: item[key] for key in ("title", "context") if key in item}
        for number, child in enumerate(children, 1):
            yield from _leaves(child, keys[1:], f"{where}, {LEVELS[keys[0]]} {number}", {**(above or {}), **kept})


def _leaf(item: dict, where: str, above: dict) -> Problem | tuple[str, dict]:
    identity = item.get("id")
    if not isinstance(identity, str | int) or not str(identity).strip():
        todo = 'give each question an "id" of its own: answers are matched by it'
        return Problem(where, "a question without an id", todo)
    if "context" not in above:
        return Problem(f"id {identity}", "no context", "every paragraph needs one", f"its paragraph has none ({where})")
    return f"id {identity}", {"id": identity, **above, "question": None, **item}


def _problem(values: dict, place: str, first: dict[str, int]) -> Problem | None:
    """The problem of a question, apart from its texts and the places of its answers."""
    if earlier := first.get(str(values["id"])):
        return Problem(place, "duplicate id", "give each its own", f"first at question {earlier:,} of the file")
    if values.get("is_impossible") is True and values.get("answers"):
        todo = "does it have an answer? plausible ones belong under plausible_answers"
        return Problem(place, "is_impossible is true, but there are answers", todo)
    return None
