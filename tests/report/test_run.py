"""The page of a Run: of every task, with the rows behind the figures; nothing of a text becomes markup."""

from __future__ import annotations

import json
import logging
import re
import shutil
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bertkit import Run, train
from bertkit.inference.score import Scores
from bertkit.recipe.schema import DataBlock
from bertkit.report import page
from bertkit.report import run as run_page
from bertkit.tasks import TASKS
from bertkit.tasks.task import Verdict, make_task
from tests.helpers import make, messages, tiny_recipe, write_rows

pytestmark = pytest.mark.xdist_group("report")
TABLES = (page.TEMPLATES / "tables.js").read_text("utf-8")
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Checked(HTMLParser):
    """Whether all tags are closed in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(text: str) -> str:
    parser = Checked()
    parser.feed(text)
    parser.close()
    assert not parser.open
    begin, end = text.index("<script>"), text.index("</script>")
    assert text[begin + len("<script>") : end].strip() == TABLES.strip()
    text = text[:begin] + text[end + len("</script>") :]
    assert not re.search(r'(src|href)="(?!#)|<script|@import|url\((?!#)', text)
    return text


def headings(text: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", text)


@pytest.fixture(scope="module")
def runs(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A Run of each task."""
    made = {}
    for name in TASKS:
        folder = tmp_path_factory.mktemp(name)
        options = {"max_length": 24} if name == "pretrain" else {}
        made[name] = train(tiny_recipe(name, options, tiny_bert, folder, logging_steps=1), output=folder / "run")
    return made


@pytest.mark.parametrize("name", TASKS)
def test_a_training_leaves_its_page(name: str, runs: dict[str, Run]) -> None:
    run = runs[name]
    text = checked((run.path / "report.html").read_text("utf-8"))
    for part in ("Figures", "Training", "Data", "Recipe and environment"):
        assert part in headings(text)
    first, value = next(iter(run.metrics["validation"].items()))
    assert f"<td>{first}</td>" in text and run_page.number(value) in text
    assert f"task: {name}" in text
    assert "Loss</text>" in text and "Learning rate</text>" in text
    assert run.environment["data"]["train"] in text
    assert "torch" in text


def test_what_a_task_has_is_shown_and_nothing_else(runs: dict[str, Run]) -> None:
    rows, matrix, classes = "Calibration", "Confusion matrix", "Per class"
    found = {name: headings((run.path / "report.html").read_text("utf-8")) for name, run in runs.items()}
    assert {matrix, classes, rows} <= set(found["classify"])
    assert classes in found["ner"] and matrix not in found["ner"]
    assert rows in found["squad"] and not {matrix, classes} & set(found["squad"])
    assert {"Errors", "Largest errors"} <= set(found["regress"])
    assert rows in found["choice"]
    assert not {rows, matrix, classes} & set(found["pretrain"])
    assert "Predicted and true values</text>" in (runs["regress"].path / "report.html").read_text("utf-8")


def results(*verdicts: Verdict) -> run_page.RunResults:
    return run_page.RunResults(
        {"test": {"accuracy": 0.5}}, {"test": {"accuracy": (0.25, 0.75)}}, {"test": 2}, "test", verdicts
    )


def label(text: str, right: str, given: str) -> Verdict:
    return Verdict(text, right, given, float(right == given), 0.9, frozenset({(right,)}), frozenset({(given,)}))


def test_texts_are_escaped_and_shortened(runs: dict[str, Run]) -> None:
    evil = "<script>alert(1)</script> & 北京"
    verdicts = [label(evil, "<b>", "</td>"), label("x" * 1000, "a", "<b>")]
    text = checked(run_page.page(runs["classify"], make("classify", {}), results(*verdicts)))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; 北京" in text
    assert "x" * 299 + "…" in text and "x" * 300 not in text
    assert "0.2500 to 0.7500" in text


def test_kinds_of_errors_are_a_table(runs: dict[str, Run]) -> None:
    missed = {"gold": 3, "predicted": 0, "examples": [{"row": 0, "gold": "<Anna> PER", "predicted": None}]}
    shown = replace(results(), errors={"missed": missed, "type": {"gold": 0, "predicted": 0, "examples": []}})
    text = checked(run_page.page(runs["ner"], make("ner", {}), shown))
    assert "Kinds of errors" in headings(text)
    assert '<td>missed</td><td class="n">3</td><td class="n">0</td>' in text
    assert '<span class="quiet">row 1:</span> <bdi>&lt;Anna&gt; PER</bdi> → <bdi>nothing</bdi>' in text
    assert "<td>type</td>" not in text
    assert "Kinds of errors" not in run_page.page(runs["ner"], make("ner", {}), results())


