"""`pretrain`: its losses are transformers' own, its answers fill masks in, and its Run is a model to fine-tune."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoModelForPreTraining

from bertkit import Predictor, Run, train
from bertkit.engine.batches import tensors
from bertkit.errors import BertkitError
from bertkit.metrics import find_metric
from bertkit.models import sparse_head
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import ModelBlock
from bertkit.tasks.pretrain.task import Pretrain
from tests.helpers import log_of, losses, make, messages, tiny_recipe
from tests.tiny import TINY

PAIRS = {"objective": "mlm+nsp", "max_length": 24}


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("pretrain")
    return train(tiny_recipe("pretrain", PAIRS, tiny_bert, folder, logging_steps=1), output=folder / "run")


def parts(model: Path, **options: Any) -> tuple[Pretrain, Any, Any, list[dict[str, Any]]]:
    task: Any = make("pretrain", options)
    block = ModelBlock(name=str(model))
    torch.manual_seed(1)
    built, tokenizer = task.head.build_model(block).eval(), load_tokenizer(block)
    return task, built, tokenizer, task.encode(task.tiny_rows(), tokenizer, 64, answers=True).examples[:]


@pytest.mark.parametrize("objective", ["mlm", "mlm+nsp"])
@pytest.mark.parametrize("dense", [False, True], ids=["sparse", "dense"])
def test_the_loss_is_transformers_own(
    objective: str, dense: bool, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dense:
        monkeypatch.setattr(sparse_head, "_trial", lambda _: "this test wants it")
    task, model, tokenizer, examples = parts(tiny_bert, objective=objective, max_length=24)
    batch = tensors(task.collator(tokenizer)(examples))
    sums, outputs = losses(task, model, batch)
    logits = outputs["prediction_logits" if task.pairs else "logits"]
    assert logits.shape[:2] == (batch["input_ids"].shape if dense else (1, len(batch["places"])))
    labels = torch.full_like(batch["input_ids"], -100)
    labels.view(-1)[batch["places"]] = batch["labels"]
    named = {"labels": labels} | ({"next_sentence_label": batch["pair"]} if task.pairs else {})
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
    assert float((sums / task.head.loss_weight(batch)).sum()) == pytest.approx(
        float(model(**inputs, **named).loss), rel=1e-5
    )
    sums_of_rows = task.head.reduce(outputs, batch)["sums"]
    right = sparse_head.word_scores(outputs, batch["places"]).argmax(-1) == batch["labels"]
    assert sums_of_rows.sum(0).tolist() == pytest.approx(
        [float(sums[0]), int(right.sum()), len(batch["labels"])], rel=1e-5
    )


def test_a_model_that_can_not_take_places_trains_with_its_head_on_all(
    tmp_path: Path, tiny_bert: Path, caplog: pytest.LogCaptureFixture
) -> None:
    task: Any = make("pretrain", {"max_length": 24})
    scratch = {**TINY, "model_type": "deberta-v2"}
    with caplog.at_level("INFO", "bertkit"):
        task.head.build_model(ModelBlock(scratch=scratch, tokenizer=str(tiny_bert)))
    assert any(said.startswith("the head runs on all tokens: deberta-v2") for said in messages(caplog))
    recipe = tiny_recipe("pretrain", {"max_length": 24}, tiny_bert, tmp_path, max_steps=2)
    model = recipe.model.model_copy(update={"name": None, "scratch": scratch, "tokenizer": str(tiny_bert)})
    run = train(recipe.model_copy(update={"model": model}), output=tmp_path / "run")
    assert math.isfinite(run.metrics["validation"]["perplexity"])
    assert len(Predictor.open(run).predict(["the [MASK] is late"])[0]["fillings"]) == 1


def test_figures_agree_with_each_other(trained: Run) -> None:
    figures = trained.metrics["validation"]
    assert figures["masked_loss"] == pytest.approx(figures["loss_mlm"], rel=1e-4)
    assert figures["perplexity"] == pytest.approx(math.exp(figures["masked_loss"]), rel=1e-4)
    assert figures["loss"] == pytest.approx(figures["loss_mlm"] + figures["loss_nsp"], rel=1e-4)
    low, high = trained.metrics["intervals"]["validation"]["perplexity"]
    assert low <= figures["perplexity"] <= high
    for loss, mlm, nsp in log_of(trained, "loss", "loss_mlm", "loss_nsp"):
        assert loss == pytest.approx(mlm + nsp, abs=1e-3)


def test_the_run_loads_in_plain_transformers_with_the_same_scores(trained: Run) -> None:
    predictor = Predictor.open(trained)
    text = "the [MASK] is late again"
    for auto in (AutoModelForPreTraining, AutoModelForMaskedLM):
        plain: Any = auto.from_pretrained(trained.model).eval()
        inputs = predictor.tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            outputs = plain(**inputs)
        scores = (outputs.prediction_logits if "prediction_logits" in outputs else outputs.logits)[0]
        best = scores[inputs["input_ids"][0] == predictor.tokenizer.mask_token_id].softmax(-1).max(-1)
        answer = predictor.predict([text])[0]["fillings"][0][0]
        assert answer["probability"] == pytest.approx(float(best.values), abs=1e-5)
        assert answer["token"] == predictor.tokenizer.decode([int(best.indices)])


def test_the_run_is_a_model_to_fine_tune(trained: Run, tmp_path: Path) -> None:
    tuned = train(tiny_recipe("classify", {}, trained.model, tmp_path, max_steps=2), output=tmp_path / "run")
    from safetensors.torch import load_file

    before, after = (load_file(run.model / "model.safetensors") for run in (trained, tuned))
    name = "bert.encoder.layer.0.attention.self.query.weight"
    assert torch.allclose(before[name], after[name], atol=0.01)
    assert not any(name.startswith("cls.") for name in after)


def test_masks_are_filled_in(trained: Run, bertkit) -> None:
    answers = Predictor.open(trained).predict(["the [MASK] is [MASK]", "my [MASK]"])
    assert [len(answer["fillings"]) for answer in answers] == [2, 1]
    for best in (best for answer in answers for best in answer["fillings"]):
        chances = [one["probability"] for one in best]
        assert len(best) == 5
        assert chances == sorted(chances, reverse=True)
        assert 0 < sum(chances) <= 1
    task = Predictor.open(trained).task
    flat = task.to_columns(answers[0], logits=True)
    assert flat["predicted_tokens"] == [best[0]["token"] for best in answers[0]["fillings"]]
    assert [one["mask"] for one in flat["fillings"]] == [1] * 5 + [2] * 5
    assert "score" not in task.to_columns(answers[0])["fillings"][0]
    assert task.to_text(answers[0]).count(" | ") == 1
    more = task.options.model_copy(update={"fillings": 12})
    (answer,) = Predictor.open(trained, options=more).predict(["my [MASK]"])
    assert len(answer["fillings"][0]) == 12
    assert [one["token"] for one in answer["fillings"][0]][:5] == [one["token"] for one in answers[1]["fillings"][0]]
    code, out, _ = bertkit("predict", trained.path, "--text", "the [MASK] is late")
    assert code == 0
    assert out.count("(0.") == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the parcel is late", r"row 1 +'the parcel is late' has no \[MASK\]; write \[MASK\] in place of each word"),
        ("", r"row 1 +'' has no \[MASK\]"),
        ("the parcel is late " * 20 + "[MASK]", r"a \[MASK\] is beyond the 24 tokens"),
    ],
)
def test_texts_that_can_not_be_answered(trained: Run, text: str, said: str, bertkit) -> None:
    with pytest.raises(BertkitError, match=said):
        Predictor.open(trained).predict([text])
    code, _, err = bertkit("predict", trained.path, "--text", text)
    assert code == 2
    assert err.count("error: ") == 1
    assert "Traceback" not in err


@pytest.mark.parametrize("kind", ["roberta", "electra"])
def test_kinds_without_a_head_for_pairs_are_refused_and_mlm_is_named(kind: str, tiny_bert: Path) -> None:
    block = ModelBlock(scratch={**TINY, "model_type": kind}, tokenizer=str(tiny_bert))
    with pytest.raises(BertkitError, match=f"{kind}: .*train without pairs: --set options.objective=mlm"):
        make("pretrain", PAIRS).head.build_model(block)
    assert make("pretrain", {}).head.build_model(block).config.vocab_size == len(load_tokenizer(block))


def test_a_metric_fits_or_is_refused_before_the_training() -> None:
    task, paired = make("pretrain", {}), make("pretrain", PAIRS)
    for name in ("masked_loss", "perplexity", "masked_accuracy"):
        task.check_metric(find_metric(name, task.takes))
    paired.check_metric(find_metric("next_sentence_accuracy", task.takes))
    with pytest.raises(BertkitError, match="with objective mlm there are no pairs"):
        task.check_metric(find_metric("next_sentence_accuracy", task.takes))
    with pytest.raises(BertkitError, match="accuracy: scores no masked words"):
        task.check_metric(find_metric("accuracy", "labels"))


def test_parts_and_metrics_by_objective() -> None:
    assert make("pretrain", {}).head.parts == ()
    assert make("pretrain", {}).metrics[0] == "masked_loss"
    assert make("pretrain", PAIRS).head.parts == ("mlm", "nsp")
    assert make("pretrain", {"objective": "mlm+sop"}).head.parts == ("mlm", "sop")
    assert make("pretrain", PAIRS).metrics[-1] == "next_sentence_accuracy"


def test_sanity_checks() -> None:
    answers = [{"loss": 3.0, "right": 0, "masked": 2, "pair": n % 2, "pair_scores": [1.0, 0.0]} for n in range(4)]
    said = make("pretrain", PAIRS).sanity_checks(answers, [])
    assert len(said) == 2
    assert "next-sentence accuracy 0.500: no better than always predicting the same (0.500)" in said[1]
    fine = [{**one, "right": 1, "pair_scores": [float(not one["pair"]), float(one["pair"])]} for one in answers]
    assert make("pretrain", PAIRS).sanity_checks(fine, []) == []


def test_rows_longer_than_the_model_takes_are_told(tiny_bert: Path) -> None:
    task: Any = make("pretrain", {})
    row = {"tokens": np.full(80, 10, np.int32), "starts": np.ones(80, bool), "second": 0, "label": -1}
    with pytest.raises(BertkitError, match="rows of 82 tokens, but the model takes 64 at most"):
        task.encode([row], load_tokenizer(ModelBlock(name=str(tiny_bert))), 64, answers=True)


def test_phases_train_one_after_the_other(tiny_bert: Path, tmp_path: Path) -> None:
    phases = [{"max_length": 16, "share": 0.5}, {"max_length": 32, "share": 0.5}]
    recipe = tiny_recipe("pretrain", {"phases": phases}, tiny_bert, tmp_path, logging_steps=1, max_steps=4)
    run = train(recipe, output=tmp_path / "run")
    assert len(log_of(run, "loss")) == 4
    assert Predictor.open(run).tokenizer.model_max_length == 64


def test_a_training_that_goes_on_draws_the_masks_that_it_would_have(tiny_bert: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    def weights(run: Run) -> dict[str, torch.Tensor]:
        return load_file(run.model / "model.safetensors")

    recipe = tiny_recipe(
        "pretrain", PAIRS, tiny_bert, tmp_path, max_steps=6, save_steps=3, save_strategy="steps", eval_strategy="no",
        save_total_limit=3, dataloader_num_workers=1,
    )  # fmt: skip
    whole = train(recipe, output=tmp_path / "whole")
    part = train(recipe, output=tmp_path / "part")
    for folder in part.checkpoints.glob("checkpoint-*"):
        if folder.name != "checkpoint-3":
            for file in folder.iterdir():
                file.unlink()
            folder.rmdir()
    part.metrics_file.unlink()
    again = train(part.path, resume=True)
    a, b = weights(whole), weights(again)
    assert all(torch.equal(a[name], b[name]) for name in a)
