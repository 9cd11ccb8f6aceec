"""`bertkit bench`: a suite from its file to the table, cut off and gone on with; its mistakes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bertkit.display import width
from bertkit.files.lock import one_writer
from tests.bench.suites import SUITE, write_suite
from tests.helpers import Power


def test_a_suite_and_one_that_was_cut_off(bertkit, tiny_bert: Path, tmp_path: Path, cut_at) -> None:
    file = write_suite(tmp_path, tiny_bert)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    code, out, err = bertkit("bench", file, "--output", whole)
    assert code == 0, err
    assert "job 3 of 4: scores, seed 1, about" in err
    assert "95% interval" in out
    assert "0.9300" in out
    assert f"Report: {whole / 'report.html'}" in out
    told = json.loads((whole / "metrics.json").read_text("utf-8"))
    assert set(told["figures"]["intents"]) == {"test/accuracy", "validation/macro_f1"}
    assert set(told["figures"]["scores"]["validation/pearson"]["seeds"]) == {"1", "2"}

    cut_at(3)  # the last step of `scores`, its first seed; `intents` has two steps
    with pytest.raises(Power):
        bertkit("bench", file, "--output", cut)
    cut_at(None)
    kept = [cut / "intents" / f"seed-{seed}" / "model" / "model.safetensors" for seed in (1, 2)]
    before = [weights.stat().st_mtime_ns for weights in kept]
    assert not (cut / "metrics.json").exists()
    with one_writer(cut):
        code, _, err = bertkit("bench", file, "--output", cut)
        assert code == 2
        assert f"{cut}  in use by process {os.getpid()} on " in err
    code, out, err = bertkit("bench", file, "--output", cut)
    assert code == 0, err
    assert "job 1 of 4: intents, seed 1, is finished" in err
    assert "resuming from step 2" in err
    assert [weights.stat().st_mtime_ns for weights in kept] == before
    assert (cut / "metrics.json").read_bytes() == (whole / "metrics.json").read_bytes()

    code, _, err = bertkit("bench", file, "--output", cut, "-s", "train.max_steps=9")
    assert code == 2
    assert "was started with a different train.max_steps" in err
    code, out, err = bertkit("bench", file, "--output", cut, "--tasks", "intents", "--seeds", "1")
    assert code == 0, err
    assert "average" not in out


def test_a_task_with_a_chinese_name(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    """Its Run lies in a folder of that name, and the columns of the table stay aligned."""
    text = SUITE.replace("intents", "意图识别").replace("[1, 2]", "[1]")
    code, out, err = bertkit("bench", write_suite(tmp_path, tiny_bert, text), "--output", tmp_path / "out")
    assert code == 0, err
    assert (tmp_path / "out" / "意图识别" / "seed-1" / "metrics.json").is_file()
    assert "意图识别" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "意图识别" in json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))["figures"]
    figures = ("test/accuracy", "validation/macro_f1", "validation/pearson", "validation/spearman")
    starts = [width(line.partition(name)[0]) for line in out.splitlines() for name in figures if name in line]
    assert len(starts) == 3
    assert len(set(starts)) == 1


def test_a_part_that_fails(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    file = write_suite(tmp_path, tiny_bert)
    broken = (tmp_path / "classify.jsonl").read_text("utf-8")
    (tmp_path / "classify.jsonl").write_text('{"text": "hello", "label": 3\n', "utf-8")
    output = tmp_path / "out"
    code, out, err = bertkit("bench", file, "--output", output, "--seeds", "1")
    assert code == 2
    assert out.count("failed") == 3
    assert "classify.jsonl:1" in err
    assert "scores, seed 1  not trained: it starts from the model of intents, which failed" in err
    assert "Failed" in (output / "report.html").read_text("utf-8")
    (tmp_path / "classify.jsonl").write_text(broken, "utf-8")
    code, out, err = bertkit("bench", file, "--output", output, "--seeds", "1")
    assert code == 0, err
    assert "failed" not in out


def test_mistakes(bertkit, tiny_bert: Path, tmp_path: Path) -> None:
    file = write_suite(tmp_path, tiny_bert)
    output = ("--output", tmp_path / "out")
    for arguments, said in {
        ("bench", file): "--output  missing; name a folder",
        ("bench", "gleu", *output): "did you mean glue?",
        ("bench", file, *output, "--tasks", "intent"): "mine has no intent; did you mean intents?",
        ("bench", file, *output, "--tasks", "intents,"): "a name is empty",
        ("bench", file, *output, "--seeds", "1,2,1"): "1 stands twice",
        ("bench", file, *output, "--seeds", "1,two"): "'two' is not a seed",
        ("bench", file, *output, "--seeds", "4294967296"): "is not a seed",
        ("bench", file, *output, "--seeds", "-1"): "is not a seed",
        ("bench", file, *output, "--recipes", "tunned"): "did you mean tuned?",
        ("bench", file, *output, "--recipes", "tuned"): "names its own",
        ("bench", file, *output, "-s", "train.num_train_epoch=1"): "did you mean num_train_epochs?",
        ("bench", file, "--output", tmp_path): "in use",
    }.items():
        code, _, err = bertkit(*arguments)
        assert code == 2, arguments
        assert said in err
    assert not (tmp_path / "out").exists()
    file.write_text(file.read_text("utf-8").replace("starts_from: intents", "starts_form: intents"), "utf-8")
    code, _, err = bertkit("bench", file, *output)
    assert code == 2
    assert f"{file}:12  tasks.scores.starts_form: no such key; did you mean starts_from?" in err
