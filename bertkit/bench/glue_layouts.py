"""Where the files of a GLUE task lie, and the recipe settings that read them.

| layout | files |
|---|---|
| the original download | `CoLA/train.tsv` and its like: no quoting, a header in each file but CoLA's training files |
| MRPC bare | `MRPC/msr_paraphrase_{train,test}.txt`, the authors' files, with `dev_ids.tsv` or without |
| the hub's, in a folder | `cola/train-00000-of-00001.parquet` and its like |
| the hub's own | no folder: `hub:nyu-mll/glue:cola#train` |
| one file | in any of these, or with their columns in another format (`of_file`) |

The columns and the order of the labels are those of `nyu-mll/glue`'s own loading script. A task's folder has its name
in any case, with or without the hyphen. Numeric labels are read as numbers, so that every layout gives the same label
names in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertkit.data.read.readers import read_records
from bertkit.data.read.rows import Record
from bertkit.data.read.sources import Source
from bertkit.data.read.tables.csv import read_tsv
from bertkit.errors import DataError, Problem
from bertkit.recipe.schema import DataBlock

HUB = "hub:nyu-mll/glue"
BARE_READER = "bertkit.bench.glue_layouts:read_bare_mrpc"
BARE = ("msr_paraphrase_train.txt", "msr_paraphrase_test.txt")
DEV_IDS = ("dev_ids.tsv", "mrpc_dev_ids.tsv")

Settings = dict[str, Any]
"""Recipe key -> value."""


@dataclass(frozen=True)
class GlueLayout:
    """The columns of a task's files. `train`, `dev` and `tests` name splits without their ending."""

    key: str
    """The task's name on the hub: `cola`."""
    texts: tuple[str, ...]
    """The columns of the one or two texts in the original files."""
    label: str
    hub_texts: tuple[str, ...]
    names: tuple[str, ...] = ()
    """The labels in the order of their numbers; none where the label is a score."""
    numbered: bool = True
    """Whether the original files write the label's number, not its name."""
    header: tuple[str, ...] = ()
    """Of the original training files, which have none; the test file has one."""
    dev: tuple[str, ...] = ("dev",)
    """The second one is scored as the test split."""
    hub_dev: tuple[str, ...] = ("validation",)
    tests: Mapping[str, tuple[str, str]] | None = None
    """Name -> the split without labels, in the original layout and on the hub; None: `test`, under the task's name."""


@dataclass(frozen=True)
class GlueFiles:
    """The files of a task that exist, as recipe settings that read them."""

    settings: Settings
    unlabelled: Mapping[str, Settings]
    """Name -> settings that differ for rows without labels."""
    note: str = ""
    """A warning for the user."""


def find(data: Path | None, name: str, layout: GlueLayout) -> GlueFiles | str:
    """The files of a task below `data` (None: on the hub), or which files are missing."""
    if data is None:
        return _on_hub(name, layout, {})
    folders = folders_of(data, name)
    if not folders:
        return f"{data} has no folder {name}"
    for folder in folders:
        if (folder / "train.tsv").is_file():
            return _original(folder, name, layout)
        if name == "MRPC" and (folder / BARE[0]).is_file():
            return _bare_mrpc(folder, layout)
        if _parquet(folder, "train"):
            return _on_hub(name, layout, {split: _parquet(folder, split) for split in _hub_splits(layout)}, folder)
    other = f", {BARE[0]}" if name == "MRPC" else ""
    return f"{', '.join(map(str, folders))}: no train.tsv{other} and no train-*.parquet"


def folders_of(data: Path, name: str) -> list[Path]:
    """The folders that may be the task's: `SST-2`, `sst2`, `SST2`; the original name first."""
    plain = name.replace("-", "").lower()
    inside = sorted(path for path in data.iterdir() if path.is_dir())
    named = [path for path in inside if path.name.replace("-", "").lower() == plain]
    return sorted(named, key=lambda path: path.name != name)


def find_ax(data: Path | None) -> Settings | None:
    """Settings that make GLUE's diagnostics the test rows of an MNLI model; None where their file is missing."""
    if data is None:
        return {"data.test": [f"{HUB}:ax#test"], **_columns(("premise", "hypothesis"))}
    for folder in [*folders_of(data, "AX"), *folders_of(data, "diagnostic"), data]:
        for file in ("diagnostic.tsv", "AX.tsv", "test.tsv"):
            if (folder / file).is_file() and (folder != data or file != "test.tsv"):
                return {"data.test": [str(folder / file)], "data.format": "tsv", **_columns(("sentence1", "sentence2"))}
        if folder != data and (files := _parquet(folder, "test")):
            return {"data.test": files, "data.format": "parquet", **_columns(("premise", "hypothesis"))}
    return None


def of_file(file: str, layout: GlueLayout, block: DataBlock) -> Settings | None:
    """Settings that read a single file of a task, by its columns and its first label; None if they fit no layout, or
    for what can be read only once (a pipe, standard input).

    Args:
        block: how the user wants it read.
    """
    if not Path(file).is_file():
        return None
    kind: Settings = {"data.format": "tsv"} if Path(file).suffix in (".tsv", ".txt") else {}
    block = block.model_copy(update={"format": block.format or kind.get("data.format")})
    both = ((layout.texts, layout.label), (layout.hub_texts, "label"))
    for header in [list(layout.header), None] if layout.header and not block.header else [None]:
        read = block.model_copy(update={"header": header or block.header})
        try:
            has = next(iter(read_records([file], read))).values
        except (DataError, StopIteration):  # reading all of it will say why, or the file has a header
            continue
        known = [(texts, name) for texts, name in both if {*texts} <= {*has}]
        texts, label = max(known, key=lambda one: one[1] in has, default=((), ""))
        value = str(has.get(label)).strip()
        if not texts or (header and value not in ("0", "1")):
            continue
        numbered = re.fullmatch(r"-?\d+", value) is not None
        own = {"data.header": header} if header else {}
        return {**kind, **own, **_columns(texts, layout, label), **_labels(layout, numbered=numbered)}
    return None


