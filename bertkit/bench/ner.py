"""Named entities: CoNLL-2003, WNUT-17 and Weibo, from their authors' files, which a user has to fetch.

The first figure is the F1 that the papers report: entities as conlleval counts them, which forgives a wrong prefix. The
strict one stands beside it. Both are of 0 to 1.
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
"""Of training, validation and test."""

FILES: dict[str, tuple[Files, ...]] = {
    "conll2003": (("train.txt", "valid.txt", "test.txt"), ("eng.train", "eng.testa", "eng.testb")),
    "wnut17": (("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"),),
    "weibo": (tuple(f"weiboNER_2nd_conll.{split}" for split in ("train", "dev", "test")),),  # type: ignore[dict-item]
}
"""Entry, which is also its folder's name -> the file names that are looked for, the first that are all there taken."""
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
    """The data sets of `FILES` that are there.

    Args:
        data: a folder that holds `conll2003/train.txt` and its like.
        recipes: both are those of `recipes/ner`, as nobody reports tuned numbers.

    Raises:
        DataError: no folder, or no data set is in it.
    """
    looked = "; ".join(f"{name}/{', '.join(sets[0])}" for name, sets in FILES.items())
    if data is None:
        what = "these data sets are on no hub that can be read without running code"
        raise DataError.at(Parameter("data"), what, f"name the folder that holds {looked}")
    data = data.absolute()
    if not data.is_dir():
        raise DataError.at(str(data), "no such folder", f"name the one that holds {looked}")
    if recipes == "tuned":
        log.info("NER: the tuned recipes are those of recipes/ner")
    found = {name: _find(data / name, names) for name, names in FILES.items()}
    absent = {name: files for name, files in found.items() if isinstance(files, str)}
    if len(absent) == len(FILES):
        raise DataError.at(str(data), "holds none of the data sets", f"it looks for {looked}")
    entries = tuple(
        Entry(name, f"ner/{name}", _sets(data / name, files), FIGURES, PUBLISHED[name])
        for name, files in found.items()
        if not isinstance(files, str)
    )
    return Suite("ner", entries, absent)


def _find(folder: Path, names: tuple[Files, ...]) -> Files | str:
    """The names of the files that are there, or what is not there."""
    if not folder.is_dir():
        return f"there is no folder {folder}"
    for files in names:
        if all((folder / file).is_file() for file in files):
            return files
    return f"{folder} does not hold {', or '.join(', '.join(files) for files in names)}"


def _sets(folder: Path, files: Files) -> tuple[str, ...]:
    keys = ("data.train", "data.validation", "data.test")
    return tuple(
        f"{key}={json.dumps(str(folder / file), ensure_ascii=False)}" for key, file in zip(keys, files, strict=True)
    )
