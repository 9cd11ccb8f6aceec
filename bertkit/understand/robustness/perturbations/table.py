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


def named(names: Sequence[str]) -> list[Perturbation]:
    """The perturbations of these names and families, in the table's order; without any, all.

    Raises:
        RecipeError: there is none of a name.
    """
    known = {one.name for one in PERTURBATIONS} | {one.family for one in PERTURBATIONS}
    for name in names:
        if name not in known:
            todo = did_you_mean(name, sorted(known))
            raise RecipeError.at(Parameter("only"), f"{name}: no such perturbation", f"{todo} (--list shows them all)")
    return [one for one in PERTURBATIONS if not names or one.name in names or one.family in names]
