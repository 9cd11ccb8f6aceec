"""Which judge a task's answers get: decided by the kind of their column, so that a user's own task gets one too."""

from __future__ import annotations

from bertkit.errors import RunError
from bertkit.understand.errors.judges.answers import AnswerJudge
from bertkit.understand.errors.judges.classes import ClassJudge
from bertkit.understand.errors.judges.judge import Judge
from bertkit.understand.errors.judges.numbers import NumberJudge
from bertkit.understand.errors.judges.several import SeveralJudge
from bertkit.understand.errors.judges.words import WordJudge
from bertkit.understand.errors.pool import Pool

JUDGES: tuple[type[Judge], ...] = (ClassJudge, SeveralJudge, WordJudge, AnswerJudge, NumberJudge)


def judge_of(pool: Pool, task: str) -> type[Judge]:
    """The judge of a pool's answers.

    Args:
        task: its name, for the message.

    Raises:
        RunError: there is none for this kind of answer.
    """
    for judge in JUDGES:
        if pool.answer.kind in judge.kinds:
            return judge
    what = f"the answers of {task} are {pool.answer.kind}s, of which no error can be found"
    raise RunError.at("errors", what, "name a Run with labels, tags, answers in a text, choices or numbers")
