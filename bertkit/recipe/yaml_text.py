"""The text of a recipe or a suite -> plain values, and the place of each. Limits first: the text may be a stranger's.

YAML 1.2 (ruamel.yaml): `3e-5` is a number, `no` is a text, and a key that stands twice is an error. An alias (`*name`)
repeats what its anchor (`&name`) marks, so nine short lines can mean a billion values: values are counted as they are
copied out. Tags (`!!python/object`) would never be executed, but an ignored one is a mistake.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bertkit.errors import BertkitError, RecipeError
from bertkit.recipe.references import Key

MOST_BYTES = 2**20
"""Of a file; ruamel.yaml takes ten seconds for this many."""
MOST_VALUES = 100_000
MOST_DEPTH = 50
"""Levels of nesting."""
MOST_DIGITS = 20
"""Digits of a whole number."""


def read_text(path: Path) -> bytes:
    """The content of a file.

    Raises:
        RecipeError: it can not be read, or is too large for a recipe.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise RecipeError.at(str(path), f"can not be read: {error.strerror}") from error
    if len(text) > MOST_BYTES:
        raise RecipeError.at(str(path), f"more than {MOST_BYTES:,} bytes", "is this a recipe, and not data?")
    return text


def load(text: str | bytes, name: str) -> tuple[Any, dict[Key, str]]:
    """The values of a text, and the place (`file:line`) of each key.

    Raises:
        RecipeError: not YAML, beyond a limit, a key twice, or a tag.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    todo = "look at the brackets, quotes, colons and indents there and above; indents are spaces"
    try:
        _check_depth(text, name)
        tree = YAML(typ="rt").load(text)
        return _Copy(name).whole(tree)
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1
        key = str(error.problem).partition('"')[2].rpartition('" with value')[0]
        raise RecipeError.at(f"{name}:{line}", f"{key}: this key stands twice", "keep one of them") from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise RecipeError.at(where, f"not valid YAML: {error.problem or error.context}", todo) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise RecipeError.at(name, f"not valid YAML: {str(error).splitlines()[0]}", "save it as UTF-8 text") from error
    except RecursionError as error:
        raise _too_deep(name) from error
    except ValueError as error:
        what = "holds a number with too many digits, or a date that does not exist"
        raise RecipeError.at(name, what, "write a text in quotes") from error
    except (LookupError, AttributeError, TypeError) as error:  # ruamel's own faults, as of `0x_` and `!!bool abc`
        raise RecipeError.at(name, f"not valid YAML ({type(error).__name__})", "write texts in quotes") from error


def _check_depth(text: str | bytes, name: str) -> None:
    """Raise a RecipeError for deep brackets: the parser's time grows with the square of the depth."""
    from ruamel.yaml import YAML
    from ruamel.yaml.events import MappingEndEvent, MappingStartEvent, SequenceEndEvent, SequenceStartEvent

    raw = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    if raw.count(b"[") + raw.count(b"{") <= MOST_DEPTH:
        return
    depth = 0
    for event in YAML(typ="rt").parse(text):
        depth += isinstance(event, (MappingStartEvent, SequenceStartEvent))
        depth -= isinstance(event, (MappingEndEvent, SequenceEndEvent))
        if depth > MOST_DEPTH:
            raise _too_deep(name)


def _too_deep(where: str) -> BertkitError:
    return RecipeError.at(where, f"nested deeper than {MOST_DEPTH} levels", "a recipe has three or four")


class _Copy:
    """ruamel's nodes as plain Python values, with the place of each."""

    def __init__(self, name: str):
        self.name, self.count = name, 0
        self.places: dict[Key, str] = {(): name}

    def whole(self, tree: Any) -> tuple[Any, dict[Key, str]]:
        return self._plain(tree, (), self.name), self.places

    def _plain(self, node: Any, key: Key, place: str) -> Any:
        """
        Args:
            place: of the node, or of the nearest above it that has one.
        """
        self.count += 1
        if self.count > MOST_VALUES:
            todo = "write them without aliases (*name), or name a file of data"
            raise RecipeError.at(self.name, f"more than {MOST_VALUES:,} values", todo)
        if len(key) > MOST_DEPTH:
            raise _too_deep(place)
        tag = getattr(getattr(node, "tag", None), "value", None)
        if tag is not None:
            raise RecipeError.at(place, f"the tag {tag} has no meaning here", "write the value without it")
        if isinstance(node, dict):
            return {child: self._child(node, key, child, place) for child in node}
        if isinstance(node, list):
            return [self._child(node, key, i, place) for i in range(len(node))]
        for kind in (bool, int, float, str):  # ruamel's scalars are subclasses that remember how they were written
            if isinstance(node, kind):
                return self._scalar(kind(node), place)
        if node is None:
            return None
        raise RecipeError.at(place, f"{node!s:.60} is read as a {type(node).__name__.lower()}", "write it in quotes")

    def _child(self, node: Any, key: Key, name: Any, place: str) -> Any:
        lines = getattr(node.lc, "data", None) or {}  # a key that `<<` brought in stands nowhere itself
        if name in lines:
            place = self.places[(*key, name)] = f"{self.name}:{lines[name][0] + 1}"
        return self._plain(node[name], (*key, name), place)

    def _scalar(self, value: Any, place: str) -> Any:
        if type(value) is int and abs(value) >= 10**MOST_DIGITS:
            raise RecipeError.at(place, f"a number of more than {MOST_DIGITS} digits", "write a text in quotes")
        return value
