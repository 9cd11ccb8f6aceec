"""Pooling: that of sentence-transformers, for all modes."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from sentence_transformers.sentence_transformer.modules import Pooling as Theirs

from bertkit.tasks.embed.options import Pooling
from bertkit.tasks.embed.pooling import pooled


@pytest.mark.parametrize("mode", get_args(Pooling))
def test_vectors_are_those_of_sentence_transformers(mode: str) -> None:
    hidden = torch.randn(3, 4, 8, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]])
    expected = Theirs(8, mode)({"token_embeddings": hidden, "attention_mask": mask})["sentence_embedding"]
    torch.testing.assert_close(pooled(hidden, mask, mode), expected)
