"""`bertkit bench retrieval`: from files to the table, cut off and gone on with; a user's own task; mistakes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bertkit import train
from bertkit.run import Run
from bertkit.search import kept
from tests.bench.retrieval.beir_data import DOCUMENTS, write_beir
from tests.helpers import Power, tiny_recipe

OWN = '''
import numpy as np
from bertkit.data.columns.column import Column
from bertkit.tasks import texts


class Head(texts.TextHead):
    auto_class = "AutoModelForSequenceClassification"
    hub_tag = "feature-extraction"

    def config(self):
        return {"num_labels": 3}

    def losses(self, outputs, batch):
        return ((outputs.logits.float().sum(1) - batch["labels"]) ** 2).sum()[None]


class Own(texts.TextTask):
    """Three numbers per text."""

    Options = texts.TextOptions
    Head = Head
    columns = (Column("text", "text"), Column("score", "number", answer=True))
    metrics = ("mse",)
    takes = "scores"
    answer_columns = ("vector",)

    def encode(self, rows, tokenizer, limit, *, answers):
        encoded = texts.encode(rows, tokenizer, limit, self.options)
        for example in encoded.examples if answers else []:
            example["labels"] = np.float32(rows[example["row"]]["score"])
        return encoded

    def decode(self, outputs, encoded, rows):
        pooled = texts.pool(outputs["logits"], encoded, len(rows), "mean")
        return [{"numbers": [float(one) for one in row]} for row in pooled]

    def to_columns(self, answer, *, logits=False):
        return {"vector": answer["numbers"]}

    def parse(self, columns, row):
        return {"numbers": columns["vector"]}

    def to_text(self, answer):
        return str(answer["numbers"])

    def compare(self, answers, rows, takes):
        numbers = np.array([sum(answer["numbers"]) for answer in answers])
        return numbers, np.array([row["score"] for row in rows], dtype=float)

    def tiny_rows(self):
        return [{"text": text, "score": float(len(text))} for text in ("hello", "a man plays", "where is it", "cat")]
'''


@pytest.fixture(scope="module")
def reranker(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rerank")
    return Path(train(tiny_recipe("rerank", {}, tiny_bert, folder, max_steps=2), output=folder / "run").path)


def test_models_and_a_reranker(bertkit, tiny_bert: Path, reranker: Path, tmp_path: Path) -> None:
    tiny, other = write_beir(tmp_path / "tiny"), write_beir(tmp_path / "other", qrels=["q1\td1\t1", "q2\td3\t1"])
    output, second = tmp_path / "out", tmp_path / "second"
    shutil.copytree(tiny_bert, second)
    command = ("bench", "retrieval", "--data", tiny, "--data", other, "--model", tiny_bert, "--model", second)
    code, out, err = bertkit(*command, "--rerank", reranker, "--top", 3, "-o", output)
    assert code == 0, err
    assert "tiny: queries without a judged document, which are left out: 1" in out
    assert "all collections" in out
    assert "with Holm's correction" in out
    found = json.loads((output / "results.json").read_text("utf-8"))
    assert found["models"] == [str(tiny_bert), str(second), f"{tiny_bert}, then {reranker}"]
    same = found["figures"]["tiny"][str(second)]["ndcg@10"]["against_first"]
    assert (same["difference"], same["p"]) == (0, 1)
    assert found["data"]["tiny"]["queries_without_relevant"] == 1
    assert found["settings"] == {"split": "test", "top": 3, "windows": False}
    runs = sorted((output / "runs" / "tiny").iterdir())
    assert len(runs) == 3
    lines = [line.split() for line in runs[0].read_text("utf-8").splitlines()]
    assert len(lines) == 5 + 5 + 4 + 5  # the query q3 does not find itself
    assert {len(line) for line in lines} == {6}
    assert (output / "table.md").read_text("utf-8").startswith("## ndcg@10 on 2 collections")

    before = (output / "results.json").read_bytes()
    code, _, err = bertkit(*command, "--rerank", reranker, "--top", 3, "-o", output)
    assert code == 0, err
    assert (output / "results.json").read_bytes() == before


def test_a_bench_that_was_killed_goes_on(bertkit, tiny_bert: Path, tmp_path: Path, monkeypatch: Any) -> None:
    tiny, output = write_beir(tmp_path / "tiny"), tmp_path / "out"
    computed: list[int] = []
    plain = kept.Kept._compute

    def compute(self: Any, number: int, rows: Any, progress: Any) -> Any:
        if "queries" in self._work.label and not computed.count(-1):
            computed.append(-1)
            raise Power
        computed.append(len(rows))
        return plain(self, number, rows, progress)

    monkeypatch.setattr(kept.Kept, "_compute", compute)
    command = ("bench", "retrieval", "--data", tiny, "--model", tiny_bert, "-o", output)
    with pytest.raises(Power):
        bertkit(*command)
    assert not (output / "results.json").exists()
    code, _, err = bertkit(*command)
    assert code == 0, err
    assert computed == [5, -1, 4]  # the documents only once
    write_beir(tiny, [*DOCUMENTS, {"_id": "new", "text": "hello"}])
    code, _, err = bertkit(*command)
    assert code == 0, err
    assert computed[3:] == [6]


def test_windows(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    documents = [*DOCUMENTS, {"_id": "long", "text": "a man plays " * 40}]
    tiny = write_beir(tmp_path / "tiny", documents)
    command = ("bench", "retrieval", "--data", tiny, "--model", tiny_bert, "-o", tmp_path / "out")
    code, _, err = bertkit(*command)
    assert code == 0, err
    assert "documents of tiny: 1 of 6 texts (16.7%) have more than 64 tokens: cut" in err
    code, _, err = bertkit(*command, "--windows")
    assert code == 0, err
    assert "split into" in err


def test_a_task_of_the_users_own(bertkit, tiny_bert: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN, "utf-8")
    run = train(tiny_recipe("./own.py:Own", {}, tiny_bert, tmp_path, max_steps=2), output=tmp_path / "run")
    tiny = write_beir(tmp_path / "tiny")
    code, out, err = bertkit("bench", "retrieval", "--data", tiny, "--model", run.path, "-o", tmp_path / "out")
    assert code == 0, err
    assert "ndcg@10" in out


def test_mistakes(bertkit, tiny_bert: Path, tiny_run: Run, reranker: Path, tmp_path: Path) -> None:
    tiny, empty = write_beir(tmp_path / "tiny"), write_beir(tmp_path / "empty", [])
    output = ("-o", tmp_path / "out")
    data, model = ("--data", tiny), ("--model", tiny_bert)
    (tmp_path / "file").write_text("")
    for arguments, said in {
        (*data, *model): "--output  missing; name a folder",
        (*model, *output): "--data  missing",
        (*data, *output): "--model  missing",
        (*data, *data, *model, *output): "--data  tiny stands twice",
        (*data, *model, *model, *output): "stands twice; name each once",
        ("--data", tmp_path / "none", *model, *output): "no such folder",
        ("--data", tmp_path, *model, *output): "has no judgements",
        ("--data", empty, *model, *output): "corpus.jsonl  no rows",
        (*data, *model, "--split", "dev", *output): "has no dev.tsv; name one with --split: known: test",
        (*data, "--model", tiny_run.path, *output): "its task classify gives no vectors of texts",
        (*data, "--model", reranker, *output): "its task rerank gives no vectors of texts",
        (*data, *model, "--rerank", tiny_run.path, *output): "does not score a text for a query",
        (*data, "--model", tmp_path / "nothing", *output): "nothing",
        (*data, *model, "-o", tiny): "is the folder of --data",
        (*data, *model, "-o", tmp_path): "in use",
        (*data, *model, "-o", tmp_path / "file"): "is a file; name a folder",
    }.items():
        code, _, err = bertkit("bench", "retrieval", *arguments)
        assert code == 2, arguments
        assert said in err, (arguments, err)
        assert "Traceback" not in err
    assert not (tmp_path / "out").exists()
