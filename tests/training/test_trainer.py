"""Our Trainer: learning rates by depth with no parameter lost, decay where it belongs, one way of evaluating."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainingArguments

from bertkit.engine.batches import tensors
from bertkit.errors import RecipeError
from bertkit.inference.score import Split
from bertkit.metrics import find_metric
from bertkit.models.layers import depths
from bertkit.recipe.schema import DataBlock, ModelBlock
from bertkit.run import Run
from bertkit.tasks.classify.task import Classify, ClassifyOptions
from bertkit.training.trainer import BertTrainer
from bertkit.training.watch.interrupt import Interrupt

RATE = 1e-3


@pytest.fixture
def make(tiny_bert: Path, tmp_path: Path) -> Any:
    """`make(layer_decay=0.5, freeze_layers=1, optim="sgd")` -> a BertTrainer of the task's own rows."""
    from datasets import Dataset

    from bertkit.models.build import load_tokenizer

    def make(*, layer_decay: float = 1.0, freeze_layers: int = 0, weights: Any = None, **arguments: Any) -> BertTrainer:
        task = Classify(ClassifyOptions(class_weights=weights))
        rows = Dataset.from_list(task.tiny_rows())
        task.prepare(rows, DataBlock())
        block = ModelBlock(name=str(tiny_bert), freeze_layers=freeze_layers)
        tokenizer = load_tokenizer(block)
        split = Split("validation", rows, task.encode(rows, tokenizer, 64, answers=True))
        values = {
            "learning_rate": RATE,
            "weight_decay": 0.1,
            "use_cpu": True,
            "report_to": "none",
            "disable_tqdm": True,
        }
        return BertTrainer(
            task=task,
            validation=split,
            metrics=[find_metric("accuracy", "labels")],
            layer_decay=layer_decay,
            run=Run(tmp_path / "out"),
            interrupt=Interrupt(),
            model=task.head.build_model(block),
            args=TrainingArguments(str(tmp_path / "out"), **{**values, **arguments}),
            train_dataset=split.encoded.examples,
            data_collator=task.collator(tokenizer),
        )

    return make


def settings_of(trainer: BertTrainer) -> dict[str, tuple[float, float]]:
    """Parameter name -> its learning rate and weight decay in the optimiser."""
    optimizer = trainer.create_optimizer()
    names = {id(p): name for name, p in trainer.model.named_parameters()}
    return {
        names[id(p)]: (group["lr"], group["weight_decay"]) for group in optimizer.param_groups for p in group["params"]
    }


