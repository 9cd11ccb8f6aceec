"""Trackers: what `train.report_to` names besides TensorBoard, such as wandb, mlflow, trackio and swanlab.

transformers' own callbacks speak to them. A tracker that can not start ends the training before its first step; one
that fails later, as the network or its server does, is turned off with a warning: it must not cost the training.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from bertkit.errors import TrainingError
from bertkit.warn import warn

if TYPE_CHECKING:
    from transformers import Trainer

REMEDIES = {
    "wandb": "wandb login; without a network, set WANDB_MODE=offline",
    "swanlab": "swanlab login; without a network, set SWANLAB_MODE=local",
    "mlflow": "set MLFLOW_TRACKING_URI to a server that answers, or to a folder",
    "comet_ml": "set COMET_API_KEY; without a network, COMET_START_ONLINE=0",
    "neptune": "set NEPTUNE_API_TOKEN and NEPTUNE_PROJECT",
    "clearml": "clearml-init; without a network, set CLEARML_OFFLINE_MODE=1",
}
"""What helps where a tracker can not start."""


def guard(trainer: Trainer) -> None:
    """Put a Tracker in the place of each tracker's callback of a Trainer."""
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    names = {kind: name for name, kind in INTEGRATION_TO_CALLBACK.items() if name != "tensorboard"}
    callbacks = trainer.callback_handler.callbacks
    callbacks[:] = [Tracker(names[type(one)], one) if type(one) in names else one for one in callbacks]


class Tracker:
    """A tracker's callback, whose failures do not end a training once it has begun.

    Not a TrainerCallback: that one has a method for each event, which would hide those of the tracker.
    """

    def __init__(self, name: str, callback: Any):
        self.name, self.callback, self.off = name, callback, False
        if name == "swanlab":
            callback._swanlab = _SwanLab(callback._swanlab)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.callback, name)
        return functools.partial(self._call, name, value) if name.startswith("on_") else value

    def _call(self, event: str, method: Any, *args: Any, **kwargs: Any) -> Any:
        if self.off:
            return None
        try:
            return method(*args, **kwargs)
        except Exception as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
            if event == "on_train_begin":
                what, todo = f"{self.name} can not start", REMEDIES.get(self.name, "see its documentation")
                raise TrainingError.at("train.report_to", what, f"{todo}; or leave it out", detail=reason) from error
            self.off = True
            warn(f"train.report_to: {self.name} failed, and gets nothing from here on ({reason})")
            return None


class _SwanLab:
    """The module swanlab, as transformers 5.23 expects it: since 0.8, `get_run` raises where there is no run."""

    def __init__(self, module: Any):
        self._module = module

    def get_run(self) -> Any:
        has_run = getattr(self._module, "has_run", None)
        return None if has_run is not None and not has_run() else self._module.get_run()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)
