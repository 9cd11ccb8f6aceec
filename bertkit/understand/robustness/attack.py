"""An adversary that replaces words until a right answer is wrong, as BERT-Attack (Li et al. 2020) and BAE (Garg and
Ramakrishnan 2020).

1. Each word is masked in turn: the more this weakens the right answer, the sooner the word is tried.
2. A masked-language model proposes words for its place. Whole words of the same kind of letters are kept, with the
   capitals of the old one.
3. The proposal that weakens the answer most stays, and the next word is tried, until the answer is wrong, or so many
   words are replaced or questions asked as the budget allows.

Words in entities and answers are never replaced, nor are negations (`KEPT`, `can't`), and no negation is proposed. A
proposal may still change what is meant (`good` for `bad`): so a successful attack is a reason to look, and the share of
them is an upper bound of what is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from bertkit.engine.run import Progress
from bertkit.errors import Parameter, RecipeError, RunError
from bertkit.metrics.resamples.bounds import wilson
from bertkit.tasks.task import Task, Verdict
from bertkit.tasks.words import join
from bertkit.understand.robustness.clean import CleanRows, shown
from bertkit.understand.robustness.edits import Edit, Edited
from bertkit.understand.robustness.masked import MASK, MaskedModel
from bertkit.understand.robustness.perturbations.perturbation import Perturbation, characters_of, like, words_of
from bertkit.understand.robustness.rows import EditedRow, RowEditor, WordPlace
from bertkit.understand.robustness.same import SameAnswer, is_vector

ROWS = 200
"""Right rows that are attacked at most; drawn."""
PROPOSALS = 30
"""Words for each place; BERT-Attack takes 48."""
NOT_ALONE = "in this task, rows are not answered one by one"
SHOWN = 20
"""Successful attacks that are kept."""
_KEPT = """
not no never none nothing nobody nowhere nor neither without cannot hardly barely scarcely rarely seldom
ain aren couldn didn doesn don hadn hasn haven isn mustn needn shouldn wasn weren won wouldn cant dont
不 没 沒 非 无 無 未 别 別 勿 莫 否
"""
KEPT = frozenset(_KEPT.split())
"""Words that are never replaced nor proposed: negations, and what stands before `'t` in one."""
_NEGATED = re.compile(r"\s?n?['’]t\b", re.IGNORECASE)
"""What makes a negation of the word before it: `can't`, `do n't`."""
_WORDS = Perturbation("words", "words", "", lambda text, rng, strength: [], gold="apart")


@dataclass(frozen=True)
class AttackOptions:
    """What the adversary may do.

    Args:
        mlm: the masked-language model; None: the encoder that the Run was trained from.
        budget: most words of a row that are replaced, as a share of them; at least one.
        queries: most questions to the Run for each row.
    """

    mlm: str | None = None
    budget: float = 0.2
    queries: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.budget <= 1:
            what = f"{self.budget:g}: expected a share above 0, up to 1"
            raise RecipeError.at(Parameter("budget"), what, "0.2 is every fifth word")
        if self.queries < 2:
            raise RecipeError.at(Parameter("queries"), f"{self.queries}: expected 2 or more", "100 is the default")


@dataclass(frozen=True)
class Attacked:
    """A row whose answer was made wrong."""

    row: int
    """From 1."""
    before: str
    after: str
    answer: str
    new_answer: str
    words: int
    """That were replaced."""
    queries: int


@dataclass
class _Victim:
    """A row under attack."""

    number: int
    row: dict[str, Any]
    places: list[WordPlace]
    support: float
    most: int
    """Words that may be replaced."""
    words: int
    """That it has, outside of what is labelled."""
    edits: dict[WordPlace, str] = field(default_factory=dict)
    queries: int = 0
    broken: Verdict | None = None
    """The verdict of the wrong answer."""


def attack(
    clean: CleanRows,
    editor: RowEditor,
    model: MaskedModel,
    options: AttackOptions,
    seed: int = 0,
    progress: Progress = iter,
) -> dict[str, Any]:
    """Attack the rows that are right; the result as plain values.

    Args:
        seed: of the rows that are drawn where many are right, and of the words that are ranked where a row has many.

    Where no row is right, none is attacked, and shares are None.

    Raises:
        RunError: nobody knows the right answers, or rows are not answered one by one.
    """
    check_alone(clean)
    adversary = _Adversary(clean, editor, model, options, seed, progress)
    right = [number for number, verdict in enumerate(clean.verdicts or []) if verdict.score >= 1]
    chosen = right
    if len(right) > ROWS:
        chosen = sorted(np.random.default_rng(seed).choice(right, size=ROWS, replace=False).tolist())
    victims = [adversary.victim(number) for number in chosen]
    adversary.rank(victims)
    while active := [one for one in victims if adversary.goes_on(one)]:
        adversary.step(active)
    broken = [one for one in victims if one.broken]
    shares = [len(one.edits) / one.words for one in broken]
    return {
        "mlm": model.name, "budget": options.budget, "most_queries": options.queries, "right": len(right),
        "attacked": len(victims), "succeeded": len(broken), "share": len(broken) / len(victims) if victims else None,
        "interval": wilson(len(broken), len(victims)) if victims else None,
        "words_changed": float(np.mean([len(one.edits) for one in broken])) if broken else None,
        "share_changed": float(np.mean(shares)) if broken else None,
        "queries": float(np.mean([one.queries for one in victims])) if victims else None,
        "examples": [asdict(adversary.shown(one)) for one in broken[:SHOWN]],
    }  # fmt: skip


def support(verdict: Verdict) -> float:
    """How well a right answer stands: above 1 where it is right, by its confidence; else below, also by how wrong."""
    sure = verdict.confidence or 0.0
    return 1 + sure if verdict.score >= 1 else verdict.score - sure


def fitting(word: str, proposals: Sequence[str]) -> list[str]:
    """The proposals that can take a word's place, with its capitals: whole words of the same kind of letters."""
    kept: dict[str, None] = {}
    chinese = bool(characters_of(word))
    for token in proposals:
        same_kind = len(token) == 1 if chinese else len(token) > 1
        if not token.isalpha() or bool(characters_of(token)) != chinese or not same_kind:
            continue
        new = like(word, token)
        is_name = word.islower() and not token.islower() and not chinese
        if new.casefold() != word.casefold() and not is_name and new.lower() not in KEPT:
            kept[new] = None
    return list(kept)


