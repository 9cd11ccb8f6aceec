"""The front matter of a model card: what the hub reads of a Run, with its figures as a `model-index`.

Source: the model card metadata of the hub (huggingface_hub's `ModelCardData` and `EvalResult`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bertkit.energy.record import RunEnergy
from bertkit.plugins import file_of
from bertkit.recipe.schema import Recipe
from bertkit.report.energy import emissions

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

_HUB_MODEL = re.compile(r"\w[\w.-]*(/[\w.-]+)?")
_HUB_DATA = re.compile(r"hub:(?P<name>[^:@#]+)(:(?P<config>[^@#]+))?(@(?P<revision>[^#]+))?(#(?P<split>.+))?")


def front_matter(
    recipe: Recipe, hub_tag: str, scored: Mapping[str, Mapping[str, float]], name: str, energy: RunEnergy | None = None
) -> str:
    """The YAML between the `---` lines.

    Args:
        recipe: with published paths (recipe/local.py).
        hub_tag: the hub's name of the task, `Head.hub_tag`.
        scored: split -> figure -> value; figures that are not finite are left out.
        name: the model's name in the index.
        energy: what its CO2 is computed from.
    """
    from huggingface_hub import ModelCardData

    base = recipe.model.name if recipe.model.scratch is None else None
    results = [
        _result(recipe, hub_tag, split, figure, value)
        for split, figures in scored.items()
        for figure, value in figures.items()
        if math.isfinite(value)
    ]
    data = ModelCardData(
        library_name="transformers",
        tags=["bertkit"],
        pipeline_tag=hub_tag,
        base_model=base if base and _HUB_MODEL.fullmatch(base) else None,
        datasets=_data_sets(recipe) or None,
        metrics=[metric for metric in recipe.metrics if file_of(metric) is None and ":" not in metric] or None,
        model_name=name,
        eval_results=results or None,
        co2_eq_emissions=emissions(energy, pre_training=recipe.model.scratch is not None),
    )
    return data.to_yaml()


def _data_sets(recipe: Recipe) -> list[str]:
    """Names on the hub of the data sets that the recipe reads."""
    sources = [*(recipe.data.train or ()), *(recipe.data.validation or ()), *(recipe.data.test or ())]
    return list(dict.fromkeys(match["name"] for source in sources if (match := _HUB_DATA.fullmatch(source))))


def _result(recipe: Recipe, hub_tag: str, split: str, figure: str, value: float) -> EvalResult:
    from huggingface_hub import EvalResult

    kind, config, revision, name, part = _data_set(getattr(recipe.data, split) or recipe.data.train or [])
    return EvalResult(
        task_type=hub_tag,
        dataset_type=kind,
        dataset_name=name,
        dataset_config=config,
        dataset_revision=revision,
        dataset_split=part or split,
        metric_type=figure,
        metric_value=round(value, 6),
    )


def _data_set(sources: Sequence[str]) -> tuple[str, str | None, str | None, str, str | None]:
    """Type (an id), config, revision, name for people and split of the rows that were scored."""
    match = _HUB_DATA.fullmatch(sources[0]) if len(sources) == 1 else None
    if match:
        return match["name"], match["config"], match["revision"], match["name"], match["split"]
    names = [Path(source.partition("#")[0]).name or source for source in sources]
    name = ", ".join(names) or "rows"
    return (
        re.sub(r"\W+", "-", Path(names[0]).stem if names else name).strip("-").lower() or "rows",
        None,
        None,
        name,
        None,
    )
