"""Runs a notebook's cells, which are plain Python, without Jupyter. `python -m tests.notebooks FILE` stores outputs.

Jupyter's kernel needs some thirty packages and a socket, for cells that use nothing of it. An output is the text of a
cell's last expression, as a notebook shows it.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any


def code_of(notebook: dict[str, Any]) -> list[str]:
    """The source of each code cell."""
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run(notebook: dict[str, Any], names: dict[str, Any]) -> list[str]:
    """Run the code cells in their order, in the namespace `names`; returns the text that each shows."""
    shown = []
    for number, source in enumerate(code_of(notebook), 1):
        tree = ast.parse(source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"<cell {number}>", "exec"), names)
        value = eval(compile(ast.Expression(last.value), f"<cell {number}>", "eval"), names) if last else None  # type: ignore[attr-defined]
        shown.append("" if value is None else repr(value))
    return shown


def with_outputs(notebook: dict[str, Any], shown: list[str]) -> dict[str, Any]:
    """The notebook with these texts as outputs, and nothing of where it was run."""
    texts, cells = iter(enumerate(shown, 1)), []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            number, text = next(texts)
            data = {"text/plain": text.splitlines(keepends=True)}
            output = {"data": data, "execution_count": number, "metadata": {}, "output_type": "execute_result"}
            cell = {**cell, "execution_count": number, "outputs": [output] if text else []}
        cells.append(cell)
    return {**notebook, "cells": cells}


def main(file: Path) -> None:
    notebook = json.loads(file.read_text("utf-8"))
    notebook = with_outputs(notebook, run(notebook, {"__name__": "__main__"}))
    file.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