def test_averages_and_curves_stand_on_the_page(runs: dict[str, Run]) -> None:
    text = (runs["classify"].path / "report.html").read_text("utf-8")
    assert "<tr><td>macro average</td>" in text and "<tr><td>weighted average</td>" in text
    assert "<td>micro average</td>" not in text
    assert "Precision, recall and ROC" in headings(text) and "ROC</text>" in text
    assert '<th class="n">average precision</th><th class="n">AUROC</th>' in text
    ner = (runs["ner"].path / "report.html").read_text("utf-8")
    assert "<tr><td>micro average</td>" in ner and "AUROC" not in ner
    for name in ("squad", "choice", "regress", "embed", "rerank", "pretrain"):
        assert "Precision, recall and ROC" not in headings((runs[name].path / "report.html").read_text("utf-8")), name


def test_labels_of_all_splits_stay_on_a_page_that_is_written_again(runs: dict[str, Run], tmp_path: Path) -> None:
    """Scoring reads one split; the others are counted in metrics.json."""
    run, task = runs["ner"], make("ner", {})
    task.state.update(run.task_state)
    assert run.metrics["labels"]["train"] == {name: 4 * n for name, n in run.metrics["labels"]["validation"].items()}
    rows = task.tiny_rows()[:1]
    scores = Scores({"entity_f1": 0.0}, [{"entities": [], "tags": ["O"] * len(rows[0]["tokens"])}], {})
    file = run_page.write(run, task, {"other.csv": scores}, {"other.csv": rows}, tmp_path / "a.html")
    text = checked(file.read_text("utf-8"))
    header = "".join(f'<th class="n">{name}</th>' for name in ("train", "validation", "other.csv"))
    assert f"<thead><tr><th>label</th>{header}</tr></thead>" in text
    assert '<mark class="expected">anna</mark><span class="tag expected">expected PER</span>' in text


def test_answers_are_marked_in_their_context(runs: dict[str, Run]) -> None:
    text = (runs["squad"].path / "report.html").read_text("utf-8")
    assert re.search(r'<mark class="(expected|both)">[^<]+</mark>', text)
    assert "with an answer" in text and "without an answer" in text


def test_a_users_task_without_candidates_has_the_other_sections(runs: dict[str, Run], tmp_path: Path) -> None:
    task = make("classify", {})
    task.state.update(runs["classify"].task_state)
    rows = task.tiny_rows()
    probabilities = dict.fromkeys(task.state["labels"], 1 / 3)
    answers = [{"label": "other", "probabilities": probabilities} for _ in rows]

    def broken(_: Any) -> Any:
        raise TypeError("not yet")

    task.candidates = broken  # type: ignore[method-assign]
    scores = {"test": Scores({"accuracy": 0.2}, answers, {})}
    found = run_page.results_of(runs["classify"], task, scores, {"test": rows}, [])
    assert found.probabilities is None and found.labels["test"] == {"delivery": 3, "other": 2, "refund": 3}
    text = checked(run_page.page(runs["classify"], task, found))
    assert "macro average" in text and "AUROC" not in text


def test_warnings_stand_at_the_top_in_place_of_the_figure(runs: dict[str, Run]) -> None:
    shown = replace(results(), warnings=[{"split": "test", "message": "all answers are <about> 1.70"}])
    text = checked(run_page.page(runs["classify"], make("classify", {}), shown))
    assert headings(text)[0] == "Warnings"
    assert "<li>test: all answers are &lt;about&gt; 1.70</li>" in text
    (subtitle,) = re.findall(r'<p class="subtitle">(.*?)</p>', text)
    assert "0.5" not in subtitle
    assert "accuracy 0.5000" in run_page.page(runs["classify"], make("classify", {}), results())


def test_at_most_twenty_mistakes(runs: dict[str, Run]) -> None:
    verdicts = [label(f"text {n}!", "a", "b") for n in range(50)]
    text = run_page.page(runs["classify"], make("classify", {}), results(*verdicts))
    assert len(set(re.findall(r"text \d+!", text))) == 20
    assert "20 of 50 answers that are not fully correct, most confident first" in text


def test_many_labels_stand_in_a_table(runs: dict[str, Run]) -> None:
    verdicts = [label("t", f"right{n}", f"given{n % 20}") for n in range(40)]
    text = checked(run_page.page(runs["classify"], make("classify", {}), results(*verdicts)))
    assert "Most frequent confusions" in headings(text)
    assert "Confusion matrix" not in headings(text)
    assert "60 classes, lowest F1 first" in text


def test_the_same_run_gives_the_same_bytes(runs: dict[str, Run], tmp_path: Path) -> None:
    verdicts = [label(f"text {n}", "a", "ab"[n % 2]) for n in range(9)]
    pages = {run_page.page(runs["classify"], make("classify", {}), results(*verdicts)) for _ in range(2)}
    assert len(pages) == 1


