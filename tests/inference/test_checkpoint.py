"""Checkpoints that plain transformers saved, scored by name: in any order of their labels alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import make, write_rows
from tests.inference.checkpoints import NLI, OLD, classifier, glue_folder, nli_rows, save, with_names


@pytest.fixture(scope="session")
def glue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return glue_folder(tmp_path_factory.mktemp("glue") / "GLUE")


@pytest.fixture(scope="session")
def nli(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One model of made-up MNLI, trained in plain torch, with its labels in the new and in the old order."""
    import torch
    from transformers import AutoTokenizer

    model = classifier(tiny_bert, NLI)
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    rows = nli_rows(30)
    batch = tokenizer([a for a, _, _ in rows], [b for _, b, _ in rows], padding=True, return_tensors="pt")
    labels = torch.tensor([NLI.index(label) for _, _, label in rows])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(40):
        optimizer.zero_grad()
        model(**batch, labels=labels).loss.backward()
        optimizer.step()
    place = tmp_path_factory.mktemp("nli")
    folders = {"new": save(model, tiny_bert, place / "new")}
    order = [NLI.index(name) for name in OLD]
    with torch.no_grad():
        model.classifier.weight.copy_(model.classifier.weight[order].clone())
        model.classifier.bias.copy_(model.classifier.bias[order].clone())
    folders["old"] = save(model, tiny_bert, place / "old")
    with_names(folders["old"], [name.upper() for name in OLD])
    folders["nameless"] = save(model, tiny_bert, place / "nameless")
    with_names(folders["nameless"], ["LABEL_0", "LABEL_1", "LABEL_2"])
    return folders


def scored(bertkit: Any, *arguments: object) -> tuple[dict[str, Any], str]:
    """What `bertkit eval` wrote, and its messages."""
    output = Path(str(arguments[0])).parent / "scores.json"
    code, _, err = bertkit("eval", *arguments, "--output", output)
    assert code == 0, err
    return json.loads(output.read_text()), err


def test_old_and_new_order_of_mnli_score_the_same(nli, glue, bertkit) -> None:
    new, messages = scored(bertkit, nli["new"], "--on", "glue/mnli", "--data", glue)
    old, _ = scored(bertkit, nli["old"], "--on", "glue/mnli", "--data", glue)
    assert new["sets"] == old["sets"]
    assert list(new["sets"]) == ["matched", "mismatched"]
    assert [one["rows"] for one in new["sets"].values()] == [60, 45]
    assert new["sets"]["matched"]["figures"]["accuracy"] == pytest.approx(0.9, abs=0.05)
    assert new["sets"]["matched"]["intervals"]["accuracy"]
    assert "chance" not in messages


def test_labels_without_names(nli, glue, bertkit) -> None:
    """They are taken in the data set's order; a score below chance names the order to give."""
    right, _ = scored(bertkit, nli["new"], "--on", "glue/mnli", "--data", glue)
    wrong, messages = scored(bertkit, nli["nameless"], "--on", "glue/mnli", "--data", glue)
    assert wrong["sets"]["matched"]["figures"]["accuracy"] < 1 / 3
    assert "LABEL_0, LABEL_1, LABEL_2" in messages
    assert "below chance (0.333)" in messages
    assert "labels=contradiction,entailment,neutral" in messages
    labelled = scored(bertkit, nli["nameless"], "--on", "glue/mnli", "--data", glue, "--labels", ",".join(OLD))[0]
    assert labelled["sets"] == right["sets"]


def test_labels_overrule_names(nli, glue, bertkit) -> None:
    right, _ = scored(bertkit, nli["new"], "--on", "glue/mnli", "--data", glue)
    file = glue / "MNLI" / "dev_matched.tsv"
    names = ["-s", "data.columns={text: sentence1, text_pair: sentence2, label: gold_label}"]
    labelled, _ = scored(bertkit, nli["old"], "--on", "glue/mnli", "--data", file, *names, "--labels", ",".join(OLD))
    assert labelled["figures"] == right["sets"]["matched"]["figures"]
    wrong, messages = scored(
        bertkit, nli["old"], "--on", "glue/mnli", "--data", file, *names, "--labels", ",".join(NLI)
    )
    assert wrong["figures"]["accuracy"] < 1 / 3
    assert "labels=contradiction,entailment,neutral" in messages