def read_bare_mrpc(source: Source, block: DataBlock) -> Iterator[Record | Problem]:
    """A Reader of `msr_paraphrase_train.txt#train` and `#dev`: the rows whose two ids are in `dev_ids.tsv` are dev's.

    Raises:
        DataError: no such split, or none of the ids is in the file.
    """
    assert source.file is not None
    if source.key not in ("train", "dev"):
        raise DataError.at(f"{source.name}#{source.key}", "no such split", "it has #train and #dev")
    ids_file = next(file for name in DEV_IDS if (file := source.file.parent / name).is_file())
    ids = {tuple(line.split("\t")[:2]) for line in ids_file.read_text("utf-8-sig").splitlines()}
    seen = 0
    for row in read_tsv(source, block):
        if isinstance(row, Problem):
            if source.key == "train":  # reported once
                yield row
            continue
        in_dev = (row.values.get("#1 ID"), row.values.get("#2 ID")) in ids
        seen += in_dev
        if in_dev == (source.key == "dev"):
            yield row
    if not seen:
        raise DataError.at(str(ids_file), f"names no row of {source.name}", "is it the one of GLUE's download?")


def _original(folder: Path, name: str, layout: GlueLayout) -> GlueFiles | str:
    files = {split: folder / f"{split}.tsv" for split in ("train", *layout.dev)}
    if lacking := [file.name for file in files.values() if not file.is_file()]:
        return f"{folder}: no {', '.join(lacking)}"
    settings: Settings = {
        **_splits({split: [str(file)] for split, file in files.items()}, layout.dev),
        "data.format": "tsv",
        **_columns(layout.texts, layout),
        **_labels(layout, numbered=layout.numbered),
    }
    if layout.header:
        settings["data.header"] = list(layout.header)
    unlabelled = {
        test: {"data.test": [str(file)], "data.format": "tsv", "data.header": None, **_columns(layout.texts)}
        for test, (split, _) in _tests(name, layout).items()
        if (file := folder / f"{split}.tsv").is_file()
    }
    return GlueFiles(settings, unlabelled)


def _bare_mrpc(folder: Path, layout: GlueLayout) -> GlueFiles:
    train, test = (str(folder / file) for file in BARE)
    settings: Settings = {**_columns(layout.texts, layout), **_labels(layout, numbered=True)}
    note = ""
    if any((folder / name).is_file() for name in DEV_IDS):
        settings |= {"data.train": [f"{train}#train"], "data.validation": [f"{train}#dev"], "data.format": BARE_READER}
    else:
        settings |= {"data.train": [train], "data.validation": None, "data.format": "tsv"}
        note = f"{folder} has no {DEV_IDS[0]}: a tenth of the training rows validates, not GLUE's development rows"
    reads = {"data.test": [test], "data.format": "tsv", **_columns(layout.texts)}
    return GlueFiles(settings, {"MRPC": reads} if Path(test).is_file() else {}, note)


def _on_hub(
    name: str, layout: GlueLayout, files: Mapping[str, list[str]], folder: Path | None = None
) -> GlueFiles | str:
    """The layout of the hub: in the files of a folder, or on the hub itself."""
    sources = {split: [f"{HUB}:{layout.key}#{split}"] for split in _hub_splits(layout)} if folder is None else files
    if lacking := [split for split in ("train", *layout.hub_dev) if not sources[split]]:
        return f"{folder}: no {', '.join(f'{split}-*.parquet' for split in lacking)}"
    kind = {} if folder is None else {"data.format": "parquet"}
    settings = {
        **_splits(sources, layout.hub_dev),
        **kind,
        **_columns(layout.hub_texts, layout, label="label"),
        **_labels(layout, numbered=True),
    }
    unlabelled = {
        test: {"data.test": sources[split], **kind, **_columns(layout.hub_texts)}
        for test, (_, split) in _tests(name, layout).items()
        if sources[split]
    }
    return GlueFiles(settings, unlabelled)


def _splits(sources: Mapping[str, list[str]], dev: tuple[str, ...]) -> Settings:
    keys = ("data.train", "data.validation", "data.test")
    return {key: sources[split] for key, split in zip(keys, ("train", *dev), strict=False)}


def _columns(texts: tuple[str, ...], layout: GlueLayout | None = None, label: str = "") -> Settings:
    """The columns of the texts, and of the label where the task is named."""
    columns = dict(zip(("text", "text_pair"), texts, strict=False))
    if layout:
        columns["label" if layout.names else "score"] = label or layout.label
    return {"data.columns": columns}


def _labels(layout: GlueLayout, *, numbered: bool) -> Settings:
    return {"data.label_names": list(layout.names), "data.label_ids": numbered} if layout.names else {}


def _tests(name: str, layout: GlueLayout) -> Mapping[str, tuple[str, str]]:
    return layout.tests or {name: ("test", "test")}


def _hub_splits(layout: GlueLayout) -> list[str]:
    return ["train", *layout.hub_dev, *(split for _, split in _tests("", layout).values())]


def _parquet(folder: Path, split: str) -> list[str]:
    """The files of a split: `train-00000-of-00001.parquet` and the following, or `train.parquet`."""
    files = [*folder.glob(f"{split}-*.parquet"), *folder.glob(f"{split}.parquet")]
    return sorted(map(str, files))
