"""The head of `embed`: an encoder, and the pooling of its tokens' vectors into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertkit.errors import ModelError, RecipeError
from bertkit.models import build
from bertkit.tasks.embed import folder
from bertkit.tasks.embed.options import EmbedOptions
from bertkit.tasks.step_head import StepHead

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor
    from transformers import PreTrainedModel

    from bertkit.recipe.schema import ModelBlock
    from bertkit.tasks.targets import Part

TARGETS = ("places", "shares", "labels")


class EmbedHead(StepHead):
    auto_class = "AutoModel"
    hub_tag = "sentence-similarity"
    targets = ("ids", *TARGETS)
    graph_options = ("pooling", "layer")
    options: EmbedOptions

    is_plain = True

    def __init__(self, options: Any, state: dict[str, Any]):
        super().__init__(options, state)
        if sizes := options.matryoshka:
            self.parts = tuple(str(size) for size in sizes)

    @property
    def pooling(self) -> str:
        return self.options.pooling or self.state.get("pooling") or "mean"

    def build_model(self, block: ModelBlock) -> PreTrainedModel:
        """The encoder up to `options.layer`, without a pooler, which no vector depends on."""
        model: Any = build.build_model(block, self.auto_class, without=("pooler",))
        _keep_layers(model, self.options.layer, self.state)
        check_size("matryoshka", max(self.options.matryoshka or (0,)), model.config.hidden_size)
        check_size("dimensions", self.options.dimensions or 0, model.config.hidden_size)
        return model

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        import torch

        return torch.full((len(self.parts) or 1,), float(len(batch["ids"])))

    def features(self, outputs: Any, batch: dict[str, Tensor]) -> Tensor:
        return batch["shares"] @ self._vectors(outputs, batch)  # (row, part, size)

    def step_targets(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: batch[name] for name in ("ids", "labels") if name in batch}

    def row_losses(self, features: Tensor, targets: dict[str, Tensor]) -> Tensor:
        from bertkit.tasks.embed.losses import of_sizes

        return of_sizes(features, targets, self.options)

    def reduce(self, outputs: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"vectors": self._vectors(outputs, batch)}

    def _vectors(self, outputs: Any, batch: dict[str, Tensor]) -> Tensor:
        """`(row, text, size)`: what stands after the last text of a row is any other text."""
        from bertkit.tasks.embed.pooling import pooled

        vectors = pooled(outputs.last_hidden_state.float(), batch["attention_mask"], self.pooling)  # (text, size)
        return vectors[batch["places"].clamp(min=0)]

    def score(self, outputs: Any, batch: dict[str, Tensor], part: Part, places: Tensor) -> Tensor:
        """The cosine of each text and the part's vector."""
        import torch
        from torch.nn.functional import cosine_similarity

        from bertkit.tasks.embed.pooling import pooled

        vectors = pooled(outputs.last_hidden_state.float(), batch["attention_mask"], self.pooling)  # (text, size)
        size = self.options.dimensions
        return cosine_similarity(vectors[:, :size], torch.as_tensor(part.vector, device=vectors.device)[None, :size])

    def token_vectors(self, outputs: Any, batch: dict[str, Tensor]) -> Tensor | None:
        from bertkit.tasks.embed.pooling import weighted

        found = weighted(outputs.last_hidden_state.float(), batch["attention_mask"], self.pooling)
        return None if found is None else found[..., : self.options.dimensions]

    def trim(self, outputs: dict[str, np.ndarray], example: dict[str, Any]) -> dict[str, np.ndarray]:
        return {name: vectors[: len(example["sizes"])] for name, vectors in outputs.items()}  # (text, size)

    def model_files(self, config: Any) -> dict[str, Any]:
        normalize = self.state.get("normalize", True)
        return folder.files(config.hidden_size, folder.Saved(self.pooling, normalize, self.state.get("prompts") or {}))


def check_size(name: str, dimensions: int, size: int) -> None:
    """Raise a RecipeError for an option that asks for more dimensions than the `size` of the model's vectors."""
    if dimensions > size:
        raise RecipeError.at(f"options.{name}", f"{dimensions}: the model's vectors have {size} dimensions", "lower it")


def _keep_layers(model: Any, layer: int, state: dict[str, Any]) -> None:
    """Leave out the layers above `layer`; those of a Run's model are left out already."""
    stack = getattr(getattr(model, "encoder", None), "layer", None)
    count = getattr(model.config, "num_hidden_layers", 0)
    kept = state.setdefault("layers", count + 1 + layer)
    if kept >= count:
        return
    if stack is None:
        what = f"{layer}: {model.config.model_type} keeps its layers in another way"
        raise ModelError.at("options.layer", what, "leave it out: only the last layer can be taken")
    if kept < 1:
        raise RecipeError.at("options.layer", f"{layer}: the model has {count} layers", f"-1 to -{count}")
    del stack[kept:]
    model.config.num_hidden_layers = kept
