from __future__ import annotations

import pytest

from tests.data.read.annotations.reading import message, records, values
from tests.helpers import warnings

HEAD = "#FORMAT=WebAnno TSV 3.3\n"
NER = "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|value\n\n\n"


def export(write, *lines: str, layers: str = NER) -> str:
    return write("a.tsv", HEAD + layers + "".join(line.replace(" ; ", "\t") + "\n" for line in lines))


def test_a_sentence_is_a_row_with_its_line(write):
    path = export(write, "#Text=Mara", "1-1 ; 0-4 ; Mara ; PER ; ", "", "#Sentence.id=s2", "#Text=flew",
        "2-1 ; 5-9 ; flew ; _ ; ")  # fmt: skip
    (first, second) = records(path)
    assert (first.place, first.number, second.place, second.number) == ("a.tsv:5", 1, "a.tsv:9", 2)
    assert first.values["spans"] == first.values["NamedEntity.value"] == [{"start": 0, "end": 4, "label": "PER"}]
    assert second.values == {"text": "flew", "spans": [], "NamedEntity.value": []}


def test_stacked_annotations_and_two_side_by_side(write):
    path = export(write, "#Text=New York Oslo", "1-1 ; 0-3 ; New ; LOC[1]|ORG[2]", "1-2 ; 4-8 ; York ; LOC[1]|X[3]",
        "1-3 ; 9-13 ; Oslo ; LOC")  # fmt: skip
    (row,) = values(path)
    assert [(one["label"], one["start"], one["end"]) for one in row["spans"]] == [
        ("LOC", 0, 8),
        ("ORG", 0, 3),
        ("X", 4, 8),
        ("LOC", 9, 13),
    ]


def test_reserved_characters_are_escaped(write):
    path = export(write, "#Text=a|b_c \\\\ [d]", "1-1 ; 0-5 ; a|b_c ; x\\|y\\_z\\->w\\[1\\][4]", "1-2 ; 6-7 ; \\ ; _",
        "1-3 ; 8-11 ; \\[d\\] ; \\*")  # fmt: skip
    (row,) = values(path)
    assert row["text"] == "a|b_c \\ [d]"
    assert [one["label"] for one in row["spans"]] == ["x|y_z->w[1]", "*"]


def test_an_annotation_over_two_sentences_is_divided(write, caplog):
    path = export(write, "#Text=New", "1-1 ; 0-3 ; New ; LOC[1]", "", "#Text=York", "2-1 ; 4-8 ; York ; LOC[1]")
    assert [len(row["spans"]) for row in values(path)] == [1, 1]
    assert warnings(caplog) == ["annotations that go on in the next sentence, divided there: 1 (a.tsv:8)"]


def test_slots_and_chains_are_not_read_and_layers_without_features_are_types(write, caplog):
    layers = (
        "#T_SP=webanno.custom.Frame|ROLE_webanno.custom.Frame:Roles_webanno.custom.Link|webanno.custom.Lu|kind\n"
        "#T_SP=webanno.custom.Person|\n#T_CH=webanno.custom.Coref|referenceType|referenceRelation\n\n\n"
    )
    line = "1-1 ; 0-4 ; Mara ; seller\\;x ; 1-1 ; sale ; * ; pr[1] ; coref->1-1 ; "
    (row,) = values(export(write, "#Text=Mara", line, layers=layers))
    mara = {"start": 0, "end": 4}
    assert row == {
        "text": "Mara",
        "Frame.kind": [{**mara, "label": "sale"}],
        "Person": [{**mara, "label": "Person"}],
    }
    assert warnings(caplog) == ["layers of chains of WebAnno's (Coref), not read: 1 (a.tsv)"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("1-2 ; 5-9 ; flew ; _ ; _ ; ", "not a token of WebAnno's: 2 columns, the header names 1"),
        ("1-2 ; five ; flew ; _", "not a token of WebAnno's: '1-2"),
        ("1-2 ; 4-8 ; flew ; _", "a token that is not at its place: 'flew' at 4 to 8"),
        ("1-2 ; 5-99 ; flew ; _", "a token that is not at its place"),
    ],
)
def test_malformed_lines(write, line, what):
    path = export(write, "#Text=Mara flew", "1-1 ; 0-4 ; Mara ; _", line)
    assert message(path).startswith("a.tsv:7  ") and what in message(path)


def test_another_file_by_its_name(write):
    path = write("a.tsv", "text\tlabel\na\tb\n")
    assert values(path) == [{"text": "a", "label": "b"}]
    assert message(path, format="webanno") == (
        "a.tsv:1  does not begin with #FORMAT=WebAnno TSV 3; export it as WebAnno TSV 3 (ctsv3)"
    )
