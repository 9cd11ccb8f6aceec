from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from bertkit.data.read.readers import read_records
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

TABLE = pa.table({"text": ["a", "b", None], "label": [1, 0, -1]})
NAMED = Dataset.from_dict(
    {"text": ["a", "b"], "label": [1, -1], "more": [[0, 1], []]},
    features=Features(
        {"text": Value("string"), "label": ClassLabel(names=["no", "yes"]), "more": List(ClassLabel(names=["x", "y"]))}
    ),
)


def rows(path: str, **options: object) -> list[tuple[str, int, dict]]:
    return [(r.place, r.number, r.values) for r in read_records([path], DataBlock(**options))]


def message(path: str) -> str:
    with pytest.raises(DataError) as caught:
        rows(path)
    return str(caught.value)


def write_table(path: str, table: pa.Table = TABLE) -> str:
    if path.endswith(".parquet"):
        pa.parquet.write_table(table, path)
    elif path.endswith(".feather"):
        pa.feather.write_feather(table, path)
    else:
        with pa.ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)
    return path


FILES = ("a.parquet", "a.feather", "a.arrow")


@pytest.mark.parametrize("name", FILES)
def test_each_format_gives_its_rows(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert rows(write_table(name)) == [
        (f"{name}[row 1]", 1, {"text": "a", "label": 1}),
        (f"{name}[row 2]", 2, {"text": "b", "label": 0}),
        (f"{name}[row 3]", 3, {"text": None, "label": -1}),
    ]


@pytest.mark.parametrize("name", FILES)
def test_rows_are_numbered_through_all_batches(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_table(name, pa.table({"n": list(range(1, 2501))}))
    assert [(number, values["n"]) for _, number, values in rows(name)] == [(n, n) for n in range(1, 2501)]


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_such_file_is_an_error(write, name):
    assert message(write(name, "text,label\na,x\n")).startswith(f"{name}  can not be read as ")
    assert message(write(name, "")).startswith(f"{name}  can not be read as ")


@pytest.mark.parametrize("name", FILES)
def test_no_rows(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert message(write_table(name, TABLE.slice(0, 0))) == f"{name}  no rows; is this the right file?"


def test_columns_of_one_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    assert message(write_table("a.arrow", table)) == "a.arrow  has two columns named 'text'; rename one"


def test_class_numbers_become_the_names_that_the_schema_tells(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    NAMED.to_parquet("a.parquet")
    NAMED.save_to_disk("saved")
    named = [{"text": "a", "label": "yes", "more": ["x", "y"]}, {"text": "b", "label": None, "more": []}]
    assert [values for _, _, values in rows("a.parquet")] == named
    assert [values for _, _, values in rows("saved")] == named
    assert [values["label"] for _, _, values in rows("a.parquet", label_ids=True, label_names=["no", "yes"])] == [1, -1]


def test_the_format_option_reads_a_file_of_another_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / write_table("a.parquet")).rename("rows.bin")
    assert len(rows("rows.bin", format="parquet")) == 3


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "its metadata of class names can not be used: not valid JSON"),
        ("[]", "expected an object, found a list"),
        ('{"info": 5}', "info: expected an object, found a number"),
        ("[" * 100_000, "nested deeper than 100 levels"),
        ('{"info": {"features": {"label": {"_type": "ClassLabel", "names": ["a"]}}}}', "1 is not the number of one of"),
    ],
)
def test_metadata_of_somebody_else(tmp_path, monkeypatch, content, told):
    monkeypatch.chdir(tmp_path)
    assert told in message(write_table("a.parquet", TABLE.replace_schema_metadata({"huggingface": content})))


def test_features_without_names_are_plain_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = '{"info": {"features": {"label": {"_type": "ClassLabel", "names": 5}, "text": []}}}'
    file = write_table("a.parquet", TABLE.replace_schema_metadata({"huggingface": content}))
    assert [values["label"] for _, _, values in rows(file)] == [1, 0, -1]


def test_offsets_that_lead_out_of_a_file(tmp_path) -> None:
    """pyarrow itself would read foreign memory, or end in a SystemError."""
    file = tmp_path / "rows.arrow"
    table = pa.table({"text": ["the cat", "a dog", "good bye"]})
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    content = file.read_bytes()
    offsets, wrong = (b"".join(n.to_bytes(4, "little") for n in (0, 7, at, 20)) for at in (12, 2**22))
    assert content.count(offsets) == 1
    file.write_bytes(content.replace(offsets, wrong))
    assert "can not be read as arrow" in message(str(file))


def test_a_date_beyond_all_years(tmp_path: Path) -> None:
    table = pa.table({"text": ["a"], "d": pa.array([400_000_000], pa.int32()).cast(pa.date32())})
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match="can not be read as parquet"):
        list(read_records([str(tmp_path / "a.parquet")], DataBlock()))
