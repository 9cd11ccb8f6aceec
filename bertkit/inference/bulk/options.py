"""What a user wants of predictions: which rows and columns, in which format, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, get_args

from bertkit.errors import DataError, Parameter, did_you_mean
from bertkit.fs import check_output, is_remote
from bertkit.inference.columns import AnswerColumns, Probabilities
from bertkit.inference.files import format_of
from bertkit.inference.vectors import DTYPES, Dtype, VectorColumns
from bertkit.recipe.schema import DataBlock

FORMATS = (".csv", ".tsv", ".jsonl", ".parquet", ".conll")
SHARD_ROWS = 100_000
"""Rows of a shard by default: some megabytes, and minutes of a small model on a processor."""


@dataclass(frozen=True)
class BulkOptions:
    """Options of predictions; the names are those of the command line.

    Args:
        output: a file with one of `FORMATS`; a folder, if it is one, ends in a slash, or `shard_rows` is set; None or
            `-`: JSON lines on standard output.
        columns: names of input columns to keep; None: all.
        probabilities, top_k, logits, abstain_below: see `AnswerColumns`.
        best_of: keep only the highest-scoring row for each value of this column, with all probabilities, by which
            the rows are compared. All rows are then in memory.
        bad_rows: rows that can not be answered: an error, left out, or kept with a column `error`. None: as
            `data.bad_rows` says.
        shard_rows: rows of a file in the folder.
        format: of the files in the folder, without the dot.
        excel: a csv for a spreadsheet.

    Raises:
        DataError: an unknown value.
    """

    formats: ClassVar[tuple[str, ...]] = FORMATS
    """Endings that the output may have."""
    shard_format: ClassVar[str] = "jsonl"
    """Of the files in the folder, by default."""
    part_rows: ClassVar[int] = 0
    """Rows of a part; 0: `parts.SIZE`."""
    output: str | None = None
    columns: tuple[str, ...] | None = None
    probabilities: Probabilities = "top"
    top_k: int = 0
    logits: bool = False
    best_of: str | None = None
    bad_rows: Literal["keep", "error", "skip"] | None = None
    shard_rows: int | None = None
    format: str | None = None
    excel: bool = False
    abstain_below: float | None = None

    def __post_init__(self) -> None:
        formats = tuple(ending[1:] for ending in self.formats)
        known: dict[str, tuple[str, ...]]
        known = {"probabilities": get_args(Probabilities), "bad_rows": ("keep", "error", "skip"), "format": formats}
        for name, values in known.items():
            if (value := getattr(self, name)) is not None and value not in values:
                raise DataError.at(Parameter(name), f"{value}: no such value", did_you_mean(value, values))

    @property
    def is_printed(self) -> bool:
        return self.output in (None, "-")

    @property
    def file(self) -> Path:
        """The output, if it is not printed."""
        return Path(str(self.output))

    @property
    def is_folder(self) -> bool:
        named = not self.is_printed and (str(self.output).endswith("/") or self.file.is_dir())
        return self.shard_rows is not None or named

    @property
    def ending(self) -> str:
        """Of the file, or of the files in the folder."""
        if self.is_folder:
            return f".{self.format or self.shard_format}"
        return "" if self.is_printed else self.file.suffix

    @property
    def rows_of_shard(self) -> int:
        """0: all rows are in one file."""
        return (self.shard_rows or SHARD_ROWS) if self.is_folder else 0

    @property
    def keeps_bad(self) -> bool:
        return self.bad_rows == "keep"

    @property
    def kept(self) -> tuple[str, ...] | None:
        """The columns of the input that the output has."""
        return self.columns

    @property
    def answer_columns(self) -> AnswerColumns:
        shown: Probabilities = "all" if self.best_of else self.probabilities
        return AnswerColumns(shown, self.top_k, self.logits, self.abstain_below)

    def block(self, block: DataBlock) -> DataBlock:
        """How the rows are read."""
        changed = self.bad_rows in ("error", "skip")
        return block.model_copy(update={"bad_rows": self.bad_rows}) if changed else block

    def check(self, inputs: list[str]) -> None:
        """Check, before the work, that the output can be written, and that the options go together.

        Raises:
            DataError: they do not.
        """
        if is_remote(str(self.output)):
            what = f"{self.output}: predictions are written to a disk of this machine"
            raise DataError.at(Parameter("output"), what, "name a file or a folder, and copy it from there")
        if self.format and not self.is_folder:
            raise DataError.at(Parameter("format"), "is for a folder of shards", "a file's ending names its format")
        if self.excel and self.ending != ".csv":
            raise DataError.at(Parameter("excel"), "is for a csv", "name a .csv as --output")
        if self.best_of and self.keeps_bad:
            raise DataError.at(Parameter("bad_rows"), "keep does not go with --best-of", "rows without an answer: skip")
        if self.ending == ".conll":
            for name in ("logits", "top_k", "columns", "best_of", "keeps_bad", "abstain_below"):
                if getattr(self, name) not in (None, False, 0, ()):
                    shown = Parameter("bad_rows" if name == "keeps_bad" else name)
                    what = f"{self.output}: a CoNLL file holds only words and tags"
                    raise DataError.at(shown, what, "name a .jsonl")
        if not self.is_folder:
            check_output(None if self.is_printed else self.file, endings=self.formats, inputs=inputs)
            return
        self._check_folder(inputs)

    def _check_folder(self, inputs: list[str]) -> None:
        if self.is_printed:
            raise DataError.at(Parameter("shard_rows"), "is for a folder of shards", "name a folder as --output")
        if self.best_of:
            raise DataError.at(Parameter("best_of"), "needs all rows at once", "name a file as --output")
        if self.file.exists() and not self.file.is_dir():
            raise DataError.at(Parameter("output"), f"{self.file}: is a file", "name a folder for the shards")
        if any(Path(source).exists() and Path(source).resolve() == self.file.resolve() for source in inputs):
            raise DataError.at(Parameter("output"), f"{self.file}: is the input", "name another folder")


@dataclass(frozen=True)
class VectorOutput(BulkOptions):
    """Options of vectors: which numbers, in which format, and where. A `.npy` has the vectors and nothing else.

    Args:
        dtype: see `vectors.quantized`.
    """

    formats = (".parquet", ".npy", ".jsonl")
    shard_format = "parquet"
    dtype: Dtype = "float32"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dtype not in DTYPES:
            raise DataError.at(Parameter("dtype"), f"{self.dtype}: no such value", did_you_mean(self.dtype, DTYPES))

    @property
    def kept(self) -> tuple[str, ...] | None:
        return () if self.ending == ".npy" else self.columns

    @property
    def answer_columns(self) -> AnswerColumns:
        return VectorColumns(dtype=self.dtype, arrays=format_of(self.ending).arrays)

    def check(self, inputs: list[str]) -> None:
        super().check(inputs)
        if self.ending == ".npy":
            for name, given in (("columns", self.columns), ("bad_rows", self.keeps_bad)):
                if given:
                    what = f"{self.output}: a .npy holds only vectors"
                    raise DataError.at(Parameter(name), what, "name a .parquet or a .jsonl")
