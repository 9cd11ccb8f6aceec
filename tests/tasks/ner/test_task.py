"""`ner`: its state, what it refuses, its answers; windows and words are in test_tagging.py."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB1

from bertkit import Predictor, train
from bertkit.commands.shared import console
from bertkit.data.columns.schemes import convert, repair
from bertkit.data.dataset import load
from bertkit.errors import DataError, RecipeError
from bertkit.metrics import METRICS
from bertkit.models.build import load_tokenizer
from bertkit.recipe.schema import DataBlock, ModelBlock
from bertkit.tasks.ner.options import NerOptions
from bertkit.tasks.ner.sentences import scored
from bertkit.tasks.ner.task import Ner
from bertkit.tasks.task import Encoded
from tests.helpers import messages, tiny_recipe, write_rows

CONLL = "anna\tB-PER\nbell\tI-PER\nsings\tO\n\nin\tO\nberlin\tB-LOC\n"


def made(rows: Any = None, data: DataBlock | None = None, **options: Any) -> Ner:
    task = Ner(NerOptions(**options))
    task.prepare(Dataset.from_list(rows) if isinstance(rows, list) else rows, data or DataBlock())
    return task


def from_file(folder: Path, text: str, **options: Any) -> Any:
    file = folder / "a.conll"
    file.write_text(text, "utf-8")
    return load([str(file)], Ner(NerOptions(**options)).columns, DataBlock())


def answers_of(task: Ner, rows: Any, scores: list[list[float]], tokenizer: Any, limit: int = 64) -> list[Any]:
    """Answers where the words of all rows, one after the other, have these scores."""
    encoded = task.encode(rows, tokenizer, limit, answers=False)
    todo = iter(scores)
    outputs = []
    for example in encoded.examples:
        given = np.zeros((len(example["input_ids"]), len(task.labels)))
        given[example["first_tokens"] == np.arange(len(example["first_tokens"]))] = [
            next(todo) for _ in example["own_words"]
        ]
        outputs.append(given)
    return task.decode({"scores": outputs}, encoded, rows)


@pytest.fixture(scope="module")
def tokenizer(tiny_bert: Path) -> Any:
    return load_tokenizer(ModelBlock(name=str(tiny_bert)))


def test_labels_are_all_tags_of_the_types_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "bertkit")
    task = made(from_file(tmp_path, CONLL))
    assert task.state == {"scheme": "IOB2", "labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]}
    assert "tags: IOB2, 2 types (LOC, PER)" in messages(caplog)


def test_the_scheme_may_be_named_but_must_fit(tmp_path: Path) -> None:
    assert made(from_file(tmp_path, CONLL), scheme="IOB1").scheme == "IOB1"
    with pytest.raises(RecipeError, match=r"IO: has no tag 'B-LOC'; its prefixes are I"):
        made(from_file(tmp_path, CONLL), scheme="IO")


def test_a_bad_tag_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.conll:2 .*train: the tag 'X-PER' has the prefix 'X'"):
        made(from_file(tmp_path, CONLL.replace("I-PER", "X-PER")))
    task = made(from_file(tmp_path, CONLL))
    with pytest.raises(DataError, match=r"a\.conll:6 .*test: the tag 'B-ORG' has a type that no training row has"):
        task.check(from_file(tmp_path, CONLL.replace("LOC", "ORG")), "test")


@pytest.mark.parametrize("repair", [True, False])
def test_broken_sequences_are_counted_and_mended_if_asked(
    repair: bool, tmp_path: Path, tokenizer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    rows = from_file(tmp_path, CONLL + "\nin\tO\nparis\tI-LOC\n")
    task = made(rows, scheme="IOB2", repair=repair)
    task.check(rows, "train")
    assert [
        text
        for text in messages(caplog)
        if "1 of 3 sentences have tags that are invalid in IOB2" in text and "a.conll:9" in text
    ]
    gold = task.compare(answers_of(task, rows, [[1, 0, 0, 0, 0]] * 7, tokenizer), rows, "tags")[1]
    assert gold[-1] == ["O", "B-LOC" if repair else "I-LOC"]


def test_rows_without_answers_or_entities_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no tags to learn from"):
        made([{"tokens": ["a"]}])
    with pytest.raises(DataError, match="no row has an entity"):
        made([{"tokens": ["a"], "tags": ["O"]}])
    with pytest.raises(DataError, match="neither words nor a text"):
        made([{"tags": ["O"]}])


def test_text_with_entities_is_learnt_as_words(tmp_path: Path, tokenizer: Any, caplog: Any) -> None:
    spans = [{"start": 0, "end": 9, "label": "PER"}, {"start": 19, "end": 22, "label": "LOC"}]
    file = write_rows([{"text": "anna bell lives in berlin", "spans": spans}], tmp_path / "a.jsonl")
    rows = load([str(file)], Ner(NerOptions()).columns, DataBlock())
    task = made(rows)
    task.check(rows, "train")
    what = "entities that end inside a word, extended to whole words: 1"
    assert f"{what} ({file}:1 LOC 'ber' in 'berlin')" in messages(caplog)
    number = {tag: i for i, tag in enumerate(task.labels)}
    labels = task.encode(rows, tokenizer, 64, answers=True).examples[0]["labels"]
    assert labels[labels >= 0].tolist() == [number[tag] for tag in ("B-PER", "I-PER", "O", "O", "B-LOC")]


def test_answers_of_a_text_have_characters(tokenizer: Any) -> None:
    task = Ner(NerOptions(), {"labels": ["O", "B-PER", "I-PER"], "scheme": "IOB2"})
    scores = [[9.0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 2]]
    answer = answers_of(task, [{"text": "hello, anna bell"}], scores, tokenizer)[0]
    assert answer["tags"] == ["O", "O", "B-PER", "I-PER"]
    entity = dict(answer["entities"][0])
    assert entity.pop("confidence") == pytest.approx(np.exp(2) / (np.exp(2) + 2))
    assert entity == {"type": "PER", "text": "anna bell", "start": 7, "end": 16, "first_word": 2, "end_word": 4}
    assert list(task.to_columns(answer)) == ["predicted_entities"]
    assert task.to_text(answer) == "anna bell PER (0.79)"


def test_an_invisible_word_begins_and_ends_no_entity(
    tmp_path: Path, tokenizer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    text = "\u200b\tB-PER\nanna\tI-PER\n\u00ad\tI-PER\nbell\tI-PER\n\ufeff\tI-PER\n\n\x07\tB-PER\n"
    rows = from_file(tmp_path, text)
    task = made(rows)
    task.check(rows, "train")
    what = "invisible words at the edge of an entity, left out of it: 3"
    assert [line for line in messages(caplog) if what in line and "a.conll:1" in line]
    encoded = task.encode(rows, tokenizer, 64, answers=True)
    (example,) = encoded.examples
    labels = example["labels"]
    assert [task.labels[label] for label in labels[labels >= 0]] == ["B-PER", "I-PER"]
    assert "4 words have no tokens" in encoded.warnings[0]
    answers = answers_of(task, rows, [[0, 9, 0], [0, 0, 9]], tokenizer)
    assert [answer["tags"] for answer in answers] == [["O", "B-PER", "I-PER", "I-PER", "O"], ["O"]]
    assert answers[0]["probabilities"][2] == answers[0]["probabilities"][1]
    assert task.compare(answers, rows, "tags")[0] == task.compare(answers, rows, "tags")[1]
    columns = {"predicted_tags": ["B-PER", "I-PER", "I-PER", "I-PER", "I-PER"]}
    assert task.parse(columns, dict(rows[0])) == {"tags": answers[0]["tags"]}


@pytest.mark.parametrize("options", [{"constrained": True}, {"crf": True}])
def test_rules_of_tags_pass_over_words_without_tokens(options: dict[str, Any], tokenizer: Any) -> None:
    task = Ner(NerOptions(**options), {"labels": ["O", "B-PER", "I-PER"], "scheme": "IOB2"})
    rows = [{"tokens": ["anna", "\u200b", "bell"]}, {"tokens": ["\u200b"]}]
    encoded = task.encode(rows, tokenizer, 64, answers=False)
    (example,) = encoded.examples
    scores = np.zeros((len(example["input_ids"]), 3))
    scores[example["first_tokens"] == np.arange(len(scores))] = [[0, 5, 0], [0, 2, 5]]
    crf = {"crf_start": np.zeros(3), "crf_steps": np.zeros((3, 3)), "crf_end": np.zeros(3)} if task.options.crf else {}
    answers = task.decode({"scores": [scores], **crf}, encoded, rows)
    assert [answer["tags"] for answer in answers] == [["B-PER", "I-PER", "I-PER"], ["O"]]


def test_constrained_answers_keep_to_the_scheme(tokenizer: Any) -> None:
    state = {"labels": ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"], "scheme": "IOB2"}
    rows = [{"tokens": ["in", "new", "york"]}]
    scores = [[9.0, 0, 0, 0, 0], [0, 1, 2, 0, 0], [0, 0, 0, 1, 3]]
    assert answers_of(Ner(NerOptions(), state), rows, scores, tokenizer)[0]["tags"] == ["O", "I-LOC", "I-PER"]
    constrained = Ner(NerOptions(constrained=True), state)
    assert answers_of(constrained, rows, scores, tokenizer)[0]["tags"] == ["O", "B-PER", "I-PER"]


def test_metrics_see_every_scheme(tokenizer: Any) -> None:
    for scheme, tags in {
        "IO": ["I-PER", "I-PER", "O"],
        "IOB1": ["I-PER", "B-PER", "O"],
        "BILOU": ["B-PER", "L-PER", "U-PER"],
        "BMES": ["B-PER", "M-PER", "E-PER"],
    }.items():
        rows = [{"tokens": ["a", "b", "c"], "tags": tags}]
        task = made(rows, scheme=scheme)
        number = {tag: i for i, tag in enumerate(task.labels)}
        scores = [[9.0 * (number[tag] == i) for i in range(len(task.labels))] for tag in tags]
        answers = answers_of(task, rows, scores, tokenizer)
        predicted, gold = task.compare(answers, rows, "tags")
        assert predicted == gold
        assert METRICS["strict_entity_f1"](predicted, gold)["strict_entity_f1"] == 1.0
        assert METRICS["entity_f1"](predicted, gold)["entity_f1"] == 1.0


def test_a_run_answers_texts_words_and_files(tiny_bert: Path, tmp_path: Path, bertkit, monkeypatch: Any) -> None:
    run = train(tiny_recipe("ner", {}, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    predictor = Predictor.open(run)
    assert predictor.predict(["anna lives in berlin"])[0]["words"] == ["anna", "lives", "in", "berlin"]
    assert predictor.predict([" "])[0]["entities"] == []
    assert len(predictor.predict([{"tokens": ["anna", "!"]}])[0]["tags"]) == 2
    with pytest.raises(DataError):
        predictor.predict([{"word": "x"}])
    (tmp_path / "a.conll").write_text("anna\n,\n\nberlin\n", "utf-8")
    code, _, err = bertkit("predict", run.path, tmp_path / "a.conll", "--output", tmp_path / "out.csv")
    assert code == 0, err
    again = load([str(tmp_path / "out.csv")], predictor.task.columns, DataBlock(columns={"tags": "predicted_tags"}))
    assert again["tokens"] == [["anna", ","], ["berlin"]]
    code, plain, err = bertkit("predict", run.path, "--text", "anna lives in berlin")
    assert code == 0, err
    assert plain.split()[:2] == ["text", "answer"]
    monkeypatch.setattr(console, "in_colour", lambda: True)
    code, marked, err = bertkit("predict", run.path, "--text", "anna lives in berlin", "--text", "")
    assert code == 0, err
    assert [re.sub(r"\[(.*?) \w+ [0-9.]+\]", r"\1", line) for line in marked.splitlines()] == [
        "anna lives in berlin",
        "",
    ]
    code, out, err = bertkit("eval", run.path, "--data", tmp_path / "ner.jsonl", "--output", tmp_path / "eval.json")
    assert code == 0, err
    errors = json.loads((tmp_path / "eval.json").read_text("utf-8"))["errors"]
    wrong = {kind for kind, found in errors.items() if found["gold"] or found["predicted"]}
    assert wrong and wrong == {line.split()[1] for line in out.split("example: labelled")[1].splitlines()[1:-1]}
    assert "token-classification" in run.card_file.read_text("utf-8")
    assert "AutoModelForTokenClassification" in run.card_file.read_text("utf-8")


def test_no_features_no_answers() -> None:
    task = Ner(NerOptions(), {"labels": ["O", "B-PER"], "scheme": "IOB2"})
    assert task.decode({}, Encoded([]), []) == []


WORDS = st.one_of(
    st.sampled_from(["where", "is", "zyxwvutsrqponmlkjihgfedcba", "\u0007", "\u200b", "北京", "a b", "\u2581", "é"]),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(WORDS, max_size=40), min_size=1, max_size=4), st.sampled_from([8, 12, 64]), st.booleans())
def test_every_word_is_answered_once(tokenizer: Any, sentences: list[list[str]], limit: int, document: bool) -> None:
    context = "document" if document else "sentence"
    rows = [{"tokens": words, "document": 1} for words in sentences]
    task = Ner(NerOptions(context=context), {"labels": ["O", "B-PER", "I-PER"], "scheme": "IOB2"})
    encoded = task.encode(rows, tokenizer, limit, answers=False)
    outputs = {"scores": [np.zeros((len(example["input_ids"]), 3)) for example in encoded.examples]}
    answers = task.decode(outputs, encoded, rows)
    assert [len(answer["tags"]) for answer in answers] == [len(answer["words"]) for answer in answers]
    assert [answer["words"] for answer in answers] == sentences


@pytest.mark.parametrize("draws", [150, pytest.param(1500, marks=pytest.mark.slow)])
def test_strict_scores_of_iob1_are_seqevals(draws: int) -> None:
    """But for what it makes of a B that nothing of its type stands before where a B is next to it or words go on."""
    warnings.simplefilter("ignore")  # seqeval's, of sentences without an entity
    task = Ner(NerOptions(), {"labels": ["O", "B-A", "I-A", "B-B", "I-B"], "scheme": "IOB1"})
    random = np.random.default_rng(0)
    compared = 0
    for number in range(draws):
        drawn = [list(map(str, random.choice(task.labels, random.integers(1, 9)))) for _ in range(2)]
        gold = repair(drawn[0], "IOB1")[0]
        predicted = (drawn[1] + ["O"] * len(gold))[: len(gold)]
        predicted = predicted if number % 2 else repair(predicted, "IOB1")[0]
        around = zip(["O", *predicted], predicted, [*predicted[1:], "O"], strict=False)
        if any(b[0] == "B" and a[2:] != b[2:] and (a[0] == "B" or c == "I" + b[1:]) for a, b, c in around):
            continue
        compared += 1
        ours = [scored(tags, task.scheme) for tags in (predicted, gold)]
        figures = METRICS["strict_entity_f1"]([ours[0]], [ours[1]])
        for name, score in {"precision": precision_score, "recall": recall_score, "f1": f1_score}.items():
            theirs = score([gold], [predicted], mode="strict", scheme=IOB1)
            assert figures[f"strict_entity_{name}"] == pytest.approx(theirs), (gold, predicted)
        lenient = METRICS["entity_f1"]([ours[0]], [ours[1]])["entity_f1"]
        assert lenient == pytest.approx(f1_score([gold], [predicted]))
    assert compared > draws * 2 / 3


def test_context_of_documents_is_trained(tiny_bert: Path, tmp_path: Path) -> None:
    document = "-DOCSTART- O\n\n" + CONLL.replace("\t", " ") + "\n? O\n\n"
    (tmp_path / "train.conll").write_text(document * 6, "utf-8")
    (tmp_path / "dev.conll").write_text(document * 2, "utf-8")
    recipe = tiny_recipe("ner", {"context": "document"}, tiny_bert, tmp_path, num_train_epochs=8)
    files = {name: str(tmp_path / f"{file}.conll") for name, file in (("train", "train"), ("validation", "dev"))}
    run = train(recipe.model_copy(update={"data": DataBlock.model_validate(files)}), output=tmp_path / "run")
    assert run.metrics["rows"] == {"train": 18, "validation": 6}
    predictor = Predictor.open(run)
    rows = load([files["validation"]], predictor.task.columns, DataBlock())
    examples = predictor.task.encode(rows, predictor.tokenizer, 64, answers=False).examples
    seen = [predictor.tokenizer.decode(example["input_ids"], skip_special_tokens=True) for example in examples]
    assert seen == ["anna bell sings in berlin?"] * 6
    answers = predictor.predict(list(rows))
    assert [answer["words"] for answer in answers] == [["anna", "bell", "sings"], ["in", "berlin"], ["?"]] * 2
    assert all(len(answer["tags"]) == len(answer["words"]) for answer in answers)
    alone = predictor.predict([{"tokens": ["?"], "document": 1}])[0]
    assert alone["probabilities"] != pytest.approx(answers[2]["probabilities"], abs=1e-6)
    with pytest.raises(RecipeError, match="have no document boundaries"):
        made([{"tokens": ["a"], "tags": ["B-PER"]}], context="document")


def test_a_text_is_told_in_parts(tokenizer: Any) -> None:
    task = Ner(NerOptions(), {"labels": ["O", "B-PER", "I-PER"], "scheme": "IOB2"})
    scores = [[9.0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 2], [9, 0, 0]]
    (answer,) = answers_of(task, [{"text": "hello, anna bell !"}], scores, tokenizer)
    sure = pytest.approx(np.exp(2) / (np.exp(2) + 2))
    assert task.marks(answer) == [("hello, ", "", 1.0), ("anna bell", "PER", sure), (" !", "", 1.0)]
    assert task.marks({"text": "", "entities": []}) == [("", "", 1.0)]
    assert task.marks({"words": ["anna"], "entities": []}) == []


def test_verdicts_are_of_the_entities_that_the_figures_count(tokenizer: Any) -> None:
    task = Ner(NerOptions(), {"labels": ["O", "B-PER", "I-PER"], "scheme": "IOB2"})
    rows = [
        {"tokens": ["anna", "bell", "sings"], "tags": ["B-PER", "I-PER", "O"]},
        {"tokens": ["hello", "john"], "tags": ["O", "I-PER"]},  # nothing begins it: it counts all the same
    ]
    answers = answers_of(task, rows, [[0, 9, 0], [9, 0, 0], [9, 0, 0], [9, 0, 0], [0, 9.0, 0]], tokenizer)
    wrong, right = task.verdicts(answers, rows)
    assert wrong[:4] == ("anna bell sings", "anna bell PER", "anna PER", 0.0)
    assert (right.score, right.expected_labels, right.predicted_labels) == (1.0, {("PER", 1, 2)}, {("PER", 1, 2)})
    figures = METRICS["entity_f1"](*task.compare(answers, rows, "tags"))
    assert figures["entity_f1"] == 0.5  # one of two wanted, one of two found


@pytest.mark.parametrize("scheme", ["IOB2", "IOB1", "BMES"])
def test_wrong_entities_are_counted_by_kind(scheme: Any) -> None:
    gold = [["B-PER", "I-PER", "O"], ["O", "B-LOC"], ["O", "O"], ["B-PER", "O"]]
    predicted = [["B-PER", "O", "O"], ["O", "B-PER"], ["B-LOC", "O"], ["O", "O"]]
    words = [["anna", "bell", "sings"], ["in", "berlin"], ["the", "cat"], ["john", "!"]]
    rows, answers = (
        [{"tokens": t, "tags": convert(tags, "IOB2", scheme)} for t, tags in zip(words, side, strict=True)]
        for side in (gold, predicted)
    )
    kinds = made(rows).error_kinds(answers, rows)
    assert {kind: (found["gold"], found["predicted"]) for kind, found in kinds.items()} == {
        "type": (1, 1), "boundary": (1, 1), "boundary+type": (0, 0), "missed": (1, 0), "spurious": (0, 1),
    }  # fmt: skip
    assert kinds["type"]["examples"] == [{"row": 1, "gold": "berlin LOC", "predicted": "berlin PER"}]
    assert kinds["boundary"]["examples"] == [{"row": 0, "gold": "anna bell PER", "predicted": "anna PER"}]
    assert kinds["missed"]["examples"] == [{"row": 3, "gold": "john PER", "predicted": None}]
    assert kinds["spurious"]["examples"] == [{"row": 2, "gold": None, "predicted": "the LOC"}]


def test_wrong_entities_of_a_text_are_shown_as_they_are_written(tokenizer: Any) -> None:
    task = Ner(NerOptions(), {"labels": ["O", "B-PER", "I-PER"], "scheme": "IOB2"})
    rows = [{"text": "Dr.Li sings", "spans": [{"start": 0, "end": 5, "label": "PER"}]}]
    kinds = task.error_kinds([{"tags": ["O", "O", "B-PER", "O"]}], rows)
    assert kinds["boundary"]["examples"] == [{"row": 0, "gold": "Dr.Li PER", "predicted": "Li PER"}]
