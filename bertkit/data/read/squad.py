"""SQuAD's layout, v1.1 and v2.0: articles of paragraphs, each with a context and questions; one row per question.

    {"data": [{"title": ..., "paragraphs": [{"context": ..., "qas": [{"id": ..., "question": ..., "answers":
        [{"text": ..., "answer_start": 17}], "is_impossible": false}]}]}]}

CMRC 2018, DRCD, KorQuAD, SQuADShifts and others use it too. Some tools leave the upper levels out: a list of paragraphs
(simpletransformers), also as JSON lines, or `{"data": {"dialogues": [...]}}`, whose dialogues are paragraphs (Molweni).
Answers are passed on unchanged: the column kind `answers` checks that each is found at its start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from bertkit.data.read.json_text import Repeated, describe
from bertkit.data.read.rows import Record, Tally
from bertkit.data.read.sources import Source
from bertkit.errors import DataError, Problem

NAMES = {"paragraphs": "article", "qas": "paragraph"}
"""Key of the list in an article or paragraph -> name of what holds it."""
ABOVE = ("data", "dialogues")
"""Keys on the way to the articles or paragraphs of a file."""


def layout(value: Any, source: Source) -> tuple[list[Any], list[str]] | None:
    """The articles or paragraphs of a file in this layout, and the keys of the lists below each, level by level; None
    for another layout.

    Raises:
        DataError: an object above them has a key twice.
    """
    above = []
    for key in ABOVE:
        if isinstance(value, dict) and key in value:
            above.append(value)
            value = value[key]
    keys = list(NAMES)
    for depth, key in enumerate(keys):
        if isinstance(value, list) and any(isinstance(item, dict) and key in item for item in value):
            if twice := next((one for one in above if isinstance(one, Repeated)), None):
                raise DataError(twice.problem(source.name))
            return value, keys[depth:]
    return None


def questions(
    items: Iterable[Problem | tuple[str, Any]], keys: Sequence[str], source: Source
) -> Iterator[Record | Problem]:
    """One row per question: its `id`, `title` (if the article has one), `context`, and all other keys of the question.

    Its place is `file[id 56be...]`; where there is no id, `file[article 2 (Oxygen), paragraph 3, question 1]`.

    Args:
        items: articles or paragraphs with their names, or why one can not be read.
        keys: see `layout`.
    """
    unmarked, first, number = Tally(), dict[str, int](), 0
    for item in items:
        leaves = [item] if isinstance(item, Problem) else _leaves(item[1], keys, item[0])
        for leaf in leaves:
            number += 1
            if isinstance(leaf, Problem):
                yield leaf if leaf is item else replace(leaf, key=f"{source.name}[{leaf.key}]")
                continue
            where, values = leaf
            place = f"{source.name}[{where}]"
            problem = _problem(values, place, first)
            if problem is None and values.get("answers") == [] and values.get("is_impossible") is False:
                unmarked.add("questions without an answer, not marked by is_impossible", place)
            first.setdefault(str(values["id"]), number)
            yield problem or Record(place, number, values)
    unmarked.warn()


def _leaves(
    item: Any, keys: Sequence[str], where: str, above: dict | None = None
) -> Iterator[Problem | tuple[str, dict]]:
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
            name = NAMES[keys[1]] if len(keys) > 1 else "question"
            yield from _leaves(child, keys[1:], f"{where}, {name} {number}", {**(above or {}), **kept})


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
    if values.get("is_impossible") is True and _has_text(values.get("answers")):
        todo = "does it have an answer? plausible ones belong under plausible_answers"
        return Problem(place, "is_impossible is true, but there are answers", todo)
    return None


def _has_text(answers: Any) -> bool:
    """Whether there is an answer: `[{"text": "", "answer_start": -1}]` is none."""
    if isinstance(answers, dict):
        answers = answers.get("text")
    if isinstance(answers, list):
        return any(map(_has_text, answers))
    return bool(str(answers or "").strip())
