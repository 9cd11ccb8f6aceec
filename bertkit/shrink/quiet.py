"""Silence while other libraries trace or convert a graph: their advice is about code that is not the user's."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within the block nothing is logged, warned of or printed; loggers are as before afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(action="ignore"), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(level)
        root.handlers[:] = handlers  # onnxruntime logs by the root logger, which makes itself a handler then
