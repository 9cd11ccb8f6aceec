"""A command whose first argument may name another command."""

from __future__ import annotations


def test_both_commands_have_their_options(bertkit) -> None:
    code, out, _ = bertkit("bench", "--help")
    assert code == 0
    assert "--seeds" in out
    assert "--rerank" not in out
    code, out, _ = bertkit("bench", "retrieval", "--help")
    assert code == 0
    assert "bertkit bench retrieval [OPTIONS]" in out
    assert "--rerank" in out
    assert "--seeds" not in out


def test_an_unknown_option_of_the_inner_command(bertkit) -> None:
    code, _, err = bertkit("bench", "retrieval", "--seeds", "1")
    assert code == 2
    assert "No such option" in err
