"""The torch backend: a model in memory, without padding if padding_free.py supports it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from bertkit.engine import dropout, padding_free
from bertkit.engine.backends.backend import Backend, Forward, Precision
from bertkit.engine.batches import tensors
from bertkit.engine.linear import fast
from bertkit.engine.precision import lower
from bertkit.engine.threads import workers_of
from bertkit.models.build import position_limit
from bertkit.models.layers import freeze

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedModel

    from bertkit.engine.bert.model import Bert
    from bertkit.recipe.schema import ModelBlock
    from bertkit.tasks.head import Head

TOKENS = {"cpu": 4096, "cuda": 65536}
"""Most padded tokens of a batch by default, by kind of device.

On two cores MiniLM is equally fast with 1024 to 16384 on short texts (benchmarks/predict.py); a GPU needs more tokens.
"""


def open_model(head: Head, block: ModelBlock) -> PreTrainedModel:
    """A head's model, ready to train or answer: frozen as the block says, without padding where that is exact.

    Raises:
        ModelError: as `Head.build_model`; or `padding_free: on`, and the model can not run without padding.
    """
    model: Any = head.build_model(block)
    # BERT's heads take **kwargs, from which Trainer concludes that they scale the loss themselves. They do not.
    model.accepts_loss_kwargs = False
    model.new_weights = getattr(model, "new_weights", set())  # a user's own head may not set it
    freeze(model, embeddings=block.freeze_embeddings, layers=block.freeze_layers)
    dropout.apply(model)
    padding_free.apply(model, block.padding_free)
    return model


class TorchBackend(Backend):
    """A model and its head.

    Args:
        model: from `open_model`, on its device; `forward` leaves it in evaluation mode.
        head: the model's head.
        precision: of the encoder, which is converted in place.
    """

    name = "torch"
    can = frozenset({"gradients", "attentions", "hidden_states", "transformers"})
    out_of_memory = (torch.OutOfMemoryError,)

    def __init__(self, model: torch.nn.Module, head: Head, precision: Precision = "float32"):
        super().__init__(head)
        lower(model, precision)
        self.model, self.precision = model, precision
        self.device = next(model.parameters()).device
        self.tokens = TOKENS.get(self.device.type, self.tokens)
        self.lockstep = _is_sharded(model)

    @property
    def on_cpu(self) -> bool:
        return self.device.type == "cpu"

    @property
    def workers(self) -> int:
        """Several for a model of transformers or of engine/bert alone: another one may keep something between its
        `forward` and `reduce`."""
        several = self.on_cpu and self.head.is_plain and not self.lockstep
        return workers_of(self.threads) if several else 1

    @property
    def threads(self) -> int:
        return torch.get_num_threads()

    def use_threads(self, count: int) -> None:
        """A thread begins with the number that any thread set last, and takes it at its first question or operation."""
        torch.get_num_threads()  # else it would take another's after this
        torch.set_num_threads(count)

    @property
    def max_tokens(self) -> int:
        return position_limit(self.model)

    @property
    def constants(self) -> dict[str, np.ndarray]:
        return self.head.constants(self.model)

    def weights(self) -> Iterator[tuple[str, np.ndarray]]:
        for name, tensor in self.model.state_dict().items():
            yield name, (tensor.to_dense() if tensor.is_mkldnn else tensor).float().cpu().numpy()

    @staticmethod
    def products() -> contextlib.AbstractContextManager[Any]:
        """Within this context the model computes products of matrices as fast as this machine can."""
        return fast()

    def forward(self, batch: dict[str, Any]) -> Forward:
        if self.model.training:
            self.model.eval()
        with torch.inference_mode(), self.products():
            batch = {name: tensor.to(self.device) for name, tensor in tensors(batch).items()}
            outputs = self.model(**self.head.inputs(batch))
            arrays = {name: t.float().cpu().numpy() for name, t in self.head.reduce(outputs, batch).items()}
            if self.head.whole_step or self.head.targets[0] not in batch:
                return Forward(arrays)
            sums, weights = self.head.losses(outputs, batch), self.head.loss_weight(batch)
            return Forward(arrays, sums.double().cpu().numpy(), weights.double().cpu().numpy())


class BertBackend(TorchBackend):
    """A model of engine/bert: it gives outputs, and nothing of its layers."""

    can = frozenset()
    products = contextlib.nullcontext
    """It calls the right routine itself."""

    def __init__(self, model: Bert, head: Head, precision: Precision = "float32"):
        super().__init__(model, head, precision)
        if precision == "float32":
            model.pack()
        self._bert = model

    def compile(self) -> None:
        if self.on_cpu:  # TorchScript gives an error of its own where a GPU's memory is too small
            self._bert.compile_layers()


def _is_sharded(model: torch.nn.Module) -> bool:
    tensor = sys.modules.get("torch.distributed.tensor")  # where nothing has imported it, nothing is sharded
    return tensor is not None and any(isinstance(parameter, tensor.DTensor) for parameter in model.parameters())
