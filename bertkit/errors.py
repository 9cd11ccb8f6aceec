"""Every mistake a user can make, as a tree.

    BertkitError            where it is, what is wrong, what to do next; the command ends with exit code 2
    ├── RecipeError         a recipe or a --set that can not be used
    ├── DataError           a file, a row or a column that can not be used
    ├── ModelError          weights or a tokenizer that can not be had or do not fit
    ├── PluginError         a Reference that names no usable code
    ├── RunError            a Run folder that is in use, incomplete or not to be trusted
    ├── TrainingError       a training that had to stop
    ├── WriteError          a file that can not be written: a full disk, no permission
    ├── ExtraError          a package that an optional feature needs
    ├── ServerError         a server that can not be reached, or that refuses a request
    └── Stopped             no mistake: a training that was asked to stop and can go on (exit code 75)

A bug of ours is any other exception: it keeps its traceback and exit code 1.
"""

from __future__ import annotations

import difflib
import json
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from bertkit.display import line

LONGEST = 200
"""Characters of a name that may be misspelt: comparing two takes time with the product of their lengths."""
_PLAIN_YAML = re.compile(r"[^\W\d](?:[\w ./-]*[\w/])?")
_UNSEEN = re.compile("[\x7f-\xa0\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
"""Characters that messages show in another way (display.py), or that are not seen."""


@dataclass(frozen=True)
class Setting:
    """A recipe key and the value that would solve a problem. A command with an option for it shows that instead."""

    key: str
    value: str | int | tuple[str, ...]

    def __str__(self) -> str:
        """`--set key=value`: the value as YAML, the whole quoted for the shell where needed."""
        parts = self.value if isinstance(self.value, tuple) else ()
        text = f"[{','.join(map(_yaml, parts))}]" if isinstance(self.value, tuple) else _yaml(self.value)
        return f"--set {shlex.quote(f'{self.key}={text}')}"


def _yaml(value: str | int) -> str:
    """A value as YAML. Quoted where YAML would read it as something else: `#1 String`, `007`, `null`."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    plain = isinstance(value, int) or (_PLAIN_YAML.fullmatch(text) and text.lower() not in ("true", "false", "null"))
    return text if plain else _UNSEEN.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    """A character that ends a line or is not seen, as JSON and YAML escape it."""
    number = ord(match[0])
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, as data; `str()` words it for the command line, in one line that is not too long.

    Args:
        key: what it is about: `file:line`, a recipe key or a Parameter.
        reason: what is wrong, the same for all rows with this problem.
        remedy: the next step; a Parameter: to use that one.
        detail: what is particular to this row or value; shown after `reason`.
        setting: the recipe key that solves it; shown after `remedy`.
        place: where a recipe key stands: `file:line`, or the Parameter that set it.
    """

    key: str
    reason: str
    remedy: str = ""
    detail: str = ""
    setting: Setting | None = None
    place: str = ""

    def __str__(self) -> str:
        reason = f"{self.reason}: {self.detail}" if self.detail else self.reason
        remedy = f"use {_shown(self.remedy)}" if isinstance(self.remedy, Parameter) else self.remedy
        remedy = ": ".join(filter(None, (remedy, str(self.setting or ""))))
        text = f"{reason}; {remedy}" if remedy else reason
        if self.place:
            text = f"{_shown(self.key)}: {text}" if self.key else text
        where = _shown(self.place or self.key)
        text = f"{where}  {text}" if where else text
        return line(" ".join(text.splitlines()))  # messages of other libraries may have several lines


class Parameter(str):
    """The name of a function's parameter, in a Problem. The command line shows its option: `output` as `--output`."""

    OPTIONS: ClassVar = {"sets": "--set", "suite": "SUITE", "texts": "FILES", "file": "FILE", "pairs": "PAIRS"}
    """Options and arguments that are not spelt as their parameter."""


def _shown(text: str) -> str:
    if isinstance(text, Parameter):
        return Parameter.OPTIONS.get(text, f"--{text.replace('_', '-')}")
    return text


class BertkitError(Exception):
    """One or more mistakes that the user can correct. `str()` gives one line per problem."""

    def __init__(self, *problems: Problem):
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))

    def __reduce__(self) -> tuple[type[BertkitError], tuple[Problem, ...]]:
        return type(self), self.problems

    @classmethod
    def at(
        cls, key: str, reason: str, remedy: str = "", *, detail: str = "", setting: Setting | None = None
    ) -> BertkitError:
        """The error of a single problem: `raise DataError.at("dev.csv:7", "...", "...")`."""
        return cls(Problem(key, reason, remedy, detail, setting))


class RecipeError(BertkitError): ...


class DataError(BertkitError): ...


class ModelError(BertkitError): ...


class PluginError(BertkitError): ...


class RunError(BertkitError): ...


class TrainingError(BertkitError): ...


class WriteError(BertkitError, OSError):
    """An OSError too: who can do without the file, as a cache can, catches that."""


class ExtraError(BertkitError): ...


class ServerError(BertkitError):
    """From a client of `bertkit serve`."""

    status: int | None = None
    """Of HTTP; None: there was no reply."""


class Stopped(BertkitError): ...


def together(*steps: Callable[[], object]) -> None:
    """Take all these steps, and raise what is wrong in any of them as one error, of the first one's kind.

    Raises:
        BertkitError: steps that failed.
    """
    errors: list[BertkitError] = []
    for step in steps:
        try:
            step()
        except BertkitError as error:
            errors.append(error)
    if errors:
        problems = dict.fromkeys(problem for error in errors for problem in error.problems)
        raise type(errors[0])(*problems) from errors[0]


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like `name`, or an empty text."""
    names = [one for one in known if len(one) <= LONGEST] if len(str(name)) <= LONGEST else []
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6) if names else []
    return near[0] if near else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the nearest known name, else the known names, else an empty text."""
    names = [str(k) for k in known]
    if near := nearest(name, names):
        return f"did you mean {near}?"
    return f"known: {name_some(names)}" if names else ""


def name_some(names: Iterable[object], most: int = 12) -> str:
    """Names for a message: the first ones and, where there are more, how many there are in all."""
    every = [f"{name!s:.60}" for name in names]
    return ", ".join(every[:most]) + (f", ... ({len(every):,} in all)" if len(every) > most else "")
