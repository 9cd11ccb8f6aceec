"""The head of `squad`: padding is no place for an answer, and the best places of each window are kept."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from bertkit.tasks.squad.head import SquadHead
from bertkit.tasks.squad.windows import UNKNOWN

START = torch.tensor([[0.0, 3.0, 1.0, 9.0], [2.0, 0.0, 1.0, 1.0]])
END = torch.tensor([[0.0, 1.0, 2.0, 9.0], [1.0, 0.0, 3.0, 0.0]])
OUTPUTS = SimpleNamespace(start_logits=START, end_logits=END)
BATCH = {
    "attention_mask": torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]]),
    "labels": torch.tensor([[1, 2], [0, 2]]),
}


def test_the_loss_is_the_mean_of_both_sides_over_real_places() -> None:
    cross = torch.nn.functional.cross_entropy
    first = cross(START[:1, :3], torch.tensor([1])) + cross(END[:1, :3], torch.tensor([2]))
    second = cross(START[1:], torch.tensor([0])) + cross(END[1:], torch.tensor([2]))
    found = SquadHead(SimpleNamespace(n_best=2), {}).losses(OUTPUTS, BATCH)
    assert found.tolist() == pytest.approx([float(first + second) / 2])


def test_a_window_whose_answer_is_unknown_has_no_loss() -> None:
    head = SquadHead(SimpleNamespace(n_best=2), {})
    alone = {name: tensor[:1] for name, tensor in BATCH.items()}
    both = {**BATCH, "labels": torch.tensor([[1, 2], [UNKNOWN, UNKNOWN]])}
    first = SimpleNamespace(start_logits=START[:1], end_logits=END[:1])
    assert head.losses(OUTPUTS, both).tolist() == head.losses(first, alone).tolist()
    assert (head.loss_weight(both).tolist(), head.loss_weight(BATCH).tolist()) == ([1.0], [2.0])


def test_the_best_real_places_and_the_null_score_are_kept() -> None:
    reduced = SquadHead(SimpleNamespace(n_best=2), {}).reduce(OUTPUTS, BATCH)
    assert reduced["null"].tolist() == [[0.0, 0.0], [2.0, 1.0]]
    assert reduced["start_places"][0].tolist() == [1, 2]
    assert reduced["start_logits"][0].tolist() == [3.0, 1.0]


def test_the_right_answers_probability_is_that_of_its_start_and_end() -> None:
    """Padding has no share; a window whose answer is not known has none."""
    start, end = torch.tensor([[0.2, 0.6, 0.2, 9.0]] * 2).log(), torch.tensor([[0.1, 0.1, 0.8, 9.0]] * 2).log()
    batch = {
        "attention_mask": torch.tensor([[1, 1, 1, 0]] * 2), "labels": torch.tensor([[1, 2], [UNKNOWN, UNKNOWN]]),
    }  # fmt: skip
    head = SquadHead(SimpleNamespace(n_best=2), {})
    probability, right = head.gold(SimpleNamespace(start_logits=start, end_logits=end), batch)
    assert probability[0].item() == pytest.approx(0.48)
    assert probability[1].isnan()
    assert right.tolist() == [True, False]
