from __future__ import annotations

import gzip
from typing import Any

import pytest

from bertkit.data.columns.column import Column
from bertkit.data.dataset import load
from bertkit.data.read.readers import read_records
from bertkit.data.read.rows import word_place
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

NER = (
    Column("tokens", "words", required=False),
    Column("tags", "tags", answer=True, required=False),
    Column("text", "text", required=False),
    Column("spans", "spans", answer=True, required=False),
)

TWO = "EU\tB-ORG\nrejects\tO\n\nPeter\tB-PER\n"


def rows(path: str, *, answers: bool = True, **options: Any) -> list[dict[str, Any]]:
    return load([path], NER, DataBlock(**options), answers=answers).to_list()


def message(path: str, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        rows(path, **options)
    return str(caught.value)


def sentences(path: str, **options: Any) -> list[str]:
    """`word/tag word/tag` for each sentence."""
    return [" ".join(map("/".join, zip(row["tokens"], row["tags"], strict=True))) for row in rows(path, **options)]


def values(path: str, **options: Any) -> list[dict[str, Any]]:
    return [record.values for record in read_records([path], DataBlock(**options))]


def test_a_sentence_is_a_row(write):
    assert rows(write("a.conll", TWO)) == [
        {"tokens": ["EU", "rejects"], "tags": ["B-ORG", "O"], "row": 1, "place": "a.conll:1", "lines": [1, 2]},
        {"tokens": ["Peter"], "tags": ["B-PER"], "row": 2, "place": "a.conll:4", "lines": [4]},
    ]


FOUND = ["EU/B-ORG rejects/O", "Peter/B-PER"]


@pytest.mark.parametrize(
    "content",
    [
        TWO.replace("\t", " "),
        TWO.replace("\t", "   "),
        TWO.replace("\t", " ").replace("\n", " \n"),
        TWO.replace("\n", "\r\n"),
        TWO.rstrip("\n"),
        f"\n\n{TWO}\n\n\n",
        TWO.replace("\n\n", "\n\t\n"),
        TWO.replace("\n\n", "\n  \n\n"),
        TWO.replace("\t", " ").replace("\n\n", "\n\t\n"),
        f"\ufeff{TWO}",
        TWO.replace("\n", "\r"),
    ],
)
def test_what_parts_columns_and_sentences(write, content, caplog):
    assert sentences(write("a.conll", content)) == FOUND
    assert not caplog.messages


def test_any_ending_may_be_read_as_conll(write):
    assert sentences(write("a.train", TWO), format="conll") == FOUND
    assert sentences(write("a.bio.gz", gzip.compress(TWO.encode()))) == FOUND
    assert sentences(write("a.bmes", TWO.encode("utf-16")), encoding="utf-16") == FOUND


def test_columns_by_number(write, caplog):
    caplog.set_level("INFO")
    path = write("a.conll", "EU NNP I-NP B-ORG\nsaid VBD I-VP O\n")
    assert values(path) == [
        {"tokens": ["EU", "said"], "2": ["NNP", "VBD"], "3": ["I-NP", "I-VP"], "tags": ["B-ORG", "O"]}
    ]
    assert sentences(path) == ["EU/B-ORG said/O"]
    assert sentences(path, columns={"tags": "2"}) == ["EU/NNP said/VBD"]
    assert sentences(path, columns={"tags": "4", "tokens": "1"}) == ["EU/B-ORG said/O"]
    assert caplog.messages == [
        "a.conll: columns not used: 2, 3",
        "a.conll: columns not used: 3, 4",
        "a.conll: columns not used: 2, 3",
    ]


def test_a_column_that_is_not_there(write):
    assert message(write("a.conll", TWO), columns={"tags": "3"}).startswith(
        "a.conll  no column '3' for tags; the columns here: tokens, 2; name the one that holds it: --set"
    )


def test_columns_by_names_of_the_users(write):
    path = write("a.conll", "EU NNP B-ORG\n")
    assert values(path, header=["word", "pos", "ner"]) == [{"tokens": ["EU"], "pos": ["NNP"], "tags": ["B-ORG"]}]
    assert sentences(path, header=["word", "tags", "ner"]) == ["EU/NNP"]
    assert sentences(path, header=["word", "pos", "ner"], columns={"tokens": "word", "tags": "pos"}) == ["EU/NNP"]


GERMEVAL = """\
#\thttp://de.wikipedia.org/wiki/Manfred_Korfmann\t[2009-10-17]
1\tAufgrund\tO\tO
2\tKorfmann\tB-PER\tO

#\tn-tv.de vom 26.02.2005\t[2005-02-26]
1\t#\tO\tO
2\tneu\tO\tO
"""


def test_comments_and_token_numbers_of_germeval(write, caplog):
    caplog.set_level("INFO")
    found = rows(write("a.tsv", GERMEVAL), format="conll", columns={"tokens": "2", "tags": "3"})
    assert [(row["place"], row["tokens"], row["lines"]) for row in found] == [
        ("a.tsv:2", ["Aufgrund", "Korfmann"], [2, 3]),
        ("a.tsv:6", ["#", "neu"], [6, 7]),
    ]
    assert "a.tsv: comment lines skipped: 2" in caplog.messages


@pytest.mark.parametrize(
    ("tab", "comment"),
    [
        ("\t", "#\thttp://example.org/1\t[2009-10-17]\t"),
        ("\t", "#\thttp://example.org/1\t[2009-10-17]\tnone"),
        (" ", "# a text b"),
    ],
)
def test_a_comment_has_no_number_where_all_words_have_one(write, caplog, tab, comment):
    caplog.set_level("INFO")
    lines = [comment, "1 Der O O", "2 HSV B-ORG B-LOC", "", comment, "1 # O O", "2 neu O O", ""]
    path = write("a.tsv", "\n".join(line if line == comment else line.replace(" ", tab) for line in lines))
    assert sentences(path, format="conll", header=["n", "tokens", "tags", "inner"]) == ["Der/O HSV/B-ORG", "#/O neu/O"]
    assert "a.tsv: comment lines skipped: 2" in caplog.messages


def test_a_comment_with_nothing_in_its_last_column(write):
    assert sentences(write("a.conll", "#\t2009\t\nEU\tNNP\tB-ORG\nrejects\tV\tO\n")) == ["EU/B-ORG rejects/O"]


def test_empty_columns_beyond_the_last_are_no_columns(write):
    assert sentences(write("a.conll", TWO.replace("rejects\tO", "rejects\tO\t\t"))) == FOUND


@pytest.mark.parametrize("comment", ["# text = EU rejects", "# id 7f\tdomain=en", "#", "# a b\n# c d e f"])
def test_other_comments_before_a_sentence(write, comment):
    assert sentences(write("a.conll", f"{comment}\nEU B-ORG\nrejects O\n\n{comment}\nPeter B-PER\n")) == FOUND


def test_comments_of_multiconer_have_as_many_fields_as_words(write):
    path = write("a.conll", "# id 5c\tdomain=en\nEU _ _ B-ORG\nis _ _ O\n\n# id 5d\tdomain=en\n# = _ O\n")
    assert sentences(path) == ["EU/B-ORG is/O", "#/O"]


def test_a_sentence_may_begin_with_a_hash(write):
    assert sentences(write("a.conll", "#\tO\nfail\tO\n\n#fail\tO\n")) == ["#/O fail/O", "#fail/O"]
    assert sentences(write("a.conll", "# O\n\n# O\n")) == ["#/O", "#/O"]


def test_documents(write):
    path = write(
        "a.conll", "-DOCSTART- -X- O O\n\nEU NNP I-NP B-ORG\n-DOCSTART- -X-\n\n-DOCSTART-\na b c O\n\nd e f O\n"
    )
    assert [(record["tokens"], record["document"]) for record in values(path)] == [(["EU"], 1), (["a"], 2), (["d"], 2)]
    assert "document" not in values(write("b.conll", TWO))[0]


def test_a_word_may_hold_a_space_where_tabs_part_the_columns(write):
    assert sentences(write("a.conll", "New York\tB-LOC\n\u3000x\tO\n")) == ["New York/B-LOC \u3000x/O"]


def test_only_spaces_part_columns(write):
    assert sentences(write("a.conll", "10\xa0km O\na\u2028b\x85 O\n")) == ["10\xa0km/O a\u2028b\x85/O"]


def test_rows_to_predict_need_no_tags(write):
    own = {"row": 1, "place": "a.conll:1", "lines": [1, 2]}
    assert rows(write("a.conll", "EU\nrejects\n"), answers=False) == [{"tokens": ["EU", "rejects"], **own}]
    assert rows(write("a.conll", "EU X\nrejects O\n"), answers=False) == [{"tokens": ["EU", "rejects"], **own}]


GLUED = "科0 O\n技1 O\n全0 O\n\np0 B-X\n21 O\n"


def test_glued_digits_are_warned_of_and_taken_off(write, caplog):
    path = write("a.conll", GLUED)
    assert sentences(path)[1] == "p0/B-X 21/O"
    (warning,) = caplog.messages
    assert warning.endswith("in a segmented word; data.glued_digits=true removes the digits")
    caplog.clear()
    assert sentences(path, glued_digits=True) == ["科/O 技/O 全/O", "p/B-X 2/O"]
    assert not caplog.messages


def test_glued_digits_count_beyond_nine(write):
    words = ["a0", "b1", "c2", "d3", "e4", "f5", "g6", "h7", "i8", "39", "s10", "111", "x0"]
    path = write("a.conll", "".join(f"{word} O\n" for word in words))
    (row,) = rows(path, glued_digits=True)
    assert row["tokens"] == list("abcdefghi3s1x")


def test_glued_digits_that_do_not_count_up(write, caplog):
    path = write("a.conll", "超0 O\n越2 O\n")
    assert sentences(path, glued_digits=True) == ["超/O 越/O"]
    assert caplog.messages == ["glued digits that do not count up, the last one removed: 1 (a.conll:2)"]


def test_glued_digits_of_another_column(write):
    path = write("a.conll", "x 科0 O\nx 技1 O\n")
    assert sentences(path, glued_digits=True, columns={"tokens": "2"}) == ["科/O 技/O"]


@pytest.mark.parametrize(
    "content", ["covid19 O\n", "2019 O\n2020 O\n", "a0 O\nb O\n", "1 O\n2 O\n3 O\n", "A1 O\nB7 O\n"]
)
def test_words_that_end_in_digits_for_another_reason(write, caplog, content):
    sentences(write("a.conll", content))
    assert not caplog.messages


BAD = {
    "a word with a space": (
        "EU B-ORG\n\nNew York B-LOC\nis O\n",
        "a.conll:3  wrong number of columns: 3, most lines "
        "of the file have 2; if a word here holds a space, separate the columns of all lines by tabs",
    ),
    "a tag is missing": (
        "EU\tB-ORG\nrejects\n",
        "a.conll:2  wrong number of columns: 1, most lines of the file have 2; "
        "a line is a word and its columns; an empty line ends a sentence",
    ),
    "an empty tag": (
        "EU\tB-ORG\nrejects\t\n",
        "a.conll:2  tags holds an empty tag: that of word 2; a word outside of all entities",
    ),
    "an empty word": ("EU\tB-ORG\n\tO\n", "a.conll:2  tokens holds an empty word: word 2 is ''; every word needs"),
    "a blank word": (
        "EU O\na O\n\u3000 O\n",
        "a.conll:3  tokens holds an empty word: word 3 is '\\u3000'; every word needs",
    ),
    "one line with a TAB": (
        "EU O\na O\nb\tO\n",
        "a.conll:3  this line has a tab, but "
        "most lines have none; separate the columns of all lines by tabs, or of all by spaces",
    ),
    "a hash inside a sentence": ("EU O\na O\n# a comment\n", "a.conll:3  wrong number of columns: 3"),
    "nothing but comments": ("# a\n# b c\n\n-DOCSTART- O\n", "a.conll:2  wrong number of columns: 3, most lines"),
    "empty": ("\n\t\n", "a.conll  no rows; is this the right file?"),
    "another encoding": (
        "Köln B-LOC\n".encode("latin-1"),
        "a.conll:1  is not valid utf-8: the byte 0xF6; the whole file is valid cp1252",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files(write, name):
    content, expected = BAD[name]
    assert message(write("a.conll", content)).startswith(expected)


BAD_OPTIONS = [
    (
        TWO,
        {"header": ["a", "b", "c"]},
        "a.conll  data.header names 3 columns, most lines have 2; name 2: --set 'data.header=[a,b]'",
    ),
    (TWO, {"header": ["a", "a"]}, "data.header  the name 'a' is empty or occurs twice"),
    (TWO, {"glued_digits": True}, "a.conll:1  no digit is glued to this word: 'EU'; data.glued_digits is for files in"),
    (
        "a O\n" * 9,
        {"max_characters": 8},
        "a.conll:1  tokens is too long: 9 characters, data.max_characters is 8; "
        "are the empty lines between sentences missing?",
    ),
    (TWO, {"columns": {"tokens": "word"}}, "a.conll  no column 'word' for tokens; the columns here: 1, tags"),
]


@pytest.mark.parametrize(("content", "options", "expected"), BAD_OPTIONS)
def test_options_that_do_not_fit(write, content, options, expected):
    assert message(write("a.conll", content), **options).startswith(expected)


def test_bad_sentences_are_left_out_whole_and_counted_once(write, caplog):
    path = write("a.conll", "EU O\na b O\nc d O\n\nfine O\n\na b c O\n")
    assert sentences(path, bad_rows="skip") == ["fine/O"]
    assert caplog.messages == ["rows left out, wrong number of columns: 2 (a.conll:2, a.conll:7)"]


def test_the_place_of_a_word():
    assert word_place("a.conll:4", [4, 5], 1) == "a.conll:5"
    assert word_place("a.jsonl:4", None, 1) == word_place("a.jsonl:4", [4, 5], None) == "a.jsonl:4"