def test_a_split_scored_later_stands_beside_those_of_the_training(runs: dict[str, Run], tmp_path: Path) -> None:
    run, task = runs["classify"], make("classify", {})
    task.state.update(run.task_state)
    rows = task.tiny_rows()
    answers = [{"label": row["label"], "probabilities": {row["label"]: 1.0}} for row in rows]
    scores = Scores({"accuracy": 1.0}, answers, {})
    file = run_page.write(run, task, {"other.csv": scores}, {"other.csv": rows}, tmp_path / "a.html")
    text = file.read_text("utf-8")
    assert '<th class="n">validation</th><th>95% interval</th><th class="n">other.csv</th>' in text
    assert f"The next sections are about the {len(rows)} rows of <b>other.csv</b>" in text
    assert f"accuracy 1.0000 on {len(rows)} other.csv rows" in text


def test_a_failure_to_draw_costs_no_training(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("no ink")

    monkeypatch.setattr(run_page, "render", broken)
    run = train(tiny_recipe("classify", {}, tiny_bert, tmp_path), output=tmp_path / "run")
    assert run.metrics["validation"]
    assert not (run.path / "report.html").exists()
    said = f"report.html was not written (ValueError: no ink); bertkit report {run.path} tries again"
    assert said in messages(caplog)


def test_a_page_takes_a_fraction_of_a_second(runs: dict[str, Run]) -> None:
    verdicts = [label(f"text {n}" * (n % 9), "abc"[n % 3], "abcd"[n % 4]) for n in range(300)]
    took = []
    for _ in range(3):
        start = time.process_time()
        run_page.page(runs["classify"], make("classify", {}), results(*verdicts))
        took.append(time.process_time() - start)
    assert min(took) < 1


def test_a_run_without_records(runs: dict[str, Run], tmp_path: Path) -> None:
    """A Run of an older release may lack what newer ones write."""
    run = Run(tmp_path)
    run.recipe_file.write_text(runs["regress"].recipe_file.read_text("utf-8"), "utf-8")
    text = checked(run_page.page(run, make("regress", {}), results(Verdict("t", "1", "2.5", -1.5))))
    assert "Training" not in headings(text)
    assert "<td>1.5</td>" not in text and '<td class="n">1.5</td>' in text


def test_what_else_metrics_json_holds_is_not_a_split(runs: dict[str, Run], tmp_path: Path) -> None:
    run = Run(shutil.copytree(runs["classify"].path, tmp_path / "run"))
    run.metrics_file.write_text(json.dumps({**run.metrics, "weather": {"train": {"rain": 1}}}), "utf-8")
    scored = {"validation": Scores({"accuracy": 0.5}, [], {})}
    shown = run_page.results_of(run, make_task(run.recipe, run.task_state), scored, {"validation": []}, [])
    assert list(shown.figures) == ["validation"]


def test_numbers_of_many_rows_and_a_task_of_numbers_without_verdicts(runs: dict[str, Run]) -> None:
    """A user's task may take scores and tell nothing of its rows, or tell of them in words."""
    task, many = make("regress", {}), [Verdict("t", f"{n}", f"{n + 1}", -1.0) for n in range(1500)]
    text = checked(run_page.page(runs["regress"], task, results(*many)))
    assert "750 of 1,500 rows are shown, evenly spaced." in text
    assert "Predicted and true values" not in run_page.page(runs["regress"], task, results())
    words = run_page.page(runs["regress"], task, results(Verdict("t", "good", "bad", -1.0)))
    assert "Predicted and true values" not in words and "Largest errors" in words


def test_scores_of_a_users_task_may_lie_anywhere(runs: dict[str, Run]) -> None:
    odd = [Verdict("t" * n, "a", "b", score) for n, score in enumerate((-7.0, 3.0, float("nan"), 0.5, -1.0, 2.0))]
    for name in ("classify", "regress"):
        checked(run_page.page(runs[name], make(name, {}), results(*odd)))


def test_rows_of_chinese(tiny_bert: Path, tmp_path: Path) -> None:
    rows = [{"text": "退款 请", "label": "退款"}, {"text": "包裹 在 哪里", "label": "快递"}] * 4
    file = write_rows(rows, tmp_path / "a.jsonl")
    recipe = tiny_recipe("classify", {}, tiny_bert, tmp_path)
    data = recipe.data.model_copy(update={"train": [str(file)], "validation": [str(file)]})
    run = train(recipe.model_copy(update={"data": data}), output=tmp_path / "run")
    text = checked((run.path / "report.html").read_text("utf-8"))
    assert '<td dir="auto">退款</td>' in text
    assert json.loads(run.task_file.read_text("utf-8"))["labels"] == ["快递", "退款"]


def test_logging_is_quiet(runs: dict[str, Run], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run_page.page(runs["classify"], make("classify", {}), results(label("北京", "a", "a")))
    assert not caplog.records


@pytest.mark.parametrize("name", ["json", "copy", "encoding", "header"])
def test_a_file_is_its_own_source_whatever_its_name(name: str) -> None:
    """The block of data has attributes of these names."""
    results = run_page.RunResults({}, rows={name: 3, "train": 5})
    rows = run_page._data({"train": "abc"}, DataBlock(train=["a.csv"]), results)
    assert rows == [("train", 5, "a.csv", "abc"), (name, 3, name, "")]
