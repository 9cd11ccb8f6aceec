"""All perturbations, and those that a user names."""

from __future__ import annotations

from collections.abc import Sequence

from bertkit.errors import Parameter, RecipeError, did_you_mean
from bertkit.understand.robustness.perturbations.case import CASE
from bertkit.understand.robustness.perturbations.characters import CHARACTERS
from bertkit.understand.robustness.perturbations.chinese import CHINESE
from bertkit.understand.robustness.perturbations.contractions import BOTH
from bertkit.understand.robustness.perturbations.negation import NEGATION
from bertkit.understand.robustness.perturbations.perturbation import Perturbation
from bertkit.understand.robustness.perturbations.punctuation import PUNCTUATION
from bertkit.understand.robustness.perturbations.sentences import SENTENCES
from bertkit.understand.robustness.perturbations.spaces import SPACES
from bertkit.understand.robustness.perturbations.swaps import SWAPS
from bertkit.understand.robustness.perturbations.typos import TYPOS

PERTURBATIONS: tuple[Perturbation, ...] = (
    *TYPOS, *CASE, *PUNCTUATION, *SPACES, *CHARACTERS, *BOTH, *SWAPS, *SENTENCES, *CHINESE, *NEGATION,
)  # fmt: skip


def named(names: Sequence[str], skip: Sequence[str] = ()) -> list[Perturbation]:
    """The perturbations of these names and families, in the table's order; without any, all.

    Args:
        skip: names and families that are left out.

    Raises:
        RecipeError: there is none of a name, or none is left.
    """
    known = {one.name for one in PERTURBATIONS} | {one.family for one in PERTURBATIONS}
    for option, name in [*(("only", name) for name in names), *(("skip", name) for name in skip)]:
        if name not in known:
            todo = did_you_mean(name, sorted(known))
            raise RecipeError.at(Parameter(option), f"{name}: no such perturbation", f"{todo} (--list shows them all)")
    found = [one for one in PERTURBATIONS if not names or {one.name, one.family} & {*names}]
    found = [one for one in found if not {one.name, one.family} & {*skip}]
    if not found:
        raise RecipeError.at(Parameter("skip"), "leaves no perturbation", "name fewer")
    return found
