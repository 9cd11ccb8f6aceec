"""The whole of `bertkit robustness`, for models with known answers and for tiny trained ones."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bertkit import Run, train
from bertkit.errors import RecipeError, RunError
from bertkit.fs import without_nan
from bertkit.tasks import TASKS
from bertkit.tasks.problem import TaskProblem
from bertkit.understand.robustness import run as module
from bertkit.understand.robustness.attack import AttackOptions
from bertkit.understand.robustness.perturbations.table import PERTURBATIONS
from bertkit.understand.robustness.rows import RowEditor
from bertkit.understand.robustness.run import Robustness, RobustnessOptions, robustness
from tests.helpers import make, tiny_recipe, warnings, write_rows
from tests.understand.robustness.rule import by_words, clean_rows, ner_oracle, squad_oracle
from tests.understand.robustness.test_rows import ner_rows, squad_rows, word_rows

TEXTS = ("my parcel is late", "where is the box now", "i want my money back", "please send it again")
SPAM = [{"text": TEXTS[n // 2 % 4] + " QX7" * (n % 2), "label": "ab"[n % 2]} for n in range(24)]
"""The planted word is all that tells the labels apart."""


def with_known_types(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of test_rows.py with a type that the oracle knows."""
    return json.loads(json.dumps(rows).replace('"X"', '"PER"').replace("-X", "-PER"))


@pytest.mark.parametrize("name", ["ner, texts", "ner, words", "squad"])
def test_a_model_that_is_always_right_is_robust(name: str) -> None:
    """It answers with each row's own entities or answer, so nothing may flip, and each answer stays: what is labelled
    moves along, and is compared at its new place."""
    oracles = {"ner, texts": (ner_oracle, ner_rows), "ner, words": (ner_oracle, word_rows)}
    made, rows = {**oracles, "squad": (squad_oracle, squad_rows)}[name]
    data = [row for row in with_known_types(rows()) if name != "squad" or len(row["answers"][0]["text"]) > 2]
    clean = clean_rows(made(), data)
    assert all(verdict.score == 1 for verdict in clean.verdicts or [])
    options = RobustnessOptions(strength=0.4, words=0)
    perturbed = module._Perturbed(clean, RowEditor(clean.task.columns, strength=0.4), options)
    for one in PERTURBATIONS:
        perturbed.add(one, iter)
    assert sum(one.tested for one in perturbed.effects) > 50
    for one in perturbed.effects:
        assert one.stayed == one.tested
        assert one.kept == one.right == (one.tested if one.keeps_answer else 0)


