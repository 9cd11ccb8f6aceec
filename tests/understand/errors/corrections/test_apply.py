"""Corrections in each format: what is corrected changes, and not a byte besides; and all that is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bertkit.errors import BertkitError, DataError, RecipeError
from bertkit.understand.errors.corrections.apply import apply
from tests.understand.errors.corrections.filled import fill, line

CSV = (
    'id,text,label,note\r\n1,where is it,delivery,"a ""quoted"" note"\r\n2,"two\r\nlines, here",refund,\r\n'
    "\r\n3,hello,other,x\r\n"
)
LABELS = {"labels": ["delivery", "refund", "other"]}


def done(folder: Path, name: str, content: str | bytes, lines: list, task: str = "classify", **about: Any) -> str:
    """The data file with its corrections."""
    data = folder / name
    data.write_bytes(content.encode() if isinstance(content, str) else content)
    apply(fill(folder / "f", lines, task, **about), str(data), folder / f"new-{name}")
    assert data.read_bytes() == (content.encode() if isinstance(content, str) else content)
    return (folder / f"new-{name}").read_bytes().decode()


def test_csv_line_by_line(tmp_path: Path) -> None:
    lines = [
        line("a.csv:3", "two lines, here", "refund", "other"), line("a.csv:6", "hello", "other", "Refund"),
        line("a.csv:2", "where is it", "delivery", "delivery"),
    ]  # fmt: skip
    found = done(tmp_path, "a.csv", CSV, lines, **LABELS)
    assert found == CSV.replace('here",refund', 'here",other').replace("hello,other", "hello,refund")


def test_rows_are_taken_out(tmp_path: Path) -> None:
    lines = [line("a.csv:3", "two lines, here", "refund", "<remove>", kinds="leak")]
    found = done(tmp_path, "a.csv", CSV, lines, **LABELS)
    assert found == CSV.replace('2,"two\r\nlines, here",refund,\r\n', "")


def test_a_mark_of_bytes_and_other_encodings_stay(tmp_path: Path) -> None:
    lines = [line("a.csv:2", "wo ist es", "b", "a")]
    text = "text,label\nwo ist es,b\nschön,a\n"
    assert done(tmp_path, "a.csv", b"\xef\xbb\xbf" + text.encode(), lines) == "\ufeff" + text.replace("es,b", "es,a")
    block = {"encoding": "latin-1"}
    data = tmp_path / "l.csv"
    data.write_bytes(text.encode("latin-1"))
    apply(fill(tmp_path / "f", [line("l.csv:2", "wo ist es", "b", "a")], block=block), str(data), tmp_path / "n.csv")
    assert (tmp_path / "n.csv").read_bytes() == text.replace("es,b", "es,a").encode("latin-1")


@pytest.mark.parametrize(
    ("name", "content", "where", "block"),
    [
        ("a.tsv", 'x "y"\tb\nz\ta\n', ":1", {"header": ["text", "label"]}),
        ("a.csv", "sep=;\ntext;label\nx \"y\";b\nz;a\n".replace('x "y"', '"x ""y"""'), ":3", {}),
        ("a.csv", 'label,text\nb,"x ""y"""\na,z\n', ":2", {}),
        ("a.txt", 'x "y" ||| b\nz ||| a\n', ":1", {"delimiter": " ||| ", "header": ["text", "label"]}),
        ("a.jsonl", '{"text": "x \\"y\\"", "label": "b", "more": [1,  2]}\n{"text":"z","label":"a"}\n', ":1", {}),
    ],
)  # fmt: skip
def test_other_tables(tmp_path: Path, name: str, content: str, where: str, block: dict[str, Any]) -> None:
    lines = [line(f"{name}{where}", 'x "y"', "b", "a")]
    found = done(tmp_path, name, content, lines, block=block)
    assert found.count("a") == content.count("a") + 1
    before, after = content.splitlines(), found.splitlines()
    assert [old == new for old, new in zip(before, after, strict=True)].count(False) == 1


