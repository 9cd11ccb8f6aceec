"""Vectors of texts: their options, their numbers, and which models give them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bertkit
from bertkit import Predictor, Run, train
from bertkit.errors import BertkitError
from bertkit.inference import vectors
from bertkit.inference.vectors import VectorColumns, open_embedder, quantized
from tests.helpers import messages, tiny_recipe, warnings

TEXTS = ["hello", "where is my parcel ?", "the cat is sleeping", ""]


@pytest.fixture(scope="module")
def run(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A Run of embed with prompts, whose vectors are the mean and have length 1."""
    folder = tmp_path_factory.mktemp("run")
    options = {"prompts": {"query": "where is ", "document": "the "}}
    return train(tiny_recipe("embed", options, tiny_bert, folder, max_steps=2), output=folder / "run")


@pytest.fixture(scope="module")
def scored(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A Run of embed that was trained on pairs with scores, with other options than the default."""
    folder = tmp_path_factory.mktemp("scored")
    options = {"loss": "cosine", "pooling": "cls", "normalize": False, "layer": -2, "max_length": 16}
    return train(tiny_recipe("embed", options, tiny_bert, folder, max_steps=2), output=folder / "run")


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(BertkitError) as error:
        call()
    return str(error.value)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """`caplog` has what bertkit logs."""
    monkeypatch.setattr(logging.getLogger("bertkit"), "propagate", True)
    caplog.set_level(logging.INFO, "bertkit")


def unit(found: np.ndarray) -> np.ndarray:
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_int8_keeps_the_cosines_whatever_stands_beside() -> None:
    drawn = np.random.default_rng(0).normal(size=(50, 384)).astype(np.float32) * np.logspace(-3, 3, 50)[:, None]
    found = quantized(drawn, "int8")
    assert (found.dtype, found.shape, int(np.abs(found).max(1).min())) == (np.int8, (50, 384), 127)
    assert np.array_equal(found[7], quantized(drawn[7], "int8"))
    cosines, kept = (unit(one.astype(np.float64)) @ unit(one.astype(np.float64)).T for one in (drawn, found))
    assert np.abs(cosines - kept).max() < 2e-3
    assert not quantized(np.zeros(4, np.float32), "int8").any()


def test_binary_is_the_ubinary_of_sentence_transformers() -> None:
    from sentence_transformers.quantization import quantize_embeddings

    drawn = np.random.default_rng(0).normal(size=(5, 32)).astype(np.float32)
    assert np.array_equal(quantized(drawn, "binary"), quantize_embeddings(drawn, precision="ubinary"))
    assert quantized(drawn, "float16").dtype == np.float16


def test_columns_are_arrays_only_where_asked() -> None:
    class Task:
        def to_columns(self, answer: Any) -> Any:
            return answer

    task: Any = Task()
    assert VectorColumns().of(task, {"vector": [0.5, float("nan")]}) == {"vector": [0.5, None]}
    assert VectorColumns(dtype="int8").of(task, {"vector": [0.5, -1.0]}) == {"vector": [64, -127]}
    array = VectorColumns(dtype="float16", arrays=True).of(task, {"vector": [0.5, 1.0]})["vector"]
    assert (array.dtype, array.tolist()) == (np.float16, [0.5, 1.0])


# --- models -----------------------------------------------------------------------------------------------------------


def test_a_run_gives_the_vectors_that_it_was_trained_with(run: Run, caplog: Any, shown: None) -> None:
    found = bertkit.embed(run.path, TEXTS, prompt="query")
    expected = [answer["vectors"][0] for answer in Predictor.open(run).predict(TEXTS)]
    assert found.dtype == np.float32
    assert found == pytest.approx(np.array(expected), abs=1e-6)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    folder = bertkit.embed(run.model, TEXTS, prompt="query")  # the files of sentence-transformers say the same
    assert folder == pytest.approx(found, abs=1e-6)
    opened = open_embedder(run, {"prompt": "query"}).predictor
    assert np.array_equal(bertkit.embed(opened, TEXTS), found)
    assert bertkit.embed(run, "hello").shape == (1, 32)
    assert bertkit.embed(opened, []).shape == (0, 0)
    assert "empty texts: 1" in warnings(caplog)


def test_prompts_are_named(run: Run, tiny_bert: Path, caplog: Any, shown: None) -> None:
    plain = bertkit.embed(run, ["the cat"])
    assert warnings(caplog) == [
        "the model has prompts (query, document), and none stands before the texts: name one with --prompt, or "
        "--prompt '' for none"
    ]
    caplog.clear()
    assert np.array_equal(bertkit.embed(run, ["the cat"], prompt=""), plain)
    assert bertkit.embed(run, ["cat"], prompt="document") == pytest.approx(plain, abs=1e-6)
    assert not warnings(caplog)
    assert "--prompt  dokument: no such prompt; did you mean document?" in refused(
        lambda: bertkit.embed(run, ["cat"], prompt="dokument")
    )
    assert "--prompt  query: the model has no prompts" in refused(
        lambda: bertkit.embed(tiny_bert, ["cat"], prompt="query")
    )


def test_a_run_keeps_its_options_but_for_those_that_are_named(scored: Run, caplog: Any, shown: None) -> None:
    own = bertkit.embed(scored, TEXTS[:3])
    assert own == pytest.approx(
        np.array([answer["vectors"][0] for answer in Predictor.open(scored).predict(TEXTS[:3])]), abs=1e-6
    )
    assert not warnings(caplog)
    assert bertkit.embed(scored, TEXTS[:3], normalize=True) == pytest.approx(unit(own), abs=1e-6)
    mean = bertkit.embed(scored, TEXTS[:3], pooling="mean")
    assert np.abs(mean - own).max() > 0.1
    assert len(found := warnings(caplog)) == 1
    assert "pools mean, but the model was trained with cls" in found[0]
    assert np.array_equal(bertkit.embed(scored, TEXTS[:3], layer=-2), own)
    what = "--layer  -1: the layers above -2 were left out in its training; -2 is the last one"
    assert what in refused(lambda: bertkit.embed(scored, TEXTS[:3], layer=-1))
    assert "--layer  -3: the model has 1 layers" in refused(lambda: bertkit.embed(scored, TEXTS[:3], layer=-3))


def test_a_run_of_another_task_lends_its_encoder(tiny_run: Run, tiny_bert: Path, caplog: Any, shown: None) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    found = bertkit.embed(tiny_run, TEXTS[:3], pooling="cls", normalize=False)
    tokenizer, model = (kind.from_pretrained(tiny_run.model) for kind in (AutoTokenizer, AutoModel))
    with torch.no_grad():
        expected = model.eval()(**tokenizer(TEXTS[:3], padding=True, return_tensors="pt")).last_hidden_state[:, 0]
    assert found == pytest.approx(expected.numpy(), abs=1e-5)
    assert not any("new" in text for text in messages(caplog))
    layer = bertkit.embed(tiny_bert, TEXTS[:1], layer=-2, pooling="cls", normalize=False)
    plain = AutoModel.from_pretrained(tiny_bert).eval()
    with torch.no_grad():
        states = plain(**tokenizer(TEXTS[:1], return_tensors="pt"), output_hidden_states=True).hidden_states
    assert layer == pytest.approx(states[-2][:, 0].numpy(), abs=1e-5)


def test_a_task_of_a_users_own_whose_answers_are_vectors(tiny_bert: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from bertkit.tasks.classify.task import Classify\n"
        "class Scores(Classify):\n"
        "    answer_columns = ('vector',)\n"
        "    def to_columns(self, answer, *, logits=False):\n"
        "        return {'vector': list(answer['logits'].values())}\n"
    )
    recipe = tiny_recipe(f"{tmp_path}/mine.py:Scores", {}, tiny_bert, tmp_path, max_steps=1)
    mine = train(recipe, output=tmp_path / "run")
    expected = [list(answer["logits"].values()) for answer in Predictor.open(mine).predict(TEXTS)]
    assert bertkit.embed(mine, TEXTS, dtype="float32") == pytest.approx(np.array(expected), abs=1e-6)
    what = "--pooling  the model's task has no such option"
    assert what in refused(lambda: bertkit.embed(mine, TEXTS, pooling="cls"))
    assert open_embedder(mine, {"pooling": None}).run is mine  # type: ignore[typeddict-item]


def test_dimensions(run: Run) -> None:
    whole = bertkit.embed(run, TEXTS, prompt="")
    found = bertkit.embed(run, TEXTS, prompt="", dimensions=8)
    assert found == pytest.approx(unit(whole[:, :8]), abs=1e-6)
    bare = bertkit.embed(run, TEXTS, prompt="", dimensions=8, normalize=False)
    assert bare == pytest.approx(bertkit.embed(run, TEXTS, prompt="", normalize=False)[:, :8], abs=1e-6)
    what = "--dimensions  33: the model's vectors have 32 dimensions; lower it"
    assert refused(lambda: bertkit.embed(run, TEXTS, dimensions=33)) == what


def test_a_long_text_is_the_mean_of_its_windows(tiny_bert: Path, caplog: Any, shown: None) -> None:
    words = ["the", "cat", "is", "sleeping", "and", "a", "man", "plays", "hello"]
    rare: dict[str, Any] = {"max_length": 8, "normalize": False}
    found = bertkit.embed(tiny_bert, [" ".join(words), "hello"], window_overlap=0, **rare)
    assert [text for text in messages(caplog) if "split into" in text] == [
        "1 of 2 texts (50.0%) have more than 8 tokens: split into 2 windows, 0.0% of all tokens lost"
    ]
    caplog.clear()
    cut = bertkit.embed(tiny_bert, [" ".join(words)], long_text="cut", **rare)
    assert any("have more than 8 tokens: cut" in text for text in messages(caplog))
    windows = [bertkit.embed(tiny_bert, [" ".join(part)], **rare)[0] for part in (words[:6], words[6:])]
    sizes = np.array([8, len(words[6:]) + 2])
    assert found[0] == pytest.approx((np.array(windows) * sizes[:, None]).sum(0) / sizes.sum(), abs=1e-5)
    assert cut[0] == pytest.approx(windows[0], abs=1e-6)
    assert np.abs(found[0] - cut[0]).max() > 0.05
    assert open_embedder(tiny_bert, {"max_length": 12}).predictor.task.options.window_overlap == 3
    assert open_embedder(tiny_bert).predictor.task.options.window_overlap == 16  # it takes 64 tokens


def test_mistakes(scored: Run, tiny_run: Run, tiny_bert: Path, tmp_path: Path) -> None:
    found = refused(lambda: bertkit.embed(tiny_bert, TEXTS, pooling="averige"))
    assert "--pooling  no such value: 'averige'; one of 'mean', 'cls', 'max'" in found
    assert "--dtype  int4: no such value" in refused(lambda: bertkit.embed(tiny_bert, TEXTS, dtype="int4"))  # type: ignore[arg-type]
    unknown: Any = {"poling": "cls"}
    what = "--poling  the model's task has no such option; did you mean pooling?"
    assert what in refused(lambda: bertkit.embed(tiny_bert, TEXTS, **unknown))
    pairs = [{"text": "hello", "text_pair": "thank you"}]
    assert "the rows have several texts: their answers are similarity" in refused(lambda: bertkit.embed(scored, pairs))
    opened = open_embedder(scored).predictor
    assert "--pooling  an open model has its options already" in refused(
        lambda: bertkit.embed(opened, TEXTS, pooling="cls")
    )
    assert "no such folder; a Run is the folder" in refused(lambda: bertkit.embed(tmp_path / "nowhere", TEXTS))
    decoder = tmp_path / "decoder"
    decoder.mkdir()
    sizes = {"n_embd": 8, "n_head": 2, "n_layer": 1, "vocab_size": 400}
    (decoder / "config.json").write_text(json.dumps({"model_type": "gpt2", **sizes}))
    assert "has no padding word" in refused(lambda: bertkit.embed(_with_weights(decoder, tiny_bert), TEXTS))


def _with_weights(folder: Path, tokenizer: Path) -> Path:
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    AutoModel.from_config(AutoConfig.from_pretrained(folder)).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
    return folder


def test_the_dtypes_are_those_of_the_type() -> None:
    from typing import get_args

    assert get_args(vectors.Dtype) == vectors.DTYPES
