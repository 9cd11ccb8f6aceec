"""Every mistake a user can make, as a tree.

    BertkitError            where it is, what is wrong, what to do next; the command ends with exit code 2
    ├── RecipeError         a recipe or a --set that can not be used
    ├── DataError           a file, a row or a column that can not be used
    ├── ModelError          weights or a tokenizer that can not be had or do not fit
    ├── PluginError         a Reference that names no usable code
    ├── RunError            a Run folder that is in use, incomplete or not to be trusted
    ├── TrainingError       a training that had to stop
    ├── ExtraError          a package that an optional feature needs
    └── Stopped             no mistake: a training that was asked to stop and can go on (exit code 75)

A bug of ours is any other exception: it keeps its traceback and exit code 1.
"""

from __future__ import annotations

import difflib
import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

_PLAIN_YAML = re.compile(r"[^\W\d](?:[\w ./-]*[\w/])?")


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
    text = str(value)
    plain = isinstance(value, int) or (_PLAIN_YAML.fullmatch(text) and text.lower() not in ("true", "false", "null"))
    return text if plain else json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True)
class Problem:
    """One mistake.

    Args:
        key: a recipe key, the name of a parameter or option, or `file:line`.
        reason: what is wrong, worded the same for all rows with this problem.
        remedy: the next step.
        detail: what is particular to this row or value; shown after `reason`.
        setting: the recipe key that solves it; shown after `remedy`.
    """

    key: str
    reason: str
    remedy: str = ""
    detail: str = ""
    setting: Setting | None = None

    def __str__(self) -> str:
        reason = f"{self.reason}: {self.detail}" if self.detail else self.reason
        remedy = ": ".join(filter(None, (self.remedy, str(self.setting or ""))))
        text = f"{reason}; {remedy}" if remedy else reason
        return f"{self.key}  {text}" if self.key else text


class BertkitError(Exception):
    """One or more mistakes that the user can correct. `str()` gives one line per problem."""

    def __init__(self, *problems: Problem):
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))

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


class ExtraError(BertkitError): ...


class Stopped(BertkitError): ...


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like `name`, or an empty text."""
    near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return near[0] if near else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the nearest known name, else the known names, else an empty text."""
    names = [str(k) for k in known]
    if near := nearest(name, names):
        return f"did you mean {near}?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known: {shown}"
