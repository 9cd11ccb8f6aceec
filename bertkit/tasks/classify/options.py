"""The `options:` and the state of `classify`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from bertkit.models import losses
from bertkit.recipe.references import Reference
from bertkit.tasks.classify.out_of_scope.detector import OutsideState
from bertkit.tasks.confidence.scaling import Calibrate
from bertkit.tasks.texts import TextOptions

OUTSIDE = ("out_of_scope_by", "out_of_scope_coverage")
"""Options of how rows out of scope are detected."""


class ClassifyOptions(TextOptions):
    only_with: ClassVar[dict[str, tuple[str, Any]]] = {**TextOptions.only_with, "focal_gamma": ("loss", "focal")}
    multi_label: bool = False
    """Any number of labels per row, instead of exactly one."""
    class_weights: Literal["auto"] | dict[str, float] | None = None
    """Weight of each label's rows: `auto` gives all labels the same total weight; labels without a weight have 1."""
    loss: Reference = "cross_entropy"
    """`cross_entropy`, `focal`, or a Reference to `(logits, labels) -> (row,)`."""
    focal_gamma: float = Field(default=2.0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    threshold: float | None = Field(default=None, gt=0, lt=1)
    """Lowest probability of a predicted label (`multi_label`). Default: one per label, tuned on the validation rows."""
    calibrate: Calibrate = True
    """Scale the scores on the validation rows, so that a probability says how often it is right: by a temperature, or
    by a `vector` of a factor and an offset per label, which may change labels (tasks/confidence/scaling.py)."""
    out_of_scope: str | None = None
    """The label of rows that belong to no other label; training rows may lack it. Adds in-scope accuracy, out-of-scope
    recall, and how well the two are told apart."""
    out_of_scope_by: Literal["auto", "class", "probability", "energy", "mahalanobis"] = "auto"
    """What detects such rows (tasks/classify/out_of_scope/scores.py). Default: what does so best on the validation
    rows; without such rows there, the distance. `class`: where it is the likeliest label, as any other."""
    out_of_scope_coverage: float = Field(default=0.95, gt=0, lt=1)
    """Least share of the validation rows in scope that keep a label of their own; not with `out_of_scope_by: class`."""

    @field_validator("loss")
    @classmethod
    def _check_loss(cls, name: str) -> str:
        return losses.check_name(name, ("cross_entropy", "focal"))

    @model_validator(mode="after")
    def _check(self) -> ClassifyOptions:
        if self.multi_label and self.out_of_scope:
            raise ValueError("out_of_scope does not go with multi_label: a row without labels is out of scope")
        if self.label_smoothing and self.loss != "cross_entropy":
            raise ValueError(f"label_smoothing goes with loss: cross_entropy, not with {self.loss}")
        if self.multi_label and self.class_weights and self.loss not in ("cross_entropy", "focal"):
            raise ValueError("with multi_label, class_weights go with loss: cross_entropy or focal; weigh in your own")
        if self.threshold is not None and not self.multi_label:
            raise ValueError("threshold goes with multi_label: true")
        if self.out_of_scope is not None and self.calibrate == "vector" and self.out_of_scope_by != "class":
            raise ValueError("calibrate: vector goes with out_of_scope_by: class alone; use calibrate: true")
        changed = [name for name in OUTSIDE if getattr(self, name) != type(self).model_fields[name].default]
        if changed and self.out_of_scope is None:
            raise ValueError(f"{changed[0]} goes with out_of_scope: name the label of such rows")
        if self.out_of_scope_by == "class" and OUTSIDE[1] in changed:
            raise ValueError("out_of_scope_coverage has no effect with out_of_scope_by: class")
        if isinstance(self.class_weights, dict) and not all(weight > 0 for weight in self.class_weights.values()):
            raise ValueError("class_weights must be above 0")
        return self


class ClassifyState(BaseModel):
    """What the task learns from rows; each list has a value per label."""

    labels: list[str] = Field(min_length=1)
    """In the order of the outputs, unless `outputs` is set."""
    labels_given: bool = False
    shares: list[float] | None = None
    weights: list[float] | None = None
    thresholds: list[float] | None = None
    temperature: float | None = Field(default=None, gt=0)
    scale: list[float] | None = None
    shift: list[float] | None = None
    outside: OutsideState | None = None
    outputs: list[int] | None = None
    ordered: bool = False
    label_separator: str = ","

    @model_validator(mode="after")
    def _check(self) -> ClassifyState:
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels: one occurs twice")
        for name in ("shares", "weights", "thresholds", "scale", "shift", "outputs"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.labels):
                raise ValueError(f"{name}: {len(values)} values for {len(self.labels)} labels")
        if (self.scale is None) != (self.shift is None):
            raise ValueError("scale and shift: one without the other")
        if not all(output >= 0 for output in self.outputs or ()):
            raise ValueError("outputs: a position below 0")
        return self