def test_columns_by_other_names_and_inside_of_objects(tmp_path: Path) -> None:
    rows = [{"doc": {"body": "x", "kind": "b"}}, {"doc": {"body": "z", "kind": "a"}}]
    content = "".join(json.dumps(row) + "\n" for row in rows)
    block = {"columns": {"text": "doc.body", "label": "doc.kind"}}
    found = done(tmp_path, "a.jsonl", content, [line("a.jsonl:1", "x", "b", "a")], block=block)
    assert json.loads(found.splitlines()[0]) == {"doc": {"body": "x", "kind": "a"}}


def test_numbers_of_labels(tmp_path: Path) -> None:
    block = {"label_ids": True, "label_names": ["a", "b"]}
    found = done(tmp_path, "a.csv", "text,label\nx,1\nz,0\n", [line("a.csv:2", "x", "b", "a")], block=block)
    assert found == "text,label\nx,0\nz,0\n"


def test_several_labels_in_columns_of_their_own(tmp_path: Path) -> None:
    content = "text,spam,rude\nx,1,0\nz,0,1\n"
    about = {"block": {"columns": {"label": ["spam", "rude"]}}, "options": {"multi_label": True}}
    lines = [line("a.csv:2", "x", '["spam"]', '["rude", "spam"]')]
    found = done(tmp_path, "a.csv", content, lines, labels=["rude", "spam"], **about)
    assert found == content.replace("x,1,0", "x,1,1")


def test_json_keeps_its_indentation(tmp_path: Path) -> None:
    rows = [{"text": "x", "label": "b"}, {"text": "北", "label": "a"}, {"text": "y", "label": "a"}]
    content = json.dumps(rows, indent=4, ensure_ascii=False) + "\n"
    lines = [line("a.json:2", "x", "b", "a"), line("a.json:6", "北", "a", "<remove>")]
    found = done(tmp_path, "a.json", content, lines)
    rows[0]["label"] = "a"
    assert found == json.dumps([rows[0], rows[2]], indent=4, ensure_ascii=False) + "\n"


SQUAD = {
    "version": "v2.0",
    "data": [
        {"title": "t", "paragraphs": [
            {"context": "sent on monday, back on friday", "qas": [
                {"id": "1", "question": "when sent?", "is_impossible": False,
                 "answers": [{"text": "friday", "answer_start": 24}]},
                {"id": "2", "question": "who?", "is_impossible": True, "answers": []},
            ]},
        ]},
    ],
}  # fmt: skip


def test_answers_of_squad(tmp_path: Path) -> None:
    lines = [
        line("a.json[id 1]", "when sent? | sent on monday, back on friday", "friday", "monday"),
        line("a.json[id 2]", "who? | sent on monday, back on friday", "[]", "friday"),
    ]
    found = json.loads(done(tmp_path, "a.json", json.dumps(SQUAD), lines, "squad"))
    first, second = found["data"][0]["paragraphs"][0]["qas"]
    assert first["answers"] == [{"text": "monday", "answer_start": 8}]
    assert second["answers"] == [{"text": "friday", "answer_start": 24}]
    assert second["is_impossible"] is False
    gone = [line("a.json[id 1]", "when sent? | sent on monday, back on friday", "friday", "[]")]
    first = json.loads(done(tmp_path, "a.json", json.dumps(SQUAD), gone, "squad"))["data"][0]["paragraphs"][0]["qas"][0]
    assert (first["answers"], first["is_impossible"]) == ([], True)


CONLL = "-DOCSTART- -X- O O\n\nAnna NN  x B-PER\nlives VB x O\nin IN x O\nNew NN x B-LOC\nYork NN x O\n\nok UH x O\n"
WORDS = "Anna lives in New York"


