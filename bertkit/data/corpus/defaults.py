"""Defaults of `CorpusOptions`, those of Google's script unless options.py says otherwise.

A module of its own, without imports of pydantic or numpy: `bertkit corpus build --help` shows them at once.
"""

from __future__ import annotations

from typing import Final

DOCUMENTS: Final = "empty_line"
EMPTY_LINES: Final = 1
JOIN_LINES: Final = False
SPLIT_SENTENCES: Final = True
CLEAN: Final = False
DEDUPLICATE: Final = False
PAIRS: Final = "nsp"
MAX_LENGTH: Final = 128
SHORT_SHARE: Final = 0.1
SHORT_BY: Final = "row"
PASSES: Final = 1
VALIDATION_RATIO: Final = 0.05
SEED: Final = 42