@pytest.mark.parametrize("decay", [0.5, 0.9])
def test_each_layer_learns_slower_than_the_one_above(make: Any, decay: float) -> None:
    found = settings_of(make(layer_decay=decay))
    expected = {
        "classifier.weight": RATE,
        "bert.pooler.dense.bias": RATE,
        "bert.encoder.layer.1.output.dense.weight": RATE * decay,
        "bert.encoder.layer.1.output.LayerNorm.bias": RATE * decay,
        "bert.encoder.layer.0.attention.self.query.weight": RATE * decay**2,
        "bert.embeddings.word_embeddings.weight": RATE * decay**3,
        "bert.embeddings.LayerNorm.weight": RATE * decay**3,
    }
    assert {name: found[name][0] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("decay", [1.0, 0.5])
@pytest.mark.parametrize("frozen", [0, 1, 2])
def test_no_parameter_is_lost_or_doubled(make: Any, decay: float, frozen: int) -> None:
    trainer = make(layer_decay=decay, freeze_layers=frozen)
    optimizer = trainer.create_optimizer()
    counts = Counter(id(p) for group in optimizer.param_groups for p in group["params"])
    assert set(counts.values()) == {1}
    assert set(counts) == {id(p) for p in trainer.model.parameters() if p.requires_grad}
    assert all(group["params"] for group in optimizer.param_groups)


def test_rates_follow_the_depths(make: Any) -> None:
    trainer = make(layer_decay=0.5)
    found = settings_of(trainer)
    where = depths(trainer.model)
    assert set(found) == set(where)
    for name, (rate, _) in found.items():
        assert rate == pytest.approx(RATE * 0.5 ** (max(where.values()) - where[name])), name


@pytest.mark.parametrize("decay", [1.0, 0.5])
def test_biases_and_layer_norms_do_not_decay(make: Any, decay: float) -> None:
    found = settings_of(make(layer_decay=decay))
    without = {name for name, (_, weight_decay) in found.items() if weight_decay == 0}
    assert without == {name for name in found if name.endswith(".bias") or "LayerNorm" in name}
    assert {weight_decay for _, weight_decay in found.values()} == {0.0, 0.1}


def test_without_layer_decay_all_learn_at_one_rate(make: Any) -> None:
    trainer = make()
    assert {rate for rate, _ in settings_of(trainer).values()} == {RATE}
    assert len(trainer.optimizer.param_groups) == 2


def test_the_schedule_keeps_the_ratios_and_the_log_has_the_heads_rate(make: Any) -> None:
    trainer = make(layer_decay=0.5, warmup_steps=0, max_steps=10)
    trainer.create_optimizer_and_scheduler(10)
    for _ in range(5):
        trainer.optimizer.step()
        trainer.lr_scheduler.step()
    rates = sorted({group["lr"] for group in trainer.optimizer.param_groups}, reverse=True)
    assert rates == pytest.approx([RATE / 2 * 0.5**i for i in range(4)])
    assert trainer._get_learning_rate() == pytest.approx(RATE / 2)


def test_training_moves_the_head_most(make: Any) -> None:
    trainer = make(layer_decay=0.1, max_steps=2, warmup_steps=0, optim="sgd", learning_rate=0.5, save_strategy="no")
    before = {name: p.detach().clone() for name, p in trainer.model.named_parameters()}
    trainer.train()
    moved = {name: (p - before[name]).abs().max().item() for name, p in trainer.model.named_parameters()}
    assert moved["classifier.weight"] > 0
    assert 0 < moved["bert.embeddings.LayerNorm.bias"] < moved["classifier.weight"] / 10


def test_the_loss_of_a_batch_is_its_weighted_mean(make: Any) -> None:
    trainer = make(weights={"refund": 3.0})
    batch = tensors(trainer.data_collator(trainer.train_dataset[:5]))
    loss, outputs = trainer.compute_loss(trainer.model.eval(), batch, return_outputs=True)
    weight = torch.tensor(trainer.task.state["weights"])
    expected = torch.nn.functional.cross_entropy(outputs.logits, batch["labels"], weight)
    torch.testing.assert_close(loss, expected)


def test_parts_of_a_step_add_up_to_the_whole(make: Any) -> None:
    trainer = make(weights={"refund": 3.0})
    model = trainer.model.eval()
    parts = [tensors(trainer.data_collator(trainer.train_dataset[i : i + 3])) for i in (0, 3, 6)]
    items = trainer._get_num_items_in_batch(parts, torch.device("cpu"))
    whole = tensors(trainer.data_collator(trainer.train_dataset))
    together = sum(trainer.compute_loss(model, part, num_items_in_batch=items) for part in parts)
    torch.testing.assert_close(together, trainer.compute_loss(model, whole))


def test_evaluate_reports_the_figures_of_the_validation_split(make: Any) -> None:
    trainer = make()
    metrics = trainer.evaluate()
    assert {"eval_accuracy", "eval_loss"} <= set(metrics)
    assert trainer.state.log_history[-1]["eval_accuracy"] == metrics["eval_accuracy"]
    scores = trainer.score(trainer.validation, intervals=True)
    assert scores.figures == {name: metrics[f"eval_{name}"] for name in ("accuracy", "loss")}
    assert set(scores.intervals) == {"accuracy"}


def test_an_optimiser_or_schedule_that_needs_more_is_a_users_mistake(make: Any) -> None:
    with pytest.raises(RecipeError, match=r"train\.optim  adamw_torch_8bit"):
        make(optim="adamw_torch_8bit").create_optimizer()
    trainer = make(lr_scheduler_type="cosine", lr_scheduler_kwargs={"num_cycle": 2})
    with pytest.raises(RecipeError, match=r"train\.lr_scheduler_kwargs  cosine: .*num_cycle"):
        trainer.create_optimizer_and_scheduler(10)