def test_the_model_of_a_run_scores_as_the_run(tiny_run, bertkit, tmp_path: Path) -> None:
    rows = write_rows(make("classify", {}).tiny_rows(), tmp_path / "rows.jsonl")
    recipe = tiny_run.recipe_file
    run, _ = scored(bertkit, tiny_run.path, "--on", recipe, "--data", rows)
    model, _ = scored(bertkit, tiny_run.model, "--on", recipe, "--data", rows)
    assert run["figures"] == model["figures"]
    assert run["intervals"] == model["intervals"]


def test_a_run_is_answered_by_its_own_task_and_labels(tiny_run, bertkit) -> None:
    for option, value in (("--labels", "a,b"), ("--on", "glue/mnli"), ("--task", "classify")):
        code, _, err = bertkit("predict", tiny_run.path, "-t", "hello", option, value)
        assert (code, f"{option}  a Run has its own task and labels; leave it out" in err) == (2, True)
    code, run, _ = bertkit("predict", tiny_run.path, "-t", "hello", "-o", "-")
    assert code == 0
    expected, found = (
        json.loads(line) for line in (run, bertkit("predict", tiny_run.model, "-t", "hello", "-o", "-")[1])
    )
    assert found.keys() == expected.keys()
    for name, value in expected.items():  # engine/bert computes a Run, transformers a folder
        assert found[name] == (pytest.approx(value, rel=1e-6) if isinstance(value, float) else value)


def test_a_config_of_wrong_types_is_told(tiny_run, bertkit, tmp_path: Path) -> None:
    import shutil

    folder = Path(shutil.copytree(tiny_run.model, tmp_path / "model"))
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**values, "num_attention_heads": {"a": 2}}))
    code, _, err = bertkit("eval", folder, "--on", tiny_run.recipe_file)
    assert code == 2
    assert "its config.json can not be used: " in err


