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
    """Told before anything is read."""
    file = tmp_path / "RTE.tsv"
    for arguments, said in (
        ([], "names neither a RUN nor a --task, nor a checkpoint or predictions"),
        (["--on", "glue/rte"], "names neither a RUN nor a --task, nor a checkpoint or predictions"),
        ([file], "--predictions  needs to know what was predicted; --on glue/rte"),
        ([file, "--task", "squad", "--on", "squad/v2"], "--task  does not go with --on"),
        ([tmp_path, "--predictions", file], "--predictions  goes with --task or a file of predictions"),
        ([tmp_path, "--on", "glue/rte", "--threshold", "0.5"], "--threshold  goes with --task or a file"),
        ([file, "--on", "glue/rte", "--labels", "a,b"], "--labels  says what a checkpoint's outputs mean"),
        ([tmp_path, "--labels", "a,b"], "--labels  says what a checkpoint's outputs mean"),
        ([file, "--on", "nothing"], "no such recipe comes with bertkit"),
        ([file, "--on", "squad/v2", "--data", file, "--threshold", "1"], "--threshold  goes with SQuAD's predictions"),
        (["x.json", "--on", "squad/v2"], "--on  needs --predictions FILE and --data FILE"),
    ):
        code, _, err = bertkit("eval", *arguments)
        assert (code, said in err) == (2, True), (arguments, err)


def test_help_shows_each_way(bertkit) -> None:
    code, out, _ = bertkit("eval", "--help")
    assert code == 0
    for part in ("--on glue/mnli --data GLUE", "--labels", "With a file of predictions", "runs/mine"):
        assert part in out
