"""A StepHead: its loss of one batch is that of a whole step."""

from __future__ import annotations

import torch

from bertkit.tasks.step_head import StepHead
from tests.training.test_step_loss import Model, Spread, batches


def test_the_loss_of_a_batch_is_that_of_its_rows_as_a_step() -> None:
    head, model, (batch,) = Spread(), Model().eval(), batches(6)
    assert isinstance(head, StepHead) and head.whole_step
    outputs = model(batch["values"])
    expected = head.row_losses(head.features(outputs, batch), head.step_targets(batch)).sum(0)
    torch.testing.assert_close(head.losses(outputs, batch), expected)
