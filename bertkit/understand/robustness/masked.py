"""Words for a gap in a text, by a masked-language model: a Run of `pretrain`, a folder or a hub name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bertkit.engine.run import Progress
from bertkit.errors import BertkitError, ModelError, Parameter, RunError
from bertkit.inference.checkpoint import Checkpoint
from bertkit.inference.predictor import Predictor
from bertkit.recipe.load import load, task_options
from bertkit.run import Run
from bertkit.tasks.task import make_task

FILLED = "predicted_tokens"
"""The answer column of a task that fills in masked words."""
MASK = "[MASK]"


class MaskedModel:
    """A model that proposes words.

    Args:
        name: for reports.
    """

    def __init__(self, predictor: Predictor, name: str):
        self._predictor, self.name = predictor, name

    @classmethod
    def open(cls, name: str | None, run: Run, count: int) -> MaskedModel:
        """The model of a name or, without one, the encoder that a Run was trained from.

        Args:
            count: words that it proposes for a gap.

        Raises:
            BertkitError: there is no such model, or it fills in no masked words.
        """
        setting = [f"options.fillings={count}"]
        given = Parameter("mlm")
        if name and Run(name).is_begun:
            own = Run.open(name)
            if FILLED not in make_task(own.recipe, own.task_state).answer_columns:
                raise RunError.at(
                    given, f"{name}: its task fills in no masked words", "name a Run of bertkit train pretrain"
                )
            return cls(Predictor.open(own, options=task_options(own.recipe_with(setting))[1]), name)
        model = name or run.recipe.model.name
        if not model:
            what = "the Run began with random weights, so no model with a masked-word head is known"
            raise ModelError.at(given, what, "name one: a Run of bertkit train pretrain, a folder or a hub name")
        try:
            return cls(Checkpoint.adopt(model, load({"task": "pretrain"}, setting)), model)
        except BertkitError as error:
            if name:
                raise
            what = f"{model}, which the Run was trained from, can not propose words: {error.problems[0].reason}"
            raise ModelError.at(given, what, "name a model with a masked-word head") from error

    def propose(self, gaps: Sequence[tuple[str, str]], progress: Progress = iter) -> list[list[str]]:
        """Tokens for each gap, the most probable first.

        Args:
            gaps: the text before and after each. Of long ones the nearest part is read.
        """
        rows = [
            {"text": f"{self._near(before, end=True)}{MASK}{self._near(after, end=False)}"} for before, after in gaps
        ]
        answers = self._predictor.predict(rows, quiet=True, progress=progress)
        return [[one["token"] for one in answer["fillings"][0]] for answer in answers]

    def _near(self, text: str, *, end: bool) -> str:
        """The end or the beginning of a text, without masks, so short that the gap beside it is read."""
        tokenizer: Any = self._predictor.tokenizer
        text = text.replace(MASK, " ").replace(str(tokenizer.mask_token), " ")
        room = self._predictor.limit // 2
        text = text[-20 * room :] if end else text[: 20 * room]
        while len(tokenizer.tokenize(text)) > room:
            gone = len(text) // 4 + 1
            text = text[gone:] if end else text[:-gone]
        return text
