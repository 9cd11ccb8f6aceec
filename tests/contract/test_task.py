"""What every task must do, for each task there is: nothing here knows any of them."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bertkit import Predictor, Run, train
from bertkit.data.read.rows import Unusable
from bertkit.engine.batches import tensors
from bertkit.engine.run import run as run_backend
from bertkit.inference.columns import AnswerColumns
from bertkit.metrics import find_metric
from bertkit.models.build import build_model, load_tokenizer
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.task import make_task
from bertkit.training.step_loss import cached
from tests.helpers import every_task, log_of, losses, make, run_model, tiny_recipe

TOYS = Path(__file__).with_name("toys.py")
TASKS = [*every_task(), (f"{TOYS}:Joint", {}), (f"{TOYS}:Passages", {})]
IDS = [f"{name.rpartition(':')[2]}-{'-'.join(options) or 'default'}" for name, options in TASKS]
TOGETHER = [
    pytest.param(each, id=name, marks=pytest.mark.xdist_group(f"contract-{name}"))
    for each, name in zip(TASKS, IDS, strict=True)
]
"""What is asked of one training runs where that was trained."""


@pytest.fixture(scope="module", params=TOGETHER)
def trained(request: pytest.FixtureRequest, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    name, options = request.param
    folder = tmp_path_factory.mktemp(name.rpartition(":")[2])
    recipe = tiny_recipe(name, options, tiny_bert, folder, logging_steps=1, max_steps=3)
    return train(recipe, output=folder / "run")


def test_there_are_tasks() -> None:
    assert {"classify", "regress"} <= {name for name, _ in TASKS}


def test_a_run_holds_what_it_promises(trained: Run) -> None:
    files = ("recipe.yaml", "model", "task.json", "metrics.json", "log.jsonl", "environment.json", "README.md")
    assert all((trained.path / file).exists() for file in (*files, "report.html"))
    assert not trained.checkpoints.exists()
    figures = trained.metrics["validation"]
    task = make(trained.recipe.task, trained.recipe.options)
    for reference in task.metrics:
        for key in find_metric(reference, task.takes).keys:
            assert key in figures
    assert ("loss" in figures) != task.head.whole_step
    assert np.isfinite([*figures.values()]).all()
    lines = log_of(trained, "step", "epoch", "loss", "grad_norm", "learning_rate", "samples_per_second")
    assert [line[0] for line in lines] == [1, 2, 3]
    assert json.loads(trained.environment_file.read_text())["versions"]["transformers"]


def test_saved_model_answers_as_it_did_when_it_was_scored(trained: Run) -> None:
    predictor = Predictor.open(trained)
    rows = tiny_rows(predictor)
    metrics = [find_metric(name, predictor.task.takes) for name in trained.recipe.metrics]
    again = predictor.score("validation", rows, metrics).figures
    assert again == pytest.approx(trained.metrics["validation"], abs=1e-4, nan_ok=True)


def test_one_by_one_equals_batched(trained: Run) -> None:
    predictor = Predictor.open(trained)
    rows = tiny_rows(predictor)
    together = predictor.predict(rows)
    alone = [answer for row in rows for answer in predictor.predict([row])]
    assert len(together) == len(rows)
    for a, b in zip(together, alone, strict=True):
        _same(a, b)


def test_answers_fit_a_table(trained: Run) -> None:
    predictor = Predictor.open(trained)
    answers, task = predictor.predict(tiny_rows(predictor)), predictor.task
    assert next(iter(task.to_columns(answers[0]))) in task.answer_columns
    for wanted in (AnswerColumns("none"), AnswerColumns(), AnswerColumns("all", logits=True)):
        columns = [wanted.of(task, answer) for answer in answers]
        assert next(iter(columns[0])) in task.answer_columns
        assert all(list(row) == list(columns[0]) for row in columns)
        assert json.loads(json.dumps(columns, allow_nan=False)) == columns


def test_confidence_and_candidates_are_probabilities(trained: Run) -> None:
    predictor = Predictor.open(trained)
    for answer in predictor.predict(tiny_rows(predictor)):
        candidates = predictor.task.candidates(answer)
        sure = [predictor.task.confidence(answer), *(probability for _, probability in candidates)]
        assert all(one is None or 0 <= one <= 1 for one in sure)
        if candidates:
            best = AnswerColumns(top_k=2).of(predictor.task, answer)
            assert best["top_1_probability"] == max(probability for _, probability in candidates)


def test_parse_is_the_inverse_of_to_columns(trained: Run) -> None:
    """As far as figures go: what a table holds scores as the answers themselves; so does its csv."""
    predictor = Predictor.open(trained)
    task, rows = predictor.task, tiny_rows(predictor)
    answers = predictor.predict(rows)
    try:
        columns = [AnswerColumns("all").of(task, answer) for answer in answers]
        parsed = [task.parse(own, row) for own, row in zip(columns, rows, strict=True)]
    except Unusable as error:
        assert task.takes == "language", error.what
        return
    for takes in {find_metric(name, task.takes).takes for name in task.metrics}:
        expected, found = (task.compare(each, rows, takes)[0] for each in (answers, parsed))
        assert np.array_equal(np.asarray(expected, dtype=object), np.asarray(found, dtype=object))


def test_decode_needs_no_model_and_no_order_of_calls(trained: Run) -> None:
    """What a fresh task decodes from the outputs is what the predictor answered."""
    predictor = Predictor.open(trained)
    rows = tiny_rows(predictor)
    expected = predictor.predict(rows)
    encoded = predictor.task.encode(rows, predictor.tokenizer, predictor.limit, answers=False)
    outputs, _ = run_backend(predictor.backend, encoded.examples, predictor.collate)
    fresh = make_task(trained.recipe, trained.task_state)
    assert fresh.decode(outputs, encoded, rows) == expected


def test_the_card_is_true(trained: Run, bertkit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tag and class are the task's, its command line answers, its snippet runs, its model loads."""
    import transformers

    monkeypatch.chdir(trained.path.parent)  # where whoever downloads it stands
    text = trained.card_file.read_text("utf-8")
    task = make_task(trained.recipe, trained.task_state)
    assert f"pipeline_tag: {task.head.hub_tag}\n" in text
    (command,) = text.split("```sh\n")[1].split("```")[0].strip().splitlines()
    words = shlex.split(command)
    if words[0] == "echo":
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(words[1].encode() + b"\n")))
        words = words[3:]
    code, out, err = bertkit(*words[1:], "--trust-code")
    assert code == 0, err
    assert out.strip()
    scope: dict[str, Any] = {}
    snippet = text.split("```python\n")[1].split("```")[0]
    exec(snippet.replace("Predictor.open(", "answers = Predictor.open("), scope)
    assert len(scope["answers"]) == 1
    name = text.split("load without bertkit, by transformers'\n`")[1].split(".")[0]
    assert getattr(transformers, name).from_pretrained(trained.model).config.model_type == "bert"


