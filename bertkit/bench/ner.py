"""Named entities: CoNLL-2003, WNUT-17 and Weibo, from their authors' files, which a user has to fetch.

The first figure is the F1 that the papers report: entities as conlleval counts them, which forgives a wrong prefix. The
strict F1 stands beside it. Both range from 0 to 1.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Literal

from bertkit.bench.suite import Entry, Suite
from bertkit.errors import DataError, Parameter

log = logging.getLogger("bertkit")

Files = tuple[str, str, str]
"""File names of the training, validation and test rows."""

FILES: dict[str, tuple[Files, ...]] = {
    "conll2003": (("train.txt", "valid.txt", "test.txt"), ("eng.train", "eng.testa", "eng.testb")),
    "wnut17": (("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"),),
    "weibo": (tuple(f"weiboNER_2nd_conll.{split}" for split in ("train", "dev", "test")),),  # type: ignore[dict-item]
}
"""Entry, also the name of its folder -> sets of file names; the first set that exists in full is used."""
FIGURES = ("test/entity_f1", "validation/entity_f1", "test/strict_entity_f1")
PUBLISHED: dict[str, dict[str, dict[str, float]]] = {
    "conll2003": {  # Devlin et al. 2019, table 7: cased, the document's context, mean of five seeds
        "BERT-base": {"test/entity_f1": 0.924, "validation/entity_f1": 0.964},
        "BERT-large": {"test/entity_f1": 0.928, "validation/entity_f1": 0.966},
    },
    "wnut17": {"best of the shared task": {"test/entity_f1": 0.419}},  # Derczynski et al. 2017
    "weibo": {},
}


def suite(data: Path | None, recipes: Literal["paper", "tuned"]) -> Suite:
    """The data sets of `FILES` that exist.

    Args:
        data: a folder with `conll2003/train.txt` and the others.
        recipes: both use `recipes/ner`: no tuned hyperparameters are published.

    Raises:
        DataError: no folder, or it holds no data set.
    """
    expected = "; ".join(f"{name}/{', '.join(sets[0])}" for name, sets in FILES.items())
    if data is None:
        reason = "on the hub these data sets need remote code, which bertkit does not run"
        raise DataError.at(Parameter("data"), reason, f"name the folder that holds {expected}")
    data = data.absolute()
    if not data.is_dir():
        raise DataError.at(str(data), "no such folder", f"name the one that holds {expected}")
    if recipes == "tuned":
        log.info("NER: the tuned recipes are those of recipes/ner")
    files_of = {name: _find(data / name, names) for name, names in FILES.items()}
    absent = {name: files for name, files in files_of.items() if isinstance(files, str)}
    if len(absent) == len(FILES):
        raise DataError.at(str(data), "holds none of the data sets", f"expected {expected}")
    entries = tuple(
        Entry(name, f"ner/{name}", _sets(data / name, files), FIGURES, PUBLISHED[name])
        for name, files in files_of.items()
        if not isinstance(files, str)
    )
    return Suite("ner", entries, absent)


def _find(folder: Path, names: tuple[Files, ...]) -> Files | str:
    """The file names of the first complete set, or which files are missing."""
    if not folder.is_dir():
        return f"no folder {folder}"
    for files in names:
        if all((folder / file).is_file() for file in files):
            return files
    return f"{folder} does not hold {', or '.join(', '.join(files) for files in names)}"


def _sets(folder: Path, files: Files) -> tuple[str, ...]:
    keys = ("data.train", "data.validation", "data.test")
    return tuple(
        f"{key}={json.dumps(str(folder / file), ensure_ascii=False)}" for key, file in zip(keys, files, strict=True)
    )
