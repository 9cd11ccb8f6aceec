"""Options of commands that read text for themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertkit.commands.shared.reading import data_block, keys_as_options, new_folder, progress
from bertkit.errors import DataError, RecipeError, RunError, Setting


def test_own_options_and_sets_make_one_block() -> None:
    block = data_block("latin-1", "body", ["data.bad_rows=skip"])
    assert (block.encoding, block.columns, block.bad_rows) == ("latin-1", {"text": "body"}, "skip")
    with pytest.raises(RecipeError, match=r"train.seed: only data.KEY"):
        data_block(None, None, ["train.seed=1"])
    with pytest.raises(RecipeError, match=r"data.encodin: no such key; did you mean encoding\?"):
        data_block(None, None, ["data.encodin=x"])


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    with new_folder(tmp_path / "new"):
        pass
    (tmp_path / "x").mkdir()
    with new_folder(tmp_path / "x"):
        (tmp_path / "x" / "y").touch()
    with pytest.raises(RunError, match="not empty"), new_folder(tmp_path / "x"):
        pass
    with pytest.raises(RunError, match="no such folder"), new_folder(tmp_path / "no" / "x"):
        pass


def test_no_bar_where_no_one_watches(capsys) -> None:
    with progress("reading", 10) as advance:
        advance(10)
    assert capsys.readouterr().err == ""


def test_a_bar_on_a_terminal(monkeypatch, capsys) -> None:
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress("reading", None) as advance:
        for _ in range(10):
            advance(2**17)


def test_keys_in_errors_are_shown_as_options() -> None:
    options = {"data.encoding": "--encoding", "model.name": "MODEL"}
    cases = [
        (("data.encoding", "no such encoding", "", None), "--encoding  no such encoding"),
        (("a:1", "wrong", "name it", Setting("data.encoding", "x y")), "a:1  wrong; name it: --encoding 'x y'"),
        (("a:1", "wrong", "", Setting("data.encoding", "x")), "a:1  wrong; --encoding x"),
        (("model.name", "gone", "name one", Setting("model.name", "X")), "MODEL  gone; name one"),
        (("a:1", "wrong", "name it", Setting("data.header", ("b",))), "a:1  wrong; name it: --set 'data.header=[b]'"),
    ]
    for (where, what, todo, setting), shown in cases:
        with pytest.raises(DataError) as caught, keys_as_options(options):
            raise DataError.at(where, what, todo, setting=setting)
        assert str(caught.value) == shown