def test_no_rows_give_no_answers(trained: Run) -> None:
    assert Predictor.open(trained).predict([]) == []


@pytest.mark.parametrize(("name", "options"), TASKS, ids=IDS)
def test_gradient_is_that_of_the_rows_whatever_the_batch(name: str, options: dict[str, Any], tiny_bert: Path) -> None:
    """The contract's core: (sums / items).sum() over two halves adds up to that of the whole. In double precision: in
    single, the rounding of some processors is as large as the bound."""
    task, rows, model, tokenizer = _parts(name, options, tiny_bert)
    model.double()
    items = task.encode(rows, tokenizer, 64, answers=True).examples
    collate = task.collator(tokenizer)
    whole = _gradient(task, model, [tensors(collate(items))])
    halves = _gradient(task, model, [tensors(collate(items[::2])), tensors(collate(items[1::2]))])
    torch.testing.assert_close(whole, halves, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("name", "options"), TASKS, ids=IDS)
def test_outputs_keep_the_order_of_rows(name: str, options: dict[str, Any], tiny_bert: Path) -> None:
    task, rows, model, tokenizer = _parts(name, options, tiny_bert)
    encoded = task.encode(rows, tokenizer, 64, answers=True)
    collate = task.collator(tokenizer)
    one, loss_one = run_model(task, model, encoded, collate, tokens=1)
    many, loss_many = run_model(task, model, encoded, collate)
    assert bool(loss_one) != task.head.whole_step
    for key in one:
        for a, b in zip(one[key], many[key], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
    assert loss_one == pytest.approx(loss_many, rel=1e-5)


def tiny_rows(predictor: Predictor) -> list[dict[str, Any]]:
    return predictor.task.tiny_rows()


def _parts(name: str, options: dict[str, Any], folder: Path) -> tuple[Any, Any, Any, Any]:
    from datasets import Dataset

    from bertkit.recipe.schema import DataBlock

    task = make(name, options)
    rows = Dataset.from_list(task.tiny_rows())
    task.prepare(rows, DataBlock())
    torch.manual_seed(1)
    block = ModelBlock(name=str(folder))
    return task, rows, task.head.build_model(block).eval(), load_tokenizer(block)


def _gradient(task: Any, model: Any, batches: list[dict[str, torch.Tensor]]) -> torch.Tensor:
    model.zero_grad()
    items = torch.stack([task.head.loss_weight(batch) for batch in batches]).sum(0)
    if task.head.whole_step:
        for batch, step in zip(batches, cached(task.head, model, batches, items), strict=True):
            step.loss(task.head.features(model(**task.head.inputs(batch)), batch), items)[1].backward()
    else:
        for batch in batches:
            (losses(task, model, batch)[0] / items).sum().backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def _same(a: Any, b: Any) -> None:
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            _same(a[key], b[key])
    elif isinstance(a, list) and isinstance(b, list):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            _same(one, other)
    elif isinstance(a, float):
        assert a == pytest.approx(b, abs=1e-5)
    else:
        assert a == b


def test_build_model_does_not_let_trainer_think_the_model_scales_its_loss(tiny_bert: Path) -> None:
    model = build_model(ModelBlock(name=str(tiny_bert)), "AutoModelForSequenceClassification", num_labels=2)
    assert model.accepts_loss_kwargs is False