def test_tags_of_conll(tmp_path: Path) -> None:
    lines = [
        line("a.conll:3", WORDS, "B-LOC O", "LOC", "4-5"), line("a.conll:3", WORDS, "B-PER", "O", "1-1"),
        line("a.conll:9", "ok", "O", "O"),
    ]  # fmt: skip
    found = done(tmp_path, "a.conll", CONLL, lines, "ner", labels=["PER", "LOC"])
    assert found == CONLL.replace("x B-PER", "x O").replace("York NN x O", "York NN x I-LOC")


def test_tags_of_another_scheme_and_whole_rows(tmp_path: Path) -> None:
    content = "Anna\tS-PER\nBell\tO\nin\tO\nOslo\tS-LOC\n\nok\tO\n\n"
    found = done(tmp_path, "a.conll", content, [line("a.conll:1", "Anna Bell in Oslo", "B-PER O", "PER", "1-2")], "ner")
    assert found == content.replace("Anna\tS-PER\nBell\tO", "Anna\tB-PER\nBell\tE-PER")
    whole = [line("a.conll:1", "Anna Bell in Oslo", "B-PER O O B-LOC", "O")]
    found = done(tmp_path, "a.conll", content.replace("ok\tO", "ok\tS-LOC"), whole, "ner")
    assert found.count("\tO") == 4
    gone = [line("a.conll:1", "Anna Bell in Oslo", "B-PER O O B-LOC", "<remove>")]
    assert done(tmp_path, "a.conll", content.replace("ok\tO", "ok\tS-LOC"), gone, "ner") == "ok\tS-LOC\n\n"


def test_entities_of_a_text(tmp_path: Path) -> None:
    rows = [
        {"text": "Anna lives in New York.", "spans": [[0, 4, "LOC"], [14, 17, "LOC"]]},
        {"text": "Hello Anna", "spans": [[6, 10, "PER"]]},
    ]
    lines = [line("a.jsonl:1", rows[0]["text"], "B-LOC", "PER", "1-1"),
             line("a.jsonl:1", rows[0]["text"], "B-LOC O", "B-LOC I-LOC", "4-5")]  # fmt: skip
    content = "".join(json.dumps(row) + "\n" for row in rows)
    found = done(tmp_path, "a.jsonl", content, lines, "ner", labels=["PER", "LOC"])
    assert json.loads(found.splitlines()[0])["spans"] == [[0, 4, "PER"], [14, 22, "LOC"]]


def test_choices_and_numbers(tmp_path: Path) -> None:
    content = json.dumps({"text": "t", "choices": ["x", "y"], "label": "x"}) + "\n"
    found = done(tmp_path, "a.jsonl", content * 2, [line("a.jsonl:2", "t | x y", "0", "1")], "choice")
    assert [json.loads(row)["label"] for row in found.splitlines()] == ["x", "y"]
    content = "text;score\nx;2,5\ny;3\n"
    lines = [line("b.csv:2", "x", "2.5", "4")]
    found = done(tmp_path, "b.csv", content, lines, "regress", block={"decimal": ",", "delimiter": ";"})
    assert found == content.replace("2,5", "4")


