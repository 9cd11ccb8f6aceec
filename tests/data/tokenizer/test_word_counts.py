"""Files -> texts -> counts of words."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bertkit.data.read.sources import expand
from bertkit.data.tokenizer.word_counts import count_words, size, texts
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock


def read(*files: Path, **values) -> list[str]:
    block = DataBlock(**values)
    return list(texts(expand([str(file) for file in files], block), block))


def test_texts_of_every_format(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "a.txt").write_bytes("one\r\n\r\ncafé\r\n".encode())
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"two\n"))
    (tmp_path / "c.jsonl").write_text('{"text": "three", "id": 1}\n', "utf-8")
    pq.write_table(pa.table({"text": ["four"]}), tmp_path / "d.parquet")
    files = sorted(tmp_path.iterdir())
    assert read(*files) == ["one", "", "café", "two", "three", "four"]
    block = DataBlock()
    assert size(expand([str(files[0])], block)) == files[0].stat().st_size
    assert size(expand([str(file) for file in files], block)) is None
    told: list[int] = []
    list(texts(expand([str(files[0])], block), block, told.append))
    assert sum(told) == len("one\n\ncafé\n".encode())


def test_a_long_line_is_counted_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = f"one two {'x' * 30} three four five"
    (tmp_path / "a.txt").write_text(line, "utf-8")
    monkeypatch.setattr("bertkit.data.tokenizer.word_counts.LONGEST", 10)
    parts = read(tmp_path / "a.txt")
    assert parts == ["one two", " " + "x" * 30, " three", " four five"]
    assert "".join(parts) == line


def test_mistakes_have_their_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.txt"
    file.write_bytes(b"fine\ncaf\xe9\n")
    with pytest.raises(DataError, match=r"latin.txt:2 .*is not valid utf-8: the byte 0xE9; .*data.encoding=cp1252"):
        read(file)
    assert read(file, encoding="latin-1") == ["fine", "café"]
    assert read(file, encoding="auto") == ["fine", "café"]
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"body": "x"}\n', "utf-8")
    with pytest.raises(DataError, match=r"rows.jsonl:1 .*no column 'text'.*the columns here: body"):
        read(rows)
    assert read(rows, columns={"text": "body"}) == ["x"]
    rows.write_text('{"text": "a \\ud800"}\n{"text": null}\n{"text": "b"}\n', "utf-8")
    with pytest.raises(DataError) as raised:
        read(rows)
    assert [problem.key.rpartition(":")[2] for problem in raised.value.problems] == ["1", "2"]
    assert read(rows, bad_rows="skip") == ["b"]


def test_one_file_of_another_encoding_changes_no_other(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_bytes(b"caf\xe9\n")
    (tmp_path / "2.txt").write_bytes("café\n".encode())
    assert read(tmp_path / "1.txt", tmp_path / "2.txt", encoding="auto") == ["café", "café"]


def test_words_are_counted_as_the_tokenizer_sees_them() -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    backend = Tokenizer(models.BPE())
    backend.normalizer, backend.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    counts = count_words(["The cat, the Café", "北京 the"], backend)
    assert counts == {",": 1, "cafe": 1, "cat": 1, "the": 3, "京": 1, "北": 1}
    assert list(counts) == sorted(counts)
