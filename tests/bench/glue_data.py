"""Made-up GLUE and SQuAD data in the layouts of their downloads, with the quirks of the true files.

The sentences are this module's own. Every file holds an odd `"`, an accented letter or a Chinese one somewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

ADJECTIVES = ("good", "late", "bad", "red")
NOUNS = ("man", "cat", "parcel", "card")
QUIRKS = ('he said " no', "the café is closed", "the 中文 card", '"', "it 's 5 \" wide")
MNLI_HEAD = ("index", "promptID", "pairID", "genre", "sentence1_binary_parse", "sentence2_binary_parse")
MNLI_HEAD += ("sentence1_parse", "sentence2_parse", "sentence1", "sentence2")
NLI = ("entailment", "neutral", "contradiction")
SIZES = {"train": 12, "dev": 6, "test": 4}
"""Rows of each split."""
UNLABELLED = 4
"""Rows of each test file."""


def sentence(number: int, other: int = 0) -> str:
    quirk = QUIRKS[number % len(QUIRKS)]
    return f"the {ADJECTIVES[(number + other) % 4]} {NOUNS[number % 4]} , {quirk} ."


def lines(file: Path, rows: Iterable[Sequence[object]], *, mark: bool = False, end: str = "\n") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join("\t".join(map(str, row)) + end for row in rows)
    file.write_bytes((b"\xef\xbb\xbf" if mark else b"") + text.encode())
    return file


def original(folder: Path, names: Iterable[str] = ()) -> Path:
    """All tasks (or those named) and AX, as the original download has them."""
    for name, write in WRITERS.items():
        if not names or name in names:
            write(folder)
    return folder


def cola(folder: Path) -> None:
    for split in ("train", "dev"):
        rows = [("gj04", i % 2, "" if i % 2 else "*", sentence(i)) for i in range(SIZES[split])]
        lines(folder / "CoLA" / f"{split}.tsv", rows)
    lines(folder / "CoLA/test.tsv", [("index", "sentence"), *((i, sentence(i)) for i in range(UNLABELLED))])


def sst2(folder: Path) -> None:
    for split in ("train", "dev"):
        rows = [(f"{sentence(i)} ", i % 2) for i in range(SIZES[split])]
        lines(folder / "SST-2" / f"{split}.tsv", [("sentence", "label"), *rows])
    lines(folder / "SST-2/test.tsv", [("index", "sentence"), *((i, sentence(i)) for i in range(UNLABELLED))])


MRPC_HEAD = ("Quality", "#1 ID", "#2 ID", "#1 String", "#2 String")


def mrpc_rows(first: int, count: int) -> list[tuple[object, ...]]:
    return [(i % 2, 1000 + i, 2000 + i, sentence(i), sentence(i, i % 2)) for i in range(first, first + count)]


def mrpc(folder: Path) -> None:
    """As download_glue_data.py leaves it."""
    place = folder / "MRPC"
    lines(place / "train.tsv", [MRPC_HEAD, *mrpc_rows(0, 12)], mark=True)
    lines(place / "dev.tsv", [MRPC_HEAD, *mrpc_rows(12, 6)], mark=True)
    lines(place / "dev_ids.tsv", [row[1:3] for row in mrpc_rows(12, 6)])
    test = [(i, *row[1:]) for i, row in enumerate(mrpc_rows(20, UNLABELLED))]
    lines(place / "test.tsv", [("index", *MRPC_HEAD[1:]), *test])


def bare_mrpc(folder: Path, *, ids: bool) -> None:
    """As its authors publish it: CRLF, a byte order mark, the labels of the test rows there."""
    place = folder / "MRPC"
    rows = mrpc_rows(0, 20)
    lines(place / "msr_paraphrase_train.txt", [MRPC_HEAD, *rows], mark=True, end="\r\n")
    lines(place / "msr_paraphrase_test.txt", [MRPC_HEAD, *mrpc_rows(20, UNLABELLED)], mark=True, end="\r\n")
    if ids:
        lines(place / "dev_ids.tsv", [row[1:3] for row in rows[3:15:2]])


def stsb(folder: Path) -> None:
    head = ("index", "genre", "filename", "year", "old_index", "source1", "source2", "sentence1", "sentence2")
    for split, size in SIZES.items():
        rows = []
        for i in range(size):
            row = (i, "main-news", "headlines", "2015", f"{i:04}", "none", "none", sentence(i), sentence(i, i % 3))
            rows.append(row if split == "test" else (*row, f"{5 - 2 * (i % 3) - 0.25 * (i % 2):.3f}"))
        lines(folder / "STS-B" / f"{split}.tsv", [head if split == "test" else (*head, "score"), *rows])


def qqp(folder: Path) -> None:
    """With two broken lines in train.tsv, as the published file has some: one lacks fields, one has no question."""
    head = ("id", "qid1", "qid2", "question1", "question2", "is_duplicate")
    for split in ("train", "dev"):
        rows: list[Sequence[object]] = [
            (500 + i, 2 * i, 2 * i + 1, sentence(i), sentence(i, i % 2), (i + 1) % 2) for i in range(SIZES[split])
        ]
        if split == "train":
            rows[3:3] = [("900", "1", "2", "is it broken ?"), ("901", "3", "4", "is it here ?", "", "0")]
        lines(folder / "QQP" / f"{split}.tsv", [head, *rows])
    test = [("id", "question1", "question2"), *((i, sentence(i), "" if i == 2 else sentence(i, 1)) for i in range(4))]
    lines(folder / "QQP/test.tsv", test)


def mnli_row(i: int) -> tuple[object, ...]:
    return (i, f"{i}", f"{i}n", "fiction", "( a )", "( b )", "(ROOT a)", "(ROOT b)", sentence(i), sentence(i, i % 3))


def mnli(folder: Path) -> None:
    """12 columns in train.tsv, 16 in the development files, 10 in the test files."""
    place = folder / "MNLI"
    train = [(*mnli_row(i), NLI[i % 3], NLI[i % 3]) for i in range(12)]
    lines(place / "train.tsv", [(*MNLI_HEAD, "label1", "gold_label"), *train])
    for kind, first in (("matched", 0), ("mismatched", 7)):
        dev = [(*mnli_row(i), *(NLI[(i + j) % 3] for j in range(5)), NLI[i % 3]) for i in range(first, first + 6)]
        lines(place / f"dev_{kind}.tsv", [(*MNLI_HEAD, *(f"label{j}" for j in range(1, 6)), "gold_label"), *dev])
        lines(place / f"test_{kind}.tsv", [MNLI_HEAD, *(mnli_row(i) for i in range(UNLABELLED + (first > 0)))])


def ax(folder: Path) -> None:
    rows = [(i, sentence(i), sentence(i, 1)) for i in range(UNLABELLED)]
    lines(folder / "diagnostic/diagnostic.tsv", [("index", "sentence1", "sentence2"), *rows])


def pairs(name: str, columns: tuple[str, str], labels: tuple[object, object]):
    def write(folder: Path) -> None:
        for split, size in SIZES.items():
            rows = [(i, sentence(i), sentence(i, i % 2)) for i in range(size)]
            labelled = [(*row, labels[i % 2]) for i, row in enumerate(rows)]
            head = ("index", *columns)
            table = [head, *rows] if split == "test" else [(*head, "label"), *labelled]
            lines(folder / name / f"{split}.tsv", table)

    return write


SENTENCES = ("sentence1", "sentence2")
ENTAILED = ("entailment", "not_entailment")
WRITERS = {
    "CoLA": cola,
    "SST-2": sst2,
    "MRPC": mrpc,
    "STS-B": stsb,
    "QQP": qqp,
    "MNLI": mnli,
    "QNLI": pairs("QNLI", ("question", "sentence"), ENTAILED),
    "RTE": pairs("RTE", SENTENCES, ENTAILED),
    "WNLI": pairs("WNLI", SENTENCES, (0, 1)),
    "AX": ax,
}

HUB = {
    "cola": ("sentence",),
    "sst2": ("sentence",),
    "mrpc": SENTENCES,
    "stsb": SENTENCES,
    "qqp": ("question1", "question2"),
    "mnli": ("premise", "hypothesis"),
    "qnli": ("question", "sentence"),
    "rte": SENTENCES,
    "wnli": SENTENCES,
    "ax": ("premise", "hypothesis"),
}
"""Config of nyu-mll/glue -> its columns of text."""


def hub(folder: Path) -> Path:
    """The Parquet files of nyu-mll/glue, a folder a config; hidden labels are -1.

    Those of MNLI and RTE name their classes, as the published ones do; the others are as another tool may write them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import ClassLabel, Dataset

    for name, texts in HUB.items():
        kinds = 3 if name == "mnli" else 2
        dev, test = ["validation"], ["test"]
        if name == "mnli":
            dev, test = ([f"{split}_{kind}" for kind in ("matched", "mismatched")] for split in ("validation", "test"))
        for split in test if name == "ax" else ["train", *dev, *test]:
            size, hidden = (UNLABELLED, True) if split.startswith("test") else (12 if split == "train" else 6, False)
            columns: dict[str, list[object]] = {
                text: [sentence(i, j * (i % 2)) for i in range(size)] for j, text in enumerate(texts)
            }
            number = float if name == "stsb" else int
            columns["label"] = [number(-1 if hidden else i % kinds) for i in range(size)]
            columns["idx"] = list(range(size))
            (folder / name).mkdir(parents=True, exist_ok=True)
            file = folder / name / f"{split}-00000-of-00001.parquet"
            if classes := {"mnli": NLI, "rte": ENTAILED}.get(name):
                rows = Dataset.from_dict(columns).cast_column("label", ClassLabel(names=list(classes)))
                rows.to_parquet(file)
            else:
                pq.write_table(pa.table(columns), file)
    return folder


def squad(folder: Path) -> Path:
    """Both versions of SQuAD."""
    folder.mkdir(parents=True, exist_ok=True)
    for version in ("v1.1", "v2.0"):
        for split, size in (("train", 6), ("dev", 3)):
            paragraphs = []
            for i in range(size):
                context = sentence(i) + " " + sentence(i + 1)
                noun = NOUNS[i % 4]
                answer = {"text": noun, "answer_start": context.index(noun)}
                asked = {"id": f"{version}-{split}-{i}", "question": "what is it ?", "answers": [answer]}
                if version == "v2.0":
                    asked["is_impossible"] = bool(i % 2)
                    if i % 2:
                        asked |= {"answers": [], "plausible_answers": [answer]}
                paragraphs.append({"context": context, "qas": [asked]})
            content = {"version": version, "data": [{"title": "made up", "paragraphs": paragraphs}]}
            (folder / f"{split}-{version}.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return folder