def test_counts_and_the_precision_that_the_list_had(tmp_path: Path) -> None:
    data = tmp_path / "a.csv"
    data.write_text("text,label\n" + "".join(f"t{n},a\n" for n in range(8)) + "u,b\n")
    lines = [line(f"a.csv:{n + 2}", f"t{n}", "a", "b" if n < 3 else "a") for n in range(4)]
    lines += [line("a.csv:8", "t6", "a", ""), line("a.csv:9", "t7", "a", "<remove>", kinds="leak")]
    lines += [line("other.csv:2", "x", "a", "b")]
    found = apply(fill(tmp_path / "f", lines), str(data), tmp_path / "new.csv")
    assert (found.changed, found.removed, found.right, found.left, found.others) == (3, 1, 1, 1, 1)
    assert (found.looked_at, found.wrong) == (5, 4)
    assert found.precision is not None
    assert found.precision[0] == 0.8
    assert found.precision[1][0] < 0.8 < found.precision[1][1]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([line("a.csv:3", "another text", "refund", "other")], "a.csv:3: the row has another text now"),
        ([line("a.csv:4", "hello", "other", "refund")], "a.csv:4: the file has no such row"),
        ([line("a.csv:2", "where is it", "refund", "other")], "the answer is 'delivery' now, not the given one"),
        ([line("a.csv:2", "where is it", "delivery", "refnd")], "'refnd' is no label of the data; did you mean refund"),
        ([line("a.csv:2", "where is it", "delivery", "other"), line("a.csv:2", "where is it", "delivery", "refund")],
         "corrected twice, in different ways"),
        ([line("b.csv:2", "where is it", "delivery", "other")], "the corrections are of b"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, lines: list, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(CSV.encode())
    with pytest.raises(DataError, match=message):
        apply(fill(tmp_path / "f", lines, **LABELS), str(tmp_path / "a.csv"), tmp_path / "new.csv")
    assert not (tmp_path / "new.csv").exists()


def test_one_bad_line_stops_all_and_all_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV.encode())
    lines = [line("a.csv:2", "where is it", "delivery", "x"), line("a.csv:3", "no", "refund", "other"),
             line("a.csv:6", "hello", "other", "refund")]  # fmt: skip
    with pytest.raises(DataError) as caught:
        apply(fill(tmp_path / "f", lines, **LABELS), str(tmp_path / "a.csv"), tmp_path / "new.csv")
    assert len(caught.value.problems) == 2


def test_formats_that_can_not_be_written(tmp_path: Path) -> None:
    file = tmp_path / "a.csv.gz"
    import gzip

    file.write_bytes(gzip.compress(b"text,label\nx,b\nz,a\n"))
    with pytest.raises(DataError, match="can not be written into csv files like this"):
        apply(fill(tmp_path / "f", [line("a.csv.gz:2", "x", "b", "a")]), str(file), tmp_path / "new.csv")


def test_what_would_read_in_another_way_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertkit.understand.errors.corrections import apply as module

    (tmp_path / "a.csv").write_bytes(CSV.encode())
    lines = [line("a.csv:2", "where is it", "delivery", "other")]
    monkeypatch.setattr(module, "changed", lambda *_: CSV.replace("hello", "hullo").encode())
    with pytest.raises(DataError, match="would read as"):
        apply(fill(tmp_path / "f", lines, **LABELS), str(tmp_path / "a.csv"), tmp_path / "new.csv")
    monkeypatch.setattr(module, "changed", lambda *_: CSV.rpartition("3,")[0].encode())
    with pytest.raises(DataError, match="would have 2 rows, not 3"):
        apply(fill(tmp_path / "f", lines, **LABELS), str(tmp_path / "a.csv"), tmp_path / "new.csv")
    assert not (tmp_path / "new.csv").exists()


def test_without_errors_json_the_task_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV.encode())
    file = fill(tmp_path / "f", [line("a.csv:2", "where is it", "delivery", "other")])
    (file.parent / "errors.json").unlink()
    with pytest.raises(RecipeError, match=r"no errors\.json beside the corrections"):
        apply(file, str(tmp_path / "a.csv"), tmp_path / "new.csv")
    apply(file, str(tmp_path / "a.csv"), tmp_path / "new.csv", task="classify")
    assert "where is it,other" in (tmp_path / "new.csv").read_text()


def test_the_data_file_itself_may_be_written(tmp_path: Path) -> None:
    data = tmp_path / "a.csv"
    data.write_bytes(CSV.encode())
    file = fill(tmp_path / "f", [line("a.csv:2", "where is it", "delivery", "other")], **LABELS)
    with pytest.raises(DataError, match="is the data file itself"):
        apply(file, str(tmp_path / "*.csv"), data)
    with pytest.raises(DataError, match="not the name of one plain file"):
        apply(file, str(tmp_path / "*.csv"), None)
    apply(file, str(data), None)
    assert data.read_bytes() == CSV.replace("it,delivery", "it,other").encode()
    with pytest.raises(BertkitError, match="the answer is 'other' now"):
        apply(file, str(data), None)