def words_and_characters(text: str) -> list[tuple[int, int]]:
    """What can be replaced in a text: words of two letters or more, and Chinese characters, but for negations."""
    places = [*words_of(text, 2), *((at, at + 1) for at in characters_of(text))]
    return sorted(
        (start, end) for start, end in places if text[start:end].lower() not in KEPT and not _NEGATED.match(text, end)
    )


class _Adversary:
    """Attacks rows step by step, all together: so that each step is one batch of questions."""

    def __init__(
        self,
        clean: CleanRows,
        editor: RowEditor,
        model: MaskedModel,
        options: AttackOptions,
        seed: int,
        progress: Progress,
    ):
        self._clean, self._editor, self._model, self._options = clean, editor, model, options
        self._seed, self._progress = seed, progress
        self._mask = str(getattr(clean.predictor.tokenizer, "mask_token", None) or MASK)

    def victim(self, number: int) -> _Victim:
        """A right row, before the first question."""
        row = self._clean.rows[number]
        places = self._editor.free_words(row, words_and_characters)
        verdict = (self._clean.verdicts or [])[number]
        most = max(1, math.floor(self._options.budget * len(places)))
        return _Victim(number, row, places, support(verdict), most, len(places))

    def rank(self, victims: Sequence[_Victim]) -> None:
        """Sort the words of each row by how much the answer needs them; with few queries only some are known."""
        for one in victims:  # half of the questions are for this
            if len(one.places) > self._options.queries // 2:
                rng = np.random.default_rng([self._seed, one.number])
                drawn = rng.choice(len(one.places), size=self._options.queries // 2, replace=False)
                one.places = [one.places[i] for i in sorted(drawn.tolist())]
        asked = [(one, {place: self._mask}) for one in victims for place in one.places]
        without = [math.inf if verdict is None else support(verdict) for verdict in self._ask(asked)]
        order = sorted(range(len(asked)), key=lambda number: without[number])
        for one in victims:
            one.places = []
        for one, edits in (asked[number] for number in order):
            one.places += edits

    def goes_on(self, victim: _Victim) -> bool:
        """Whether there is something left to try."""
        within = len(victim.edits) < victim.most and victim.queries < self._options.queries
        return not victim.broken and bool(victim.places) and within

    def step(self, victims: Sequence[_Victim]) -> None:
        """Try the next word of each row."""
        places = [one.places.pop(0) for one in victims]
        gaps = [self._gap(one, place) for one, place in zip(victims, places, strict=True)]
        proposed = self._model.propose([(before, after) for before, _, after in gaps], self._progress)
        asked: list[tuple[_Victim, dict[WordPlace, str]]] = []
        for one, place, (_, word, _), tokens in zip(victims, places, gaps, proposed, strict=True):
            room = self._options.queries - one.queries
            asked += [(one, {**one.edits, place: new}) for new in fitting(word, tokens)[:room]]
        best: dict[int, tuple[float, dict[WordPlace, str], Verdict]] = {}
        for (one, edits), verdict in zip(asked, self._ask(asked), strict=True):
            if verdict is not None and support(verdict) < best.get(one.number, (one.support,))[0]:
                best[one.number] = (support(verdict), edits, verdict)
        for one in victims:
            if one.number in best:
                one.support, one.edits, verdict = best[one.number]
                one.broken = verdict if verdict.score < 1 else None

    def shown(self, victim: _Victim) -> Attacked:
        """A row whose answer is wrong now."""
        edited = self._edited(victim, victim.edits)
        assert edited and victim.broken
        before, after = (shown(row, self._clean.task) for row in (victim.row, edited.values))
        answers = self._clean.text(victim.number), victim.broken.predicted
        return Attacked(victim.number + 1, before, after, *answers, len(victim.edits), victim.queries)

    def _ask(self, asked: Sequence[tuple[_Victim, dict[WordPlace, str]]]) -> Iterator[Verdict | None]:
        """The verdicts of rows with these words; None where they can not be put in."""
        edited = [self._edited(one, edits) for one, edits in asked]
        rows = [one.values for one in edited if one is not None]
        answers = self._clean.predictor.predict(rows, quiet=True, progress=self._progress) if rows else []
        verdicts = iter(self._clean.task.verdicts(answers, rows) if rows else ())
        for (one, _), row in zip(asked, edited, strict=True):
            one.queries += row is not None
            yield None if row is None else next(verdicts)

    def _edited(self, victim: _Victim, edits: dict[WordPlace, str]) -> EditedRow | None:
        def of_column(column: Any, text: str) -> list[Edit]:
            return [Edit(at.start, at.end, new) for at, new in edits.items() if at.column == column.name]

        return self._editor.edit_by(victim.row, of_column, _WORDS)

    def _gap(self, victim: _Victim, place: WordPlace) -> tuple[str, str, str]:
        """The text before a word, the word, and the text after it, with what is replaced already."""
        value = victim.row[place.column]
        text = value if isinstance(value, str) else join(value)
        others = [Edit(at.start, at.end, new) for at, new in victim.edits.items() if at.column == place.column]
        edited = Edited(text, others)
        start, end = edited.span(place.start, place.end) or (place.start, place.end)
        return edited.text[:start], text[place.start : place.end], edited.text[end:]


def check_attack(task: Task, limit: int) -> None:
    """Raise a RunError for a task whose rows can not be attacked: what is known before any work.

    Args:
        limit: most tokens of a text.
    """
    if task.group_by or task.margin(limit):
        raise RunError.at("--attack", NOT_ALONE, "leave --attack out")
    if not SameAnswer(task).compares:
        raise RunError.at("--attack", "answers are numbers, which are never wholly right", "leave --attack out")


def check_alone(clean: CleanRows) -> None:
    """As `check_attack`, with what the answers to the rows show: whether rows are answered one by one."""
    task = clean.task
    check_attack(task, clean.predictor.limit)
    if clean.verdicts is None:
        raise RunError.at("--attack", "the rows have no right answers", "name rows that have them")
    alone = [task.verdicts([answer], [row])[0] for answer, row in zip(clean.answers, clean.rows, strict=True)]
    same = all(one.score == own.score for one, own in zip(alone, clean.verdicts, strict=True))
    if not same or is_vector(clean.comparer.value(clean.answers[0])):  # which is judged by its neighbours
        raise RunError.at("--attack", NOT_ALONE, "leave --attack out")
