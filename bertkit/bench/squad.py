"""SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016, 2018): `v1` and `v2`, with the official scorers' figures, in percent.

Both are scored on the development rows, because the test rows are not public.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Literal

from bertkit.bench.suite import Entry, Suite
from bertkit.errors import DataError

log = logging.getLogger("bertkit")

FILES = {
    "v1": ("train-v1.1.json", "dev-v1.1.json"),
    "v2": ("train-v2.0.json", "dev-v2.0.json"),
}
"""Entry -> the files that train and validate, as https://rajpurkar.github.io/SQuAD-explorer/ names them."""
FIGURES = {
    "v1": ("validation/f1", "validation/exact_match"),
    "v2": ("validation/f1", "validation/exact"),
}
PUBLISHED = {
    "v1": {  # Devlin et al. 2019, table 2
        "BERT-base, dev": {"validation/f1": 88.5, "validation/exact_match": 80.8},
        "BERT-large, dev": {"validation/f1": 90.9, "validation/exact_match": 84.1},
    },
    "v2": {"MiniLM-L6-H384, dev": {"validation/f1": 75.6}},  # Wang et al. 2020 (MiniLM)
}


def suite(data: Path | None, recipes: Literal["paper", "tuned"]) -> Suite:
    """The versions of SQuAD whose files exist.

    Args:
        data: a folder that holds `FILES`; None: the hub, or its local cache.
        recipes: both are the paper's: no tuned hyperparameters are published.

    Raises:
        DataError: no such folder, or it holds no version.
    """
    if recipes == "tuned":
        log.info("SQuAD: the tuned recipes are the paper's, squad/v1 and squad/v2")
    absent: dict[str, str] = {}
    if data is not None:
        data = data.absolute()
        if not data.is_dir():
            raise DataError.at(str(data), "no such folder", f"name the one that holds {FILES['v1'][0]} and the others")
        for name, files in FILES.items():
            if lacking := [file for file in files if not (data / file).is_file()]:
                absent[name] = f"{data} has no {' and no '.join(lacking)}"
    if len(absent) == len(FILES):
        expected = "; ".join(" and ".join(files) for files in FILES.values())
        raise DataError.at(str(data), "holds no version of SQuAD", f"expected {expected}")
    entries = tuple(
        Entry(name, f"squad/{name}", _sets(data, name), FIGURES[name], PUBLISHED[name])
        for name in FILES
        if name not in absent
    )
    return Suite("squad", entries, absent)


def _sets(data: Path | None, name: str) -> tuple[str, ...]:
    if data is None:
        return ()
    keys = ("data.train", "data.validation")
    return tuple(
        f"{key}={json.dumps(str(data / file), ensure_ascii=False)}" for key, file in zip(keys, FILES[name], strict=True)
    )
