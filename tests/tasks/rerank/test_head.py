"""A Run is a CrossEncoder of sentence-transformers, and its cross-encoders answer here, with the same scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit import Predictor, train
from bertkit.errors import BertkitError
from bertkit.inference.checkpoint import Checkpoint, guess
from bertkit.tasks.rerank.head import ACTIVATIONS
from tests.helpers import make, tiny_recipe

sentence_transformers = pytest.importorskip("sentence_transformers")

LONG = "the parcel is late again and a man plays " * 12
PAIRS = [
    ("where is my parcel ?", "the parcel is late again"),
    ("where is my parcel ?", LONG),
    ("i want my money back", "hello"),
    ("a", "thank you , good bye"),
]


def theirs(folder: Path, **options: Any) -> Any:
    return sentence_transformers.CrossEncoder(str(folder), device="cpu", local_files_only=True, **options)


def scores(predictor: Predictor) -> list[float]:
    return [answer["score"] for answer in predictor.predict(PAIRS)]


@pytest.fixture(scope="module")
def new(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder that sentence-transformers made and saved; its score is a sigmoid."""
    import torch

    torch.manual_seed(3)
    model = theirs(tiny_bert, num_labels=1)
    model.model.classifier.weight.data *= 400  # or all scores would be about 0.5
    folder = tmp_path_factory.mktemp("cross-encoder")
    model.save_pretrained(str(folder))
    return folder


def rewritten(new: Path, folder: Path, **values: Any) -> Path:
    """The same model as older versions saved it, with these entries in config.json."""
    for file in ("model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (folder / file).write_bytes((new / file).read_bytes())
    config = json.loads((new / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **values}), "utf-8")
    return folder


@pytest.mark.parametrize("options", [{}, {"loss": "squared_error"}, {"activation": "identity"}, {"max_length": 16}])
def test_a_run_is_a_cross_encoder(options: dict[str, Any], tiny_bert: Path, tmp_path: Path) -> None:
    run = train(tiny_recipe("rerank", options, tiny_bert, tmp_path, max_steps=3), output=tmp_path / "run")
    ours = scores(Predictor.open(run))
    assert theirs(run.model).predict(PAIRS).tolist() == pytest.approx(ours, abs=1e-5)
    config = json.loads((run.model / "config.json").read_text("utf-8"))
    kind = "identity" if {"loss", "activation"} & set(options) else "sigmoid"
    assert config["sentence_transformers"] == {"activation_fn": ACTIVATIONS[kind]}
    assert guess(str(run.model)).task == "rerank"
    assert scores(Checkpoint.adopt(str(run.model))) == pytest.approx(ours, abs=1e-6)


def test_version_6(new: Path) -> None:
    assert "activation_fn" not in (new / "config.json").read_text("utf-8")
    recipe = guess(str(new))
    assert (recipe.task, recipe.options) == ("rerank", {"activation": "sigmoid"})
    ours = scores(Checkpoint.adopt(str(new), recipe))
    assert ours == pytest.approx(theirs(new).predict(PAIRS).tolist(), abs=1e-5)
    assert max(ours) - min(ours) > 0.02


@pytest.mark.parametrize("values", [
    {"sentence_transformers": {"activation_fn": ACTIVATIONS["identity"], "version": "4.1.0"}},
    {"sbert_ce_default_activation_function": ACTIVATIONS["identity"]},
])  # fmt: skip
def test_older_versions_with_an_identity(values: dict[str, Any], new: Path, tmp_path: Path) -> None:
    """As ms-marco-MiniLM: its score is the logit."""
    folder = rewritten(new, tmp_path, **values)
    for recipe in (guess(str(folder)), guess(str(folder), "rerank")):
        assert (recipe.task, recipe.options) == ("rerank", {"activation": "identity"})
        answers = Checkpoint.adopt(str(folder), recipe).predict(PAIRS)
        assert [answer["score"] for answer in answers] == [answer["logit"] for answer in answers]
        expected = theirs(folder).predict(PAIRS).tolist()
        assert [answer["score"] for answer in answers] == pytest.approx(expected, abs=1e-5)


def test_a_model_that_says_nothing_is_a_regression_until_it_is_named(new: Path, tmp_path: Path) -> None:
    folder = rewritten(new, tmp_path)
    assert guess(str(folder)).task == "regress"
    recipe = guess(str(folder), "rerank")
    assert scores(Checkpoint.adopt(str(folder), recipe)) == pytest.approx(theirs(folder).predict(PAIRS), abs=1e-5)


def test_a_regression_from_a_cross_encoder_is_a_regression(new: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    rewritten(new, folder, sentence_transformers={"activation_fn": ACTIVATIONS["identity"]})
    run = train(tiny_recipe("regress", {}, folder, tmp_path, max_steps=1), output=tmp_path / "run")
    assert guess(str(run.model)).task == "regress"


def test_the_task_of_a_command_line_has_the_options_of_the_configuration(new: Path, tmp_path: Path) -> None:
    folder = rewritten(new, tmp_path, problem_type="multi_label_classification")
    assert guess(str(folder), "classify").options == {"multi_label": True}


def test_an_unknown_activation_is_refused(new: Path, tmp_path: Path) -> None:
    folder = rewritten(new, tmp_path, sentence_transformers={"activation_fn": "torch.nn.modules.activation.Tanh"})
    with pytest.raises(BertkitError, match=r"options.activation .*'tanh'; one of 'sigmoid' or 'identity'"):
        guess(str(folder))


def test_several_outputs_are_labels(tiny_bert: Path, tmp_path: Path) -> None:
    """As their cross-encoders for entailment."""
    theirs(tiny_bert, num_labels=3).save_pretrained(str(tmp_path))
    assert guess(str(tmp_path)).task == "classify"


def test_training_on_replaces_the_activation(new: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    rewritten(new, folder, sbert_ce_default_activation_function=ACTIVATIONS["identity"])
    run = train(tiny_recipe("rerank", {}, folder, tmp_path, max_steps=1), output=tmp_path / "run")
    config = (run.model / "config.json").read_text("utf-8")
    assert ACTIVATIONS["sigmoid"] in config
    assert "sbert" not in config
    assert theirs(run.model).predict(PAIRS).tolist() == pytest.approx(scores(Predictor.open(run)), abs=1e-5)


def test_the_command_line_answers_with_their_model(new: Path, tmp_path: Path, bertkit: Any) -> None:
    file = tmp_path / "rows.jsonl"
    rows = [{key: row[key] for key in ("query", "text")} for row in make("rerank", {}).tiny_rows()]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    code, out, err = bertkit("predict", str(new), str(file), "--task", "rerank", "--logits")
    assert code == 0, err
    answers = [json.loads(line) for line in out.splitlines()]
    expected = theirs(new).predict([(row["query"], row["text"]) for row in rows]).tolist()
    assert [answer["predicted_score"] for answer in answers] == pytest.approx(expected, abs=1e-5)
    assert all(list(answer) == ["query", "text", "predicted_score", "logit"] for answer in answers)
