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
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One mistake: `key` (a recipe key, an option, or file:line), `reason`, and `remedy`, the next step."""

    key: str
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.reason}; {self.remedy}" if self.remedy else self.reason
        return f"{self.key}  {text}" if self.key else text


class BertkitError(Exception):
    """One or more mistakes that the user can correct. `str()` gives one line per problem."""

    def __init__(self, *problems: Problem):
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))

    @classmethod
    def at(cls, key: str, reason: str, remedy: str = "") -> BertkitError:
        """The error of a single problem: `raise DataError.at("dev.csv:7", "...", "...")`."""
        return cls(Problem(key, reason, remedy))


class RecipeError(BertkitError): ...


class DataError(BertkitError): ...


class ModelError(BertkitError): ...


class PluginError(BertkitError): ...


class RunError(BertkitError): ...


class TrainingError(BertkitError): ...


class ExtraError(BertkitError): ...


class Stopped(BertkitError): ...


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean X?` for the nearest known name, else the known names, else an empty text."""
    names = [str(k) for k in known]
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known: {shown}"
