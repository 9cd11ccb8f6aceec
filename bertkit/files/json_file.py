"""Every JSON file that is not data: files of a Run, manifests, tokenizers, indexes. Read whole, and checked.

Such a file may be cut off, hand-edited or a stranger's, so its shape is checked before anything is looked up in it. A
shape is a type that pydantic knows: `dict[str, int]`, or a subclass of Shape with the keys that are needed.
"""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertkit.errors import BertkitError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

MOST_BYTES = 2**28
"""The manifest of a corpus of 10 TB has a tenth of it."""
MOST_DEPTH = 100
"""Levels of nesting; what handles a value afterwards may recurse through them."""
MOST_DIGITS = 20
"""Digits of a whole number; none of ours has more than 64 bits."""

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "an object",
    "string_type": "a text",
}
_NAMES = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}


def read_json(file: Path, shape: Any, *, error: type[BertkitError], remedy: str, nan: bool = False) -> Any:
    """The value in a JSON file.

    Args:
        shape: the type that the value must have; keys that it does not name are left as they are.
        error: the kind of error to raise.
        remedy: what to do about a file that can not be used.
        nan: whether it may hold NaN and infinity, which JSON does not have: files of other libraries do.

    Raises:
        BertkitError: the file can not be read, is not JSON, or has another shape.
    """
    try:
        if file.exists() and not file.is_file():  # a pipe would wait for its writer
            raise ValueError("not a file")
        if (size := file.stat().st_size) > MOST_BYTES:
            raise ValueError(f"{size:,} bytes, more than {MOST_BYTES:,}")
        return parse(file.read_bytes(), shape, nan=nan)
    except OSError as cause:
        raise error.at(str(file), f"can not be read: {cause.strerror or cause}", remedy) from cause
    except ValueError as cause:
        raise error.at(str(file), f"can not be used: {cause}", remedy) from cause


def parse(text: str | bytes, shape: Any, *, nan: bool = False) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON or has another shape, in words.
    """
    try:
        text = text if isinstance(text, str) else text.decode("utf-8")
        number = float if nan else _finite
        value = json.loads(text, parse_int=_whole, parse_float=number, parse_constant=number)
        check_depth(text, value)
        if r"\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON: {error}") from error
    except RecursionError as error:
        raise ValueError(f"nested deeper than {MOST_DEPTH} levels") from error
    except UnicodeDecodeError as error:
        raise ValueError("not a text in UTF-8") from error
    except UnicodeEncodeError as error:
        raise ValueError("a text in it holds half of a character (a lone surrogate)") from error
    _check_shape(value, shape)
    return value


def describe(value: Any) -> str:
    """What a value is, for a message: `a number`, `a list`, `nothing`."""
    kinds = (name for kind, name in _NAMES.items() if isinstance(value, kind))
    return "nothing" if value is None else next(kinds, f"of type {type(value).__name__}")


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text):,} digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text:.20} is not a number that JSON has")
    return number


def check_depth(text: str, value: Any) -> None:
    """Raise a RecursionError if the value of a text is nested deeper than `MOST_DEPTH`."""
    if text.count("[") + text.count("{") <= MOST_DEPTH:
        return
    level = [value]
    for _ in range(MOST_DEPTH):
        boxes = [one for one in level if isinstance(one, (dict, list))]
        level = [child for box in boxes for child in (box.values() if isinstance(box, dict) else box)]
        if not level:
            return
    raise RecursionError


def _check_shape(value: Any, shape: Any) -> None:
    from pydantic import ValidationError

    try:
        _checker(shape).validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        if first["type"] == "missing":
            raise ValueError(f"it has no {name}") from None
        expected = _EXPECTED.get(first["type"])
        wrong = f"expected {expected}, found {describe(first['input'])}" if expected else first["msg"]
        raise ValueError(f"{name:.80}: {wrong}" if name else wrong) from None


@functools.cache
def _checker(shape: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(shape)