@pytest.fixture(scope="module")
def planted(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A Run that learnt a word that gives the label away; its test rows do not have it."""
    folder = tmp_path_factory.mktemp("planted")
    recipe = tiny_recipe("classify", {}, tiny_bert, folder)
    rows = write_rows(SPAM * 3, folder / "train.jsonl")
    test = write_rows([{**row, "text": row["text"].replace(" QX7", "")} for row in SPAM], folder / "test.jsonl")
    data = recipe.data.model_copy(update={"train": [str(rows)], "validation": [str(rows)], "test": [str(test)]})
    settings = {**recipe.train, "num_train_epochs": 8, "learning_rate": 3e-3}
    return train(recipe.model_copy(update={"data": data, "train": settings}), output=folder / "planted")


@pytest.fixture(scope="module")
def result(planted: Run) -> Robustness:
    return robustness(planted, RobustnessOptions(words=8, limit=20, keep_rows=True))


@pytest.mark.slow
def test_a_planted_word_is_named(planted: Run, result: Robustness) -> None:
    assert planted.metrics["validation"]["accuracy"] == 1
    assert result.words is not None
    first = result.words[0]
    assert (first.word, first.label, first.decides) == ("QX7", "b", True)
    assert first.insertion_flips == first.inserted >= 10
    assert not any(one.decides for one in result.words[1:])


def test_the_record(result: Robustness) -> None:
    record = result.record()
    assert (record["run"], record["data"], record["rows"], record["rows_read"]) == ("planted", "test", 20, 24)
    assert record["right_answers"]
    assert record["score"] == pytest.approx(0.5)
    names = [one["name"] for one in record["perturbations"]]
    assert set(names) | set(record["not_applicable"]) == {one.name for one in PERTURBATIONS}
    assert "chinese_script" in record["not_applicable"]
    by_name = {one["name"]: one for one in record["perturbations"]}
    assert (by_name["upper_case"]["changed"], by_name["upper_case"]["same_tokens"]) == (20, 20)
    assert by_name["upper_case"]["flips"] == 0
    assert by_name["typo_swap"]["same_tokens"] == 0
    assert by_name["sentence_before"]["changed"] + by_name["sentence_before"]["unchanged"] == 20
    assert json.loads(json.dumps(without_nan(record)))["seed"] == 0
    for one in record["perturbations"]:
        assert len(record["examples"][one["name"]]) == min(5, one["changed"])


def test_the_same_seed_gives_the_same(planted: Run) -> None:
    options = {"only": ["typos"], "words": 0, "limit": 10}
    first, again, other = (robustness(planted, RobustnessOptions(**options, seed=seed)) for seed in (3, 3, 4))
    assert first.record() == again.record()
    assert first.examples != other.examples


def test_changed_rows_can_be_trained_on(result: Robustness, tiny_bert: Path, tmp_path: Path) -> None:
    from bertkit.data.dataset import load
    from bertkit.inference import files
    from bertkit.recipe.schema import DataBlock

    assert {"perturbation", "keeps_answer", "row", "text", "label", "answer", "new_answer", "flipped"} == set(
        result.changed[0]
    )
    for name in ("changed.jsonl", "changed.csv"):
        files.write(result.changed, str(tmp_path / name))
        rows = load([str(tmp_path / name)], make("classify", {}).columns, DataBlock())
        assert [(row["text"], row["label"]) for row in rows] == [(row["text"], row["label"]) for row in result.changed]


def test_rows_without_right_answers(planted: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = write_rows([{"text": row["text"]} for row in SPAM], tmp_path / "plain.jsonl")
    found = robustness(planted, RobustnessOptions(only=["case"], words=3), data=[str(file)])
    record = found.record()
    assert not record["right_answers"]
    assert record["score"] is None
    assert any("only changes of the answers are counted" in line for line in warnings(caplog))
    upper = record["perturbations"][0]
    assert (upper["stayed"], upper["right"], upper["robust"], upper["score"]) == (0, 0, None, None)
    assert found.words is not None
    assert found.words[0].word == "QX7"


def test_an_attack(planted: Run, tiny_mlm: Run) -> None:
    allowed = AttackOptions(str(tiny_mlm.path), 0.5, 20)
    options = RobustnessOptions(only=["upper_case"], words=0, limit=6, attack=allowed)
    attack = robustness(planted, options).record()["attack"]
    assert attack["attacked"] == attack["right"] <= 6
    assert attack["queries"] <= 20
    assert 0 <= attack["succeeded"] <= attack["attacked"]


def test_rows_that_it_was_trained_on_are_warned_of(planted: Run) -> None:
    found = robustness(planted, RobustnessOptions(only=["upper_case"], words=0, limit=2), split="train")
    assert any("was trained on rows of" in line for line in found.warnings)


def test_a_task_without_right_rows(tiny_mlm: Run) -> None:
    with pytest.raises(RunError, match="single rows are not right or wrong"):
        robustness(tiny_mlm)


@pytest.mark.parametrize("options", [{"strength": 0}, {"strength": 1.1}, {"only": ["cas"]}])
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=f"--{next(iter(options))}"):
        RobustnessOptions(**options)


def test_flips_come_first_among_the_examples() -> None:
    rows = [{"text": f"{word} is late", "label": "x"} for word in ("parcel", "letter", "Parcels")]
    clean = clean_rows(by_words({"parcel": "x", "letter": "x", "parcels": "x"}, "y"), rows)
    options = RobustnessOptions(examples=2, words=0, keep_rows=True)
    perturbed = module._Perturbed(clean, RowEditor(clean.task.columns), options)
    (one,) = [one for one in PERTURBATIONS if one.name == "typo_misspelling"]
    perturbed.add(one, iter)
    (only,) = perturbed.examples["typo_misspelling"]
    assert (only.row, only.before, only.after, only.flipped) == (1, "parcel is late", "parsel is late", True)
    assert (only.answer, only.new_answer) == ("x", "y")
    assert [row["flipped"] for row in perturbed.changed] == [True]
    assert perturbed.changed[0]["row"] == 1


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_it_or_says_why_not(name: str, tiny_bert: Path, tmp_path: Path) -> None:
    """Nothing here knows any of them."""
    run = train(tiny_recipe(name, {}, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    options = RobustnessOptions(
        only=["upper_case", "typo_swap", "sentence_before"], strength=0.5, words=2, keep_rows=True
    )
    if type(make(name, {})).verdicts is TaskProblem.verdicts:
        with pytest.raises(RunError, match="single rows are not right or wrong"):
            robustness(run, options)
        return
    found = robustness(run, options)
    upper, typos, sentence = sorted(found.effects, key=lambda one: one.name != "upper_case")
    assert upper.changed == upper.same_tokens > 0
    assert typos.changed == sentence.changed == found.rows > 0
    assert typos.same_tokens == sentence.same_tokens == 0
    columns = {column.name for column in make(name, {}).columns}
    assert all(len(columns & row.keys()) >= 2 for row in found.changed)


def test_a_task_of_a_user(tiny_bert: Path, tmp_path: Path) -> None:
    """The docs' own task of one file, with verdicts, and its own kinds of columns."""
    page = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text("utf-8")
    code = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "class Toxicity" in block)
    (tmp_path / "toxicity.py").write_text(code, "utf-8")
    run = train(
        tiny_recipe(f"{tmp_path / 'toxicity.py'}:Toxicity", {}, tiny_bert, tmp_path, max_steps=2),
        output=tmp_path / "run",
    )
    found = robustness(run, RobustnessOptions(only=["typos", "case"], words=2))
    assert sum(one.changed for one in found.effects) > 0


def test_words_of_the_scored_rows_where_training_rows_are_gone(planted: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "training_rows", lambda task, recipe: None)
    found = robustness(planted, RobustnessOptions(only=["upper_case"], words=2, limit=6))
    assert found.record()["words_of_training"] is False
    assert any("taken from the scored rows" in line for line in found.warnings)


def test_an_attack_that_can_not_be_made_is_refused_before_any_work(
    planted: Run, tiny_mlm: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_rows([{"text": "hello"}], tmp_path / "plain.jsonl")
    monkeypatch.setattr(module, "CleanRows", lambda *args, **kwargs: pytest.fail("the Run was asked"))
    options = RobustnessOptions(words=0, attack=AttackOptions(str(tiny_mlm.path)))
    with pytest.raises(RunError, match="no right answers"):
        robustness(planted, options, data=[str(file)])