def test_names_of_a_label_map_are_written_as_the_file_has_them(tmp_path: Path) -> None:
    block = {"label_map": {"0": "bad", "1": "good"}}
    found = done(tmp_path, "a.jsonl", '{"text": "x", "label": 1}\n{"text": "z", "label": 0}\n',
                 [line("a.jsonl:1", "x", "good", "bad")], block=block)  # fmt: skip
    assert found.splitlines()[0] == '{"text": "x", "label": 0}'
    block = {"label_map": {"person": "PER", "place": "LOC"}}
    content = "Anna B-person\nin O\nOslo B-person\n\nok B-place\n"
    found = done(
        tmp_path, "a.conll", content, [line("a.conll:1", "Anna in Oslo", "B-PER", "LOC", "3 to 3")], "ner", block=block
    )
    assert found == content.replace("Oslo B-person", "Oslo B-place")


def test_numbers_of_tags_in_conll(tmp_path: Path) -> None:
    block = {"label_ids": True, "label_names": ["O", "B-PER", "I-PER"]}
    content = "Anna 1\nBell 0\n\nok 0\n"
    found = done(tmp_path, "a.conll", content, [line("a.conll:1", "Anna Bell", "B-PER O", "PER")], "ner", block=block)
    assert found == content.replace("Bell 0", "Bell 2")


def test_a_value_inside_of_an_object_keeps_its_type(tmp_path: Path) -> None:
    content = '{"doc": {"body": "x", "kind": 1}}\n{"doc": {"body": "z", "kind": 0}}\n'
    block = {"columns": {"text": "doc.body", "label": "doc.kind"}}
    found = done(tmp_path, "a.jsonl", content, [line("a.jsonl:1", "x", "1", "0")], block=block)
    assert json.loads(found.splitlines()[0])["doc"]["kind"] == 0


def test_entities_by_mention_are_refused(tmp_path: Path) -> None:
    row = {"text": "Anna lives", "label": {"PER": {"Anna": [[0, 3]]}}}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    block = {"columns": {"spans": "label"}}
    file = fill(tmp_path / "f", [line("a.jsonl:1", "Anna lives", "B-PER", "O", "1 to 1")], "ner", block=block)
    with pytest.raises(DataError, match="entities by label and mention"):
        apply(file, str(tmp_path / "a.jsonl"), tmp_path / "new.jsonl")


@pytest.mark.parametrize(
    ("task", "row", "text", "given", "corrected"),
    [
        ("ner", {"tokens": ["Anna", "Bell"], "tags": ["B-PER", "I-PER"]}, "Anna Bell", "B-PER I-PER", "PER"),
        ("classify", {"text": "x", "label": "Refund"}, "x", "Refund", "refund"),
        ("regress", {"text": "x", "score": 3.0}, "x", "3", "3.0"),
        ("choice", {"text": "x", "choices": ["a", "b"], "label": 1}, "x | a b", "1", "b"),
    ],
)
def test_the_same_answer_in_other_words_is_right(
    tmp_path: Path, task: str, row: dict[str, Any], text: str, given: str, corrected: str
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    file = fill(tmp_path / "f", [line("a.jsonl:1", text, given, corrected)], task)
    found = apply(file, str(tmp_path / "a.jsonl"), tmp_path / "new.jsonl")
    assert (found.right, found.changed, found.looked_at, found.wrong) == (1, 0, 1, 0)


def test_a_row_that_is_taken_out_is_no_wrong_label_and_may_be_taken_out_twice(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nx,a\ny,b\n")
    lines = [line("a.csv:2", "x", "a", "<remove>"), line("a.csv:2", "x", "a", "<remove>", kinds="leak")]
    found = apply(fill(tmp_path / "f", lines), str(tmp_path / "a.csv"), tmp_path / "new.csv")
    assert (found.removed, found.looked_at, found.wrong) == (1, 0, 0)
