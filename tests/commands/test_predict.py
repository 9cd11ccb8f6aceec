"""`bertkit predict`: the command's own mistakes, and models that bertkit did not train (what a Run answers:
tests/inference/test_files.py, test_ask.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit.inference.checkpoint import Checkpoint
from tests.helpers import write_rows
from tests.inference.checkpoints import NLI, OLD, classifier, nli_rows, save, with_names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected one of INPUT, --text and --question"),
        (("new.csv", "--text", "hello"), "expected one of INPUT, --text and --question"),
        (("--text", "a", "--text", "b", "--text-pair", "c"), "number of second texts: 1, number of texts: 2"),
        (("new.csv", "--output", "out.xlsx"), "the ending must be one of"),
        (("new.csv", "--output", "nowhere/out.csv"), "no such folder"),
    ],
)
def test_mistakes_are_reported_before_any_work(
    bertkit, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    code, _, err = bertkit("predict", tmp_path / "no-run", *arguments)
    assert code == 2
    assert message in err


def answers(bertkit: Any, *arguments: object) -> tuple[list[dict[str, Any]], str]:
    """What `bertkit predict` printed, and its messages."""
    code, out, err = bertkit("predict", *arguments, "--probabilities", "all", "--output", "-")
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()], err


@pytest.fixture
def nli(tiny_bert: Path, tmp_path: Path) -> Path:
    return save(classifier(tiny_bert, [name.upper() for name in OLD]), tiny_bert, tmp_path / "nli")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    rows = [{"premise": a, "hypothesis": b} for a, b, _ in nli_rows(9)]
    return write_rows(rows, tmp_path / "pairs.jsonl")


COLUMNS = ("-s", "data.columns={text: premise, text_pair: hypothesis}")


def test_a_checkpoint_answers_with_its_own_labels(nli, pairs, bertkit) -> None:
    """The task is that of its configuration."""
    found, err = answers(bertkit, nli, pairs, *COLUMNS)
    assert "warning" not in err
    assert len(found) == 9
    assert set(found[0]) == {
        "premise",
        "hypothesis",
        "predicted_label",
        "confidence",
        *(f"probability_{n.upper()}" for n in OLD),
    }
    predictor = Checkpoint.adopt(str(nli))
    texts = [(row["premise"], row["hypothesis"]) for row in found]
    assert [one["label"] for one in predictor.predict(texts)] == [row["predicted_label"] for row in found]
    spoken, _ = answers(bertkit, nli, "-t", texts[0][0], "--text-pair", texts[0][1])
    assert spoken[0]["predicted_label"] == found[0]["predicted_label"]


def test_a_recipe_reads_the_rows_and_spells_the_labels(nli, pairs, bertkit, tmp_path: Path) -> None:
    own, _ = answers(bertkit, nli, pairs, *COLUMNS)
    found, err = answers(bertkit, nli, pairs, "--on", "glue/mnli")
    assert "warning" not in err
    assert [row["predicted_label"].upper() for row in found] == [row["predicted_label"] for row in own]
    assert {row["predicted_label"] for row in found} <= set(NLI)
    for name in NLI:
        assert [row[f"probability_{name}"] for row in found] == pytest.approx(
            [row[f"probability_{name.upper()}"] for row in own]
        )
    table = tmp_path / "test.tsv"
    rows = [f"{number}\t{row['premise']}\t{row['hypothesis']}\n" for number, row in enumerate(own)]
    table.write_text("index\tsentence1\tsentence2\n" + "".join(rows), "utf-8")
    of_table, _ = answers(bertkit, nli, table, "--on", "glue/mnli")  # as GLUE's download has it
    assert [row["predicted_label"] for row in of_table] == [row["predicted_label"] for row in found]


def test_outputs_without_names_are_told_and_can_be_named(nli, pairs, bertkit) -> None:
    own, _ = answers(bertkit, nli, pairs, *COLUMNS)
    with_names(nli, ["LABEL_0", "LABEL_1", "LABEL_2"])
    found, err = answers(bertkit, nli, pairs, *COLUMNS)
    assert {row["predicted_label"] for row in found} <= {"LABEL_0", "LABEL_1", "LABEL_2"}
    assert err.count("the model's labels have no names (LABEL_0, LABEL_1, LABEL_2)") == 1
    assert "name them in their order: --labels A,B,..." in err
    named, err = answers(bertkit, nli, pairs, *COLUMNS, "--labels", "CONTRADICTION, ENTAILMENT,NEUTRAL")
    assert [row["predicted_label"] for row in named] == [row["predicted_label"] for row in own]
    assert "warning" not in err
    _, err = answers(bertkit, nli, pairs, "--on", "glue/mnli")
    assert "taken for entailment, neutral, contradiction, in this order" in err
    mine, _ = answers(bertkit, nli, pairs, *COLUMNS, "-s", "data.label_names=[no, yes, maybe]")
    assert {row["predicted_label"] for row in mine} <= {"no", "yes", "maybe"}


def test_several_labels_by_the_configuration(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    model = classifier(tiny_bert, ("joy", "fear"))
    model.config.problem_type = "multi_label_classification"
    (found,), _ = answers(bertkit, save(model, tiny_bert, tmp_path / "model"), "-t", "hello")
    assert found["predicted_labels"] == [name for name in ("joy", "fear") if found[f"probability_{name}"] >= 0.5]


def test_every_head(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    import torch
    import transformers

    def made(auto_class: str) -> Path:
        torch.manual_seed(1)
        return save(getattr(transformers, auto_class).from_pretrained(tiny_bert), tiny_bert, tmp_path / auto_class)

    question = ("-q", "what is late ?", "-c", "the parcel is late")
    (found,), _ = answers(bertkit, made("AutoModelForQuestionAnswering"), *question)
    assert found["predicted_answer"]
    (found,), _ = answers(bertkit, made("AutoModelForMaskedLM"), "-t", "the [MASK] is late")
    assert len(found["predicted_tokens"]) == 1
    rows = write_rows([{"text": "hello", "choices": ["a man", "the cat"]}], tmp_path / "choices.jsonl")
    (found,), _ = answers(bertkit, made("AutoModelForMultipleChoice"), rows)
    assert found["predicted_label"] in (0, 1)
    number = save(classifier(tiny_bert, ["LABEL_0"]), tiny_bert, tmp_path / "number")
    (found,), err = answers(bertkit, number, "-t", "hello")
    assert isinstance(found["predicted_score"], float)
    assert "names" not in err


def test_tags(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    """Also types without prefixes; tags without names are refused, as no entity can be made of them."""
    tags = ["B-LOC", "I-LOC", "O", "I-PER", "B-PER"]
    model = save(classifier(tiny_bert, tags, "AutoModelForTokenClassification"), tiny_bert, tmp_path / "model")
    rows = write_rows([{"tokens": ["anna", "lives", "in", "berlin"]}], tmp_path / "rows.jsonl")
    (own,), _ = answers(bertkit, model, rows)
    assert set(own["predicted_tags"]) <= set(tags)
    (found,), _ = answers(bertkit, model, "-t", "anna lives in berlin")
    assert {entity["type"] for entity in found["predicted_entities"]} <= {"LOC", "PER"}
    with_names(model, [f"LABEL_{number}" for number in range(5)])
    code, _, err = bertkit("predict", model, rows)
    assert (code, "the model's tags are only numbered" in err, "such as O,B-PER" in err) == (2, True, True)
    (named,), _ = answers(bertkit, model, rows, "--labels", ",".join(tags))
    assert named == own
    with_names(model, ["LOC", "ORG", "O", "PER", "DATE"])
    (plain,), _ = answers(bertkit, model, rows)
    assert set(plain["predicted_tags"]) <= {"I-LOC", "I-ORG", "O", "I-PER", "I-DATE"}
    with_names(model, ["NOUN", "VERB", "ADJ", "ADV", "X"])
    code, _, err = bertkit("predict", model, rows)
    assert (code, "is O, the tag outside of all entities" in err) == (2, True)


def test_mistakes_with_a_checkpoint(nli, pairs, tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    def fails(*arguments: object) -> str:
        code, out, err = bertkit("predict", *arguments)
        assert (code, out, "Traceback" in err) == (2, "", False)
        return err

    assert "3 outputs" in fails(nli, pairs, *COLUMNS, "--labels", "a,b")
    assert "--labels  a is named twice" in fails(nli, pairs, *COLUMNS, "--labels", "a,b,a")
    assert "--task  the recipe already names the task" in fails(nli, pairs, "--on", "glue/mnli", "--task", "classify")
    assert "has no head for the task ner" in fails(nli, pairs, "--task", "ner")
    assert "did you mean classify?" in fails(nli, pairs, "--task", "clasify")
    assert "keys that can be set: data, options" in fails(nli, pairs, "-s", "train.learning_rate=1")
    assert "neither a Run" in fails(tmp_path, pairs, "--task", "classify")
    assert "not a Run" in fails(tmp_path, pairs)
    assert "no such folder; a Run is the folder" in fails(tmp_path / "nowhere", pairs)
    encoder = fails(tiny_bert, pairs)
    assert "its config.json does not tell the task" in encoder
    assert "name it: --task choice|classify|embed|ner|pretrain|regress|rerank|squad, or a recipe: --on" in encoder
    question = ("-q", "what ?", "-c", "the cat", "--labels", "a,b")
    assert "the task squad has no labels" in fails(nli, *question, "--task", "squad")
