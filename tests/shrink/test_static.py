"""A static export: the vectors of model2vec and sentence-transformers from the same files, and a measured loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertkit import Predictor, Run, train
from bertkit.errors import ModelError, RunError
from bertkit.shrink.export import ExportRequest, export
from bertkit.shrink.static import reduced, weights
from tests.helpers import tiny_recipe

TEXTS = ["a man plays", "where is my parcel ?", "hello again"]


@pytest.fixture(scope="module")
def both(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    folder = tmp_path_factory.mktemp("static")
    run = train(tiny_recipe("embed", {}, tiny_bert, folder, max_steps=2), output=folder / "run")
    return run, export(ExportRequest(run, folder / "exported", to="static"))


def vectors(run: Run) -> np.ndarray:
    return np.array([answer["vectors"][0] for answer in Predictor.open(run).predict(TEXTS)])


def test_others_load_it_with_equal_vectors(both: tuple[Run, Run]) -> None:
    from model2vec import StaticModel
    from sentence_transformers import SentenceTransformer

    found = vectors(both[1])
    np.testing.assert_allclose(StaticModel.from_pretrained(str(both[1].model)).encode(TEXTS), found, atol=1e-6)
    np.testing.assert_allclose(SentenceTransformer(str(both[1].model), device="cpu").encode(TEXTS), found, atol=1e-6)


def test_a_vector_is_the_mean_of_what_the_encoder_makes_of_its_tokens(both: tuple[Run, Run]) -> None:
    """Rebuilt from the encoder alone, token by token, without the batches of the export."""
    source = Predictor.open(both[0])
    examples = source.task.vocabulary(source.tokenizer)
    assert examples is not None
    known = [number for number, example in enumerate(examples) if example["counts"]]
    each = np.array([source.backend.forward(source.collate([examples[n]])).outputs["vectors"][0, 0] for n in known])
    table = np.zeros((len(examples), 32))
    table[known] = reduced(each.astype(np.float64), 32) * weights(len(known))[:, None]
    ids = source.tokenizer.backend_tokenizer.encode(TEXTS[0], add_special_tokens=False).ids
    expected = table[ids].mean(0)
    np.testing.assert_allclose(vectors(both[1])[0], expected / np.linalg.norm(expected), atol=1e-5)


def test_its_loss_is_measured(both: tuple[Run, Run]) -> None:
    proof = both[1].metrics["export"]
    before, after = (run.metrics["validation"]["mrr@10"] for run in both)
    assert proof["drop"] == pytest.approx(100 * (before - after), abs=1e-6)
    assert proof["differences"]["validation"]
    assert "model2vec" in both[1].card_file.read_text("utf-8")


def test_a_bound_on_the_loss_is_kept(both: tuple[Run, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertkit.shrink import proof

    monkeypatch.setattr(proof, "points", lambda *_: 9.0)
    with pytest.raises(RunError, match=r"drops by 9\.00 points"):
        export(ExportRequest(both[0], tmp_path / "out", to="static", max_drop=1.0))
    assert not (tmp_path / "out").exists()


def test_special_tokens_and_free_places_do_not_count(both: tuple[Run, Run]) -> None:
    source = Predictor.open(both[0])
    examples = source.task.vocabulary(source.tokenizer) or []
    assert len(examples) == len(source.tokenizer)
    assert not any(examples[number]["counts"] for number in source.tokenizer.all_special_ids)
    assert sum(example["counts"] for example in examples) > len(examples) / 2


def test_a_task_whose_answers_are_no_vectors_can_not_be(tiny_run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="are not vectors of texts"):
        export(ExportRequest(tiny_run, tmp_path / "out", to="static"))


@pytest.mark.parametrize(("options", "what"), [({"to": "tflite"}, "no such format"), ({"int8": True}, "is for onnx")])
def test_what_can_not_be_asked_for(
    both: tuple[Run, Run], options: dict[str, object], what: str, tmp_path: Path
) -> None:
    request: dict[str, object] = {"to": "static", **options}
    with pytest.raises(RunError, match=what):
        export(ExportRequest(both[0], tmp_path / "out", **request))  # type: ignore[arg-type]


def test_a_static_model_of_model2vec_is_read(both: tuple[Run, Run], tmp_path: Path) -> None:
    """Written by model2vec itself; several tokens may share a vector, each with a weight of its own."""
    from model2vec import StaticModel
    from model2vec.model import quantize_model
    from tokenizers import Tokenizer

    from bertkit import embed

    plain = StaticModel.from_pretrained(str(both[1].model))
    shared = quantize_model(plain, vocabulary_quantization=20)
    assert isinstance(plain.tokenizer, Tokenizer)
    for number, model in enumerate((plain, shared)):
        model.save_pretrained(str(tmp_path / str(number)))
        again = StaticModel.from_pretrained(str(tmp_path / str(number)))
        np.testing.assert_allclose(embed(tmp_path / str(number), TEXTS), again.encode(TEXTS), atol=1e-6)


def test_another_task_can_not_use_a_table(both: tuple[Run, Run], tmp_path: Path) -> None:
    from bertkit.inference.checkpoint import Checkpoint
    from bertkit.recipe.load import load

    with pytest.raises(ModelError, match="does not answer the task regress"):
        Checkpoint.adopt(str(both[1].model), load({"task": "regress"}))
