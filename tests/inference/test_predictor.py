"""Predictor: what goes in, and that its answers are the model's."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from bertkit import Predictor, Run, train
from bertkit.data.tokenizer.of_run import RunTokenizer
from bertkit.errors import DataError, ModelError, RunError
from bertkit.fs import write_json
from bertkit.inference.bulk.options import BulkOptions
from bertkit.inference.bulk.output import predict_file
from tests.helpers import tiny_recipe, unseal


def test_logits_are_those_of_plain_transformers(tiny_run: Run) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    texts = ["where is my parcel ?", "i want my money back , please", "hello"]
    model = AutoModelForSequenceClassification.from_pretrained(tiny_run.model).eval()
    tokenizer = AutoTokenizer.from_pretrained(tiny_run.model)
    with torch.no_grad():
        expected = model(**tokenizer(texts, padding=True, return_tensors="pt")).logits.numpy()
    answers = Predictor.open(tiny_run).predict(texts)
    labels = [model.config.id2label[i] for i in range(model.config.num_labels)]
    got = np.array([[answer["logits"][name] for name in labels] for answer in answers])
    np.testing.assert_allclose(got, expected, atol=1e-5)
    softmax = np.exp(expected) / np.exp(expected).sum(1, keepdims=True)
    probabilities = [[answer["probabilities"][name] for name in labels] for answer in answers]
    np.testing.assert_allclose(probabilities, softmax, atol=1e-5)
    assert [answer["label"] for answer in answers] == [labels[i] for i in expected.argmax(1)]


def test_pairs_are_two_segments_in_plain_transformers_too(tiny_bert: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    run = train(tiny_recipe("regress", {}, tiny_bert, tmp_path), output=tmp_path / "run")
    pairs = [("a man plays", "a cat sleeps"), ("hello", "good bye to all of you")]
    model = AutoModelForSequenceClassification.from_pretrained(run.model).eval()
    batch = AutoTokenizer.from_pretrained(run.model)(
        [a for a, _ in pairs], [b for _, b in pairs], padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        expected = model(**batch).logits[:, 0].tolist()
    got = [answer["score"] for answer in Predictor.open(run).predict(pairs)]
    assert got == pytest.approx(expected, abs=1e-5)


def test_a_row_is_a_text_a_pair_or_a_dict(tiny_run: Run) -> None:
    predictor = Predictor.open(tiny_run)
    text, alone, row = (
        predictor.predict(["hello"])[0],
        predictor.predict([("hello",)])[0],
        predictor.predict([{"text": "hello"}])[0],
    )
    assert text == alone == row
    pair = predictor.predict([("hello", "good bye")])[0]
    assert pair == predictor.predict([{"text": "hello", "text_pair": "good bye"}])[0]
    assert pair["logits"] != text["logits"]


@pytest.mark.parametrize("row", [{"message": "hello"}, 7, (), ("a", "b", "c"), ("a", 1)])
def test_a_value_that_is_not_a_row(tiny_run: Run, row: object) -> None:
    with pytest.raises(DataError, match="text"):
        Predictor.open(tiny_run).predict([row])


def test_batches_of_any_size_give_the_same_answers(tiny_run: Run) -> None:
    texts = [f"the parcel number {n} is {'very ' * n}late" for n in range(7)]
    predictor = Predictor.open(tiny_run)
    one, many = [predictor.predict([text])[0] for text in texts], predictor.predict(texts)
    for a, b in zip(one, many, strict=True):
        assert a["logits"] == pytest.approx(b["logits"], abs=1e-5)


def test_a_folder_that_is_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"recipe\.yaml"):
        Predictor.open(tmp_path)


@pytest.mark.parametrize("kind", [str, Path, Run])
def test_a_predictor_of_a_run_is_opened(kind: type) -> None:
    with pytest.raises(RunError, match=r"Predictor\.open\('runs/x'\)"):
        Predictor(kind("runs/x"))  # type: ignore[call-arg]


def test_a_run_of_another_backend(tiny_run: Run, tmp_path: Path) -> None:
    run = tiny_run.derive(tmp_path / "exported", kind="export", backend="abacus")
    with pytest.raises(RunError, match=r"its model needs the backend abacus, .*; upgrade bertkit; it has torch"):
        Predictor.open(run)


def test_a_run_whose_weights_have_a_flipped_bit(tiny_run: Run, tmp_path: Path) -> None:
    run = Run(shutil.copytree(tiny_run.path, tmp_path / "copy"))
    assert Predictor.open(run).predict(["hello"]) == Predictor.open(tiny_run).predict(["hello"])
    weights = bytearray((run.model / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (run.model / "model.safetensors").write_bytes(weights)
    with pytest.raises(RunError, match=r"its model is damaged: the content of model/model\.safetensors has changed"):
        Predictor.open(run)


@pytest.mark.parametrize("rows", [["hello", ("hello", "good bye")], [("hello", "good bye"), "hello"]])
def test_a_second_text_is_not_lost_where_rows_differ(tiny_run: Run, rows: list) -> None:
    with pytest.raises(DataError, match="text_pair"):
        Predictor.open(tiny_run).predict(rows)


@pytest.mark.parametrize("row", [{"text": None}, {"text": 7}, {"text": ["a"]}, {"text": "a", "text_pair": None}])
def test_a_value_that_is_not_a_text(tiny_run: Run, row: dict) -> None:
    with pytest.raises(DataError, match="text"):
        Predictor.open(tiny_run).predict([row])


def test_other_columns_of_a_row_do_not_matter(tiny_run: Run) -> None:
    predictor = Predictor.open(tiny_run)
    assert predictor.predict([{"text": "hello", "label": "?", "note": 3}]) == predictor.predict(["hello"])


def test_no_rows_are_no_answers(tiny_run: Run) -> None:
    assert Predictor.open(tiny_run).predict([]) == []


def test_a_run_with_code_needs_trust_of_another_user(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.py"
    file.write_text("from bertkit.tasks.classify.task import Classify\n\n\nclass Mine(Classify):\n    pass\n")
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path, max_steps=1)
    run = train(recipe.model_copy(update={"task": f"{file}:Mine"}), output=tmp_path / "run")
    assert type(Predictor.open(run.path).task).__name__ == "Mine"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    with pytest.raises(RunError, match="--trust-code"):
        Predictor.open(run.path)
    assert Predictor.open(run.path, trust_code=True).predict(["hello"])[0]["label"]


def test_a_run_needs_nothing_that_lies_outside_of_it(tiny_bert: Path, tmp_path: Path) -> None:
    """Weights, tokenizer, training rows and the file of label names may be gone: the Run has all that answers need."""
    shutil.copytree(tiny_bert, tmp_path / "bert")
    (tmp_path / "labels.txt").write_text("refund\ndelivery\nother\n")
    recipe = tiny_recipe("classify", {}, tmp_path / "bert", tmp_path, max_steps=1)
    data = recipe.data.model_copy(update={"label_names": str(tmp_path / "labels.txt")})
    run = train(recipe.model_copy(update={"data": data}), output=tmp_path / "run")
    elsewhere = run.path.rename(tmp_path / "elsewhere")
    for path in tmp_path.iterdir():
        if path != elsewhere:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    predictor = Predictor.open(elsewhere)
    assert list(predictor.predict(["hello"])[0]["probabilities"]) == ["refund", "delivery", "other"]
    (tmp_path / "new.csv").write_text("text\nhello\n")
    options = BulkOptions(str(tmp_path / "out.csv"))
    assert (
        predict_file(predictor, str(tmp_path / "new.csv"), predictor.recipe.data, options, run=Run(elsewhere)).rows == 1
    )


@pytest.mark.parametrize("labels", [["delivery", "other"], ["delivery", "other", "somebody else's"]])
def test_labels_that_the_weights_were_not_trained_for(labels: list[str], tiny_run: Run, tmp_path: Path) -> None:
    """The output layer would be new, as at the start of a training: random answers, and exit code 0."""
    run = unseal(Run(shutil.copytree(tiny_run.path, tmp_path / "run")))
    write_json(run.task_file, {**run.task_state, "labels": labels})
    with pytest.raises(RunError, match=r"model  has no weights of classifier for the labels in task\.json"):
        Predictor.open(run.path)


def test_a_tokenizer_of_somebody_else(tiny_run: Run, tmp_path: Path) -> None:
    """A token that the model does not have: an index error on a CPU, a broken device on a GPU."""
    run = unseal(Run(shutil.copytree(tiny_run.path, tmp_path / "run")))
    file = run.model / "tokenizer_config.json"
    config = json.loads(file.read_text("utf-8"))
    write_json(file, {**config, "cls_token": "[NEW]"})
    with pytest.raises(ModelError, match=r"the tokenizer has token id \d+, but the model has only \d+ tokens"):
        Predictor.open(run.path).predict("hello")
    write_json(file, {**config, "model_max_length": [512]})
    with pytest.raises(ModelError, match=r"model_max_length in its tokenizer_config\.json is \[512\]; write the most"):
        Predictor.open(run.path)


HEAVY = (
    "transformers",
    "huggingface_hub",
    "datasets",
    "evaluate",
    "sklearn",
    "scipy",
    "pandas",
    "pyarrow",
    "accelerate",
)
MORE = ("matplotlib", "peft", "torch._dynamo", "torch.distributed.tensor", "sympy", "jinja2", "PIL")


def imported(run: Run, *names: str) -> list[str]:
    """Which of these modules a process has imported after `bertkit predict RUN --text`."""
    code = (
        "import sys; from bertkit.cli import main; "
        f"assert main(['predict', {str(run.path)!r}, '--text', 'hello']) == 0; "
        f"print(*[name for name in {names} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def test_an_answer_imports_torch_and_nothing_else_that_is_slow(tiny_run: Run) -> None:
    """Imports are most of the time from `bertkit predict RUN --text` to its answer."""
    assert imported(tiny_run, "torch", *HEAVY, *MORE) == ["torch"]


def test_without_hashes_transformers_opens_the_tokenizer(tiny_run: Run, tmp_path: Path) -> None:
    """Nothing then says that tokenizer.json is as it was written."""
    run = unseal(Run(shutil.copytree(tiny_run.path, tmp_path / "run")))
    assert not run.is_sealed and tiny_run.is_sealed
    mine, theirs = Predictor.open(tiny_run), Predictor.open(run)
    assert isinstance(mine.tokenizer, RunTokenizer) and not isinstance(theirs.tokenizer, RunTokenizer)
    assert mine.predict(["Where is my parcel ?"]) == theirs.predict(["Where is my parcel ?"])


def test_a_backend_has_what_is_needed(tiny_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "transformers" not in Predictor.open(tiny_run).backend.can
    opened = Predictor.open(tiny_run, needs=["transformers", "attentions"])
    assert type(opened.backend.model).__name__ == "BertForSequenceClassification"  # type: ignore[attr-defined]
    with pytest.raises(RunError, match="its backend torch has no tenderness"):
        Predictor.open(tiny_run, needs=["tenderness"])


@pytest.mark.slow
def test_an_exported_run_answers_without_torch_and_transformers(tiny_run: Run, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from bertkit.shrink.export import ExportRequest, export

    exported = export(ExportRequest(tiny_run, tmp_path / "onnx"))
    loaded = imported(exported, "torch", *HEAVY, *MORE)
    assert loaded == []
    torch_answers, onnx_answers = (Predictor.open(run).predict(["hello", "Good bye !"]) for run in (tiny_run, exported))
    for a, b in zip(torch_answers, onnx_answers, strict=True):
        assert b["probabilities"] == pytest.approx(a["probabilities"], abs=1e-5)
