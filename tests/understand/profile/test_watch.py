from __future__ import annotations

import torch

from bertkit.understand.profile.watch import tokens_of


def test_tokens_without_padding_and_with_it() -> None:
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    ids = torch.ones(2, 3, dtype=torch.long)
    assert tokens_of({"input_ids": ids, "attention_mask": mask}) == (3, 6)
    assert tokens_of({"input_ids": ids}) == (6, 6)
    assert tokens_of({"pixels": ids}) == (0, 0)
