"""Answers of every kind of task, and what they say of themselves."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bertkit import Predictor, Run
from bertkit.inference.columns import AnswerColumns
from bertkit.serve.served.prove import difference
from tests.serve.asgi import Asked, tell

LONG = "where is my parcel ? " * 40


def test_answers_are_those_of_predict(tiny_run: Run) -> None:
    texts = ["where is my parcel ?", "i want my money back", LONG]
    predictor = Predictor.open(tiny_run)
    expected = predictor.predict(texts)

    async def story(asked: Asked) -> None:
        found = await asked.rows("mine", texts, probabilities="all", logits=True, top_k=2)
        columns = AnswerColumns("all", 2, logits=True)
        for one, answer in zip(found["answers"], expected, strict=True):
            wanted = columns.of(predictor.task, answer)
            assert list(one["columns"]) == list(wanted)
            assert one["columns"] == pytest.approx(wanted, abs=1e-5)
            assert one["confidence"] == pytest.approx(predictor.task.confidence(answer), abs=1e-5)
            assert one["text"] == predictor.task.to_text(answer)
        assert found["model"] == "mine"
        assert len(found["hash"]) == 16
        dicts = [{"text": text} for text in texts]
        assert (await asked.rows("mine", dicts, probabilities="all", logits=True, top_k=2)) == found

    tell(story, models={"mine": str(tiny_run.path)})


def test_unsure_answers_are_marked(tiny_run: Run) -> None:
    async def story(asked: Asked) -> None:
        texts = ["where is my parcel ?", "i want my money back"]
        sure = [one["confidence"] for one in (await asked.rows("mine", texts))["answers"]]
        found = await asked.rows("mine", texts, abstain_below=max(sure), probabilities="none")
        assert [one["columns"]["abstained"] for one in found["answers"]] == [one < max(sure) for one in sure]
        wrong = await asked.post("/v1/predict/mine", {"rows": texts, "abstain_below": 1.5})
        assert (wrong.status_code, wrong.json()["error"]["param"]) == (422, "abstain_below")

    tell(story, models={"mine": str(tiny_run.path)})


def test_a_task_without_a_confidence_can_not_abstain(tiny_bert: Path) -> None:
    async def story(asked: Asked) -> None:
        refused = await asked.post("/v1/predict/vectors", {"rows": ["a"], "abstain_below": 0.5})
        assert refused.status_code == 422
        assert "the answers of this task have no confidence" in refused.json()["error"]["message"]

    tell(story, models={"vectors": str(tiny_bert)})


def test_each_answer_says_what_the_model_has_not_read(tiny_run: Run, reader: Run) -> None:
    async def story(asked: Asked) -> None:
        found = await asked.rows("mine", ["where is my parcel ?", LONG])
        short, long = found["answers"]
        assert (short["cut_tokens"], short["windows"]) == (0, 1)
        tokens = len(Predictor.open(tiny_run).tokenizer(LONG)["input_ids"])
        assert long["cut_tokens"] == tokens - 64
        assert long["tokens"] == 64
        assert found["usage"] == {
            "tokens": short["tokens"] + 64, "windows": 2, "cut_tokens": long["cut_tokens"],
        }  # fmt: skip
        rows = [{"question": "where is my parcel , where is it ?", "context": LONG}]
        [answer] = (await asked.rows("reader", rows))["answers"]
        assert answer["windows"] > 5
        assert answer["cut_tokens"] > 0  # of the question
        metrics = (await asked.client.get("/metrics")).text
        assert f'bertkit_cut_tokens_total{{model="mine"}} {long["cut_tokens"]}.0' in metrics

    tell(story, models={"mine": str(tiny_run.path), "reader": str(reader.path)})


def test_a_question_with_several_contexts(reader: Run) -> None:
    from bertkit.inference.ask import ask_question

    question, contexts = "who is sleeping ?", ["the cat is sleeping", "where is my parcel ?", "good bye"]
    predictor = Predictor.open(reader)
    expected = ask_question(predictor, question, contexts)

    async def story(asked: Asked) -> None:
        found = await asked.post("/v1/predict/reader", {"question": question, "contexts": contexts, "marks": True})
        answers = found.json()["answers"]
        order = [row["context"] for row in expected.rows]
        assert [contexts[one["context"]] for one in answers] == order
        assert expected.shares
        assert [one["share"] for one in answers] == pytest.approx(expected.shares, abs=1e-5)
        for one, context in zip(answers, order, strict=True):  # one without an answer has no marks
            assert "".join(mark["text"] for mark in one["marks"]) in ("", context)

    tell(story, models={"reader": str(reader.path)})


def test_empty_texts_are_answered_as_by_predict(tiny_run: Run, tagger: Run, reader: Run) -> None:
    async def story(asked: Asked) -> None:
        for number, run in enumerate(runs):
            predictor = Predictor.open(run)
            row = dict.fromkeys((c.name for c in predictor.task.columns if c.required and not c.answer), "") or ""
            [answer] = predictor.predict([row], quiet=True)
            [given] = (await asked.rows(f"m{number}", [row]))["answers"]
            wanted = AnswerColumns().of(predictor.task, answer)
            assert difference(wanted, given["columns"]) < 1e-5

    runs = (tiny_run, tagger, reader)
    tell(story, models={f"m{number}": str(run.path) for number, run in enumerate(runs)})


def test_marks_are_those_of_the_task(tagger: Run) -> None:
    rows = ["anna lives in berlin", "john smith flies to new york tomorrow", "good bye"]
    predictor = Predictor.open(tagger)
    expected = [predictor.task.marks(answer) for answer in predictor.predict(rows)]
    assert any(expected)

    async def story(asked: Asked) -> None:
        answers = (await asked.rows("tagger", rows, marks=True))["answers"]
        for one, marks in zip(answers, expected, strict=True):
            assert [(mark["text"], mark["kind"]) for mark in one["marks"]] == [(m.text, m.kind) for m in marks]

    tell(story, models={"tagger": str(tagger.path)})


def test_many_at_once_get_what_each_gets_alone(tiny_run: Run, tagger: Run) -> None:
    texts = [
        " ".join(["where is my parcel ?", "good bye", "the cat is sleeping"][: 1 + i % 3]) + f" {i}" for i in range(60)
    ]
    expected = Predictor.open(tiny_run).predict(texts)

    async def story(asked: Asked) -> None:
        found = await asyncio.gather(*(asked.rows("mine", [text], probabilities="all") for text in texts))
        for one, answer in zip(found, expected, strict=True):
            [given] = one["answers"]
            assert given["columns"]["predicted_label"] == answer["label"]
            assert given["confidence"] == pytest.approx(max(answer["probabilities"].values()), abs=1e-5)
        assert asked.service.batcher.load.batches < 60

    tell(story, models={"mine": str(tiny_run.path), "tagger": str(tagger.path)})
