"""The defaults of a corpus stand once, and cost the command line nothing."""

from __future__ import annotations

import ast
from pathlib import Path

from bertkit.data.corpus import defaults
from bertkit.data.corpus.options import CorpusOptions


def test_options_have_all_of_them() -> None:
    named = {name.lower(): value for name, value in vars(defaults).items() if name.isupper()}
    options = CorpusOptions().model_dump()
    assert len(named) > 10
    assert {name: options[name] for name in named} == named


def test_the_module_imports_nothing_but_names_of_types() -> None:
    tree = ast.parse(Path(defaults.__file__).read_text("utf-8"))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert sorted(imported) == ["__future__", "typing"]
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
