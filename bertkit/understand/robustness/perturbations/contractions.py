"""Contractions made and undone: `do not` and `don't`, `it is` and `it's`.

`'s` is undone only where it can not be a genitive or a `has`: after a pronoun or a question word, and not before a word
such as `been`.
"""

from __future__ import annotations

import re

from bertkit.understand.robustness.edits import Edit
from bertkit.understand.robustness.perturbations.perturbation import EditsOf, Perturbation, Rng, like

_VERBS = "do does did is are was were have has had would could should must"
_SUBJECTS = "he she it that there here what where who how when"
_NOT = {f"{verb} not": f"{verb}n't" for verb in _VERBS.split()}
_NOT |= {"cannot": "can't", "will not": "won't"}
_BE = {"i am": "i'm", "let us": "let's"}
_BE |= {f"{who} are": f"{who}'re" for who in ("you", "we", "they")}
_BE |= {f"{who} will": f"{who}'ll" for who in ("i", "you", "he", "she", "it", "we", "they")}
_BE |= {f"{who} have": f"{who}'ve" for who in ("i", "you", "we", "they")}
_BE |= {f"{who} is": f"{who}'s" for who in _SUBJECTS.split()}

CONTRACTIONS = {**_NOT, **_BE}
"""Long form -> short form, in lower case."""
_LONG = {short: long for long, short in CONTRACTIONS.items()}
_FOLLOWED = {*_BE, *_BE.values()}
"""Forms that need a word after them: nobody writes `I know what it's`."""
_AFTER = r"(?=\s+\w)(?!\s+(?:been|got|had|not|never|always|done|gone|become)\b)"


def _pattern(forms: list[str]) -> re.Pattern[str]:
    each = (
        re.escape(form).replace(r"\ ", r"\s").replace("'", "['’]") + (_AFTER if form in _FOLLOWED else r"\b")
        for form in sorted(forms, key=len, reverse=True)
    )
    return re.compile(rf"\b(?:{'|'.join(each)})", re.IGNORECASE)


def _exchange(table: dict[str, str]) -> EditsOf:
    pattern = _pattern(list(table))

    def edit(text: str, rng: Rng, strength: float) -> list[Edit]:
        edits = []
        for match in pattern.finditer(text):
            found = " ".join(match[0].lower().replace("’", "'").split())
            if found in table:  # İ, ı and ſ count as i and s for the pattern alone
                edits.append(Edit(*match.span(), like(match[0], table[found])))
        return edits

    return edit


contract, expand = _exchange(CONTRACTIONS), _exchange(_LONG)

BOTH = (
    Perturbation("contracted", "contractions", "do not -> don't, it is -> it's", contract),
    Perturbation("expanded", "contractions", "don't -> do not, it's -> it is", expand),
)