def test_any_number_of_labels(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    from bertkit import train
    from tests.helpers import tiny_recipe, unseal

    recipe = tiny_recipe("classify", {"multi_label": True, "threshold": 0.3}, tiny_bert, tmp_path, repeat=1)
    run = unseal(train(recipe, output=tmp_path / "run"))
    names = json.loads((run.model / "config.json").read_text())["id2label"].values()
    with_names(run.model, [name.upper() for name in names])
    options = ["--on", run.recipe_file, "--data", tmp_path / "classify-dev.jsonl"]
    assert scored(bertkit, run.path, *options)[0]["figures"] == scored(bertkit, run.model, *options)[0]["figures"]


def test_a_run_below_chance_is_warned_of(tiny_run, bertkit, tmp_path: Path) -> None:
    from bertkit import Predictor

    rows = make("classify", {}).tiny_rows()
    predicted = [answer["label"] for answer in Predictor.open(tiny_run).predict(rows)]
    names = tiny_run.task_state["labels"]
    wrong = [{**row, "label": names[names.index(name) - 1]} for row, name in zip(rows, predicted, strict=True)]
    code, _, err = bertkit("eval", tiny_run.path, "--data", write_rows(wrong, tmp_path / "wrong.jsonl"))
    assert code == 0
    assert "accuracy 0.000: no better than always predicting refund (1.000), and below chance" in err
    assert "below chance" in err
    assert "train longer" not in err


def test_a_number(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    """regress: a head of one output."""
    folder = save(classifier(tiny_bert, ["LABEL_0"]), tiny_bert, tmp_path / "model")
    rows = write_rows(make("regress", {}).tiny_rows(), tmp_path / "rows.jsonl")
    names = ["-s", "data.columns={}"]
    result, _ = scored(bertkit, folder, "--on", "glue/stsb", "--data", rows, *names)
    assert {"pearson", "spearman"} <= {*result["figures"]}
    code, _, err = bertkit("eval", folder, "--on", "glue/rte", "--data", rows, *names)
    assert (code, "predicts one number (regression)" in err) == (2, True)


def test_an_answer(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    """squad, with no answer allowed."""
    import torch
    from transformers import AutoModelForQuestionAnswering

    torch.manual_seed(1)
    folder = save(AutoModelForQuestionAnswering.from_pretrained(tiny_bert), tiny_bert, tmp_path / "model")
    rows = write_rows(make("squad", {"no_answer": True}).tiny_rows(), tmp_path / "rows.jsonl")
    options = [
        "--on",
        "squad/v2",
        "-s",
        "data.format=jsonl",
        "-s",
        "options={max_length: 48, overlap: 8, max_question: 12}",
    ]
    result, _ = scored(bertkit, folder, "--data", rows, *options, "-s", "options.no_answer=true")
    assert result["rows"] == 8
    assert {"exact", "f1", "best_f1"} <= {*result["figures"]}


TAGS = ("B-LOC", "I-LOC", "O", "I-PER", "B-PER")


def test_tags(tiny_bert: Path, bertkit, tmp_path: Path) -> None:
    """ner: tags by name, in whatever order they stand; one that the rows do not have does no harm."""
    import torch

    rows = write_rows(make("ner", {}).tiny_rows(), tmp_path / "rows.jsonl")
    model = classifier(tiny_bert, TAGS, "AutoModelForTokenClassification")
    one, _ = scored(bertkit, save(model, tiny_bert, tmp_path / "one"), "--on", "ner", "--data", rows)
    with torch.no_grad():
        model.classifier.weight.copy_(model.classifier.weight.flip(0).clone())
        model.classifier.bias.copy_(model.classifier.bias.flip(0).clone())
    folder = save(model, tiny_bert, tmp_path / "two")
    with_names(folder, [tag.lower().replace("-", "_") if tag != "O" else tag for tag in reversed(TAGS)])
    two, _ = scored(bertkit, folder, "--on", "ner", "--data", rows)
    exact = [key for key in one["figures"] if key != "loss"]
    assert [one["figures"][key] for key in exact] == [two["figures"][key] for key in exact]
    assert one["figures"]["loss"] == pytest.approx(two["figures"]["loss"], abs=1e-6)
    with_names(folder, ["O", "B-ORG", "I-ORG", "B-PER", "I-PER"])
    code, _, err = bertkit("eval", folder, "--on", "ner", "--data", rows)
    assert (code, "it has no B-LOC, I-LOC" in err) == (2, True)
    with_names(folder, [f"LABEL_{number}" for number in range(5)])
    options = ["--labels", ",".join(reversed(TAGS))]
    three, _ = scored(bertkit, folder, "--on", "ner", "--data", rows, *options)
    assert three["figures"] == two["figures"]


def test_mistakes(nli, glue, tiny_bert: Path, tiny_run, bertkit, tmp_path: Path) -> None:
    from transformers import AutoModelForMaskedLM

    def fails(*arguments: object) -> str:
        code, _, err = bertkit("eval", *arguments)
        assert code == 2, err
        assert "Traceback" not in err
        return err

    on = ["--on", "glue/mnli", "--data", glue]
    assert "has no head for the task classify: bert.pooler.dense, classifier would be random" in fails(
        save(AutoModelForMaskedLM.from_pretrained(tiny_bert), tiny_bert, tmp_path / "mlm"), *on
    )
    two = save(classifier(tiny_bert, ("no", "yes")), tiny_bert, tmp_path / "two")
    assert "(no, yes) are not the data's (entailment, neutral, contradiction): 2 and 3" in fails(two, *on)
    said = fails(two, "--on", "glue/rte", "--data", glue)
    assert "--labels  the model's labels (no, yes) are not" in said and "of entailment,not_entailment" in said
    assert "did you mean glue/mnli?" in fails(nli["new"], "--on", "glue/mnl", "--data", glue)
    assert "holds no task of GLUE" in fails(nli["new"], "--on", "glue/mnli", "--data", tmp_path)
    assert "no such file" in fails(nli["new"], "--on", "glue/mnli", "--data", tmp_path / "nowhere.tsv")
    assert "no data for glue/qqp" in fails(nli["new"], "--on", "glue/qqp", "--data", glue)
    assert "neither a Run" in fails(tmp_path, *on)
    assert "no such folder" in fails(tmp_path / "nowhere", *on)
    assert "a checkpoint, not a Run" in fails(nli["new"])
    assert "the Run is classify" in fails(tiny_run.path, "--on", "regress", "--data", glue / "RTE" / "dev.tsv")
    assert "3 names, but the model has 2 outputs" in fails(two, *on, "--labels", ",".join(NLI))
    assert "neutral is not named" in fails(nli["new"], *on, "--labels", "entailment,contradiction,neutrl")
    assert "--labels  neutral is named twice" in fails(nli["new"], *on, "--labels", "entailment,neutral,neutral")
    assert "a Run already has its class names" in fails(tiny_run.path, *on, "--labels", "a,b")
    assert "--labels" in fails(nli["new"], "--labels", "a,b")
