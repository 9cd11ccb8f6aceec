"""`bertkit eval`: the command's own mistakes (what it scores: tests/inference/test_evaluate.py)."""

from __future__ import annotations

from pathlib import Path


def test_output_is_checked_before_any_work(bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("eval", tmp_path / "no-run", "--output", tmp_path / "nowhere" / "scores.json")
    assert code == 2
    assert "no such folder" in err
    assert "--output" in err


def test_a_folder_that_is_no_run(bertkit, tmp_path: Path) -> None:
    code, _, err = bertkit("eval", tmp_path)
    assert code == 2
    assert "recipe.yaml" in err


def test_options_that_do_not_go_together(bertkit, tmp_path: Path) -> None:
    """An error before anything is read."""
    file = tmp_path / "RTE.tsv"
    for arguments, message in (
        ([], "nothing to score; name a Run, a checkpoint or a file of predictions"),
        (["--on", "glue/rte"], "nothing to score; name a Run, a checkpoint or a file of predictions"),
        ([file], "--on  needed to score predictions; name a recipe: glue/rte"),
        ([file, "--task", "squad", "--on", "squad/v2"], "--task  the recipe already names the task; leave it out"),
        ([tmp_path, "--predictions", file], "--predictions  given in place of a model; leave one of them out"),
        (
            [tmp_path, "--on", "glue/rte", "--threshold", "0.5"],
            "--threshold  only for SQuAD predictions by question id",
        ),
        ([file, "--on", "glue/rte", "--labels", "a,b"], "--labels  only for a checkpoint on a benchmark"),
        ([tmp_path, "--labels", "a,b"], "--labels  only for a checkpoint on a benchmark"),
        ([file, "--on", "nothing"], "no such recipe comes with bertkit"),
        (
            [file, "--on", "squad/v2", "--data", file, "--threshold", "1"],
            "--threshold  only for SQuAD predictions by question id; this file is a table",
        ),
        (["x.json", "--on", "squad/v2"], "--data  needed to score predictions by question id"),
    ):
        code, _, err = bertkit("eval", *arguments)
        assert (code, message in err) == (2, True), (arguments, err)


def test_help_shows_each_way(bertkit) -> None:
    code, out, _ = bertkit("eval", "--help")
    assert code == 0
    for part in ("--on glue/mnli --data GLUE", "--labels", "Options for a file of predictions", "runs/mine"):
        assert part in out
