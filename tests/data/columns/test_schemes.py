"""Schemes: what they are told by, what breaks them, and that entities survive every conversion."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertkit.data.columns.schemes import (
    PREFIXES,
    Span,
    allowed,
    as_iob2,
    broken,
    check_tag,
    convert,
    find_broken,
    find_scheme,
    repair,
    scheme_of_tags,
    spans,
)
from bertkit.errors import DataError

ENTITIES = [Span(0, 2, "PER"), Span(2, 3, "PER"), Span(4, 5, "B-LOC"), Span(5, 8, "ORG")]
WRITTEN = {
    "IOB1": "I-PER I-PER B-PER O I-B-LOC I-ORG I-ORG I-ORG",
    "IOB2": "B-PER I-PER B-PER O B-B-LOC B-ORG I-ORG I-ORG",
    "BIOES": "B-PER E-PER S-PER O S-B-LOC B-ORG I-ORG E-ORG",
    "BILOU": "B-PER L-PER U-PER O U-B-LOC B-ORG I-ORG L-ORG",
    "BMES": "B-PER E-PER S-PER O S-B-LOC B-ORG M-ORG E-ORG",
}
few = settings(max_examples=150, deadline=None)


@st.composite
def sequences(draw, scheme=None):
    """Tags of a scheme in any order, most of them broken."""
    scheme = scheme or draw(st.sampled_from([*PREFIXES]))
    tags = ["O", *(f"{prefix}-{type_}" for prefix in PREFIXES[scheme] for type_ in ("A", "B-C"))]
    return draw(st.lists(st.sampled_from(tags), max_size=9)), scheme


@pytest.mark.parametrize("scheme", WRITTEN)
def test_written_and_read(scheme):
    tags = WRITTEN[scheme].split()
    assert broken(tags, scheme) == []
    assert spans(tags, scheme) == ENTITIES
    assert find_scheme([tags]) == scheme
    for other, text in WRITTEN.items():
        assert convert(tags, scheme, other) == text.split()


@few
@given(sequences(), st.sampled_from([*PREFIXES]))
def test_round_trip(drawn, other):
    tags, scheme = drawn
    valid, _ = repair(tags, scheme)
    found = spans(valid, scheme)
    meeting = any(a.end == b.first and a.type == b.type for a, b in pairwise(found))
    if other == "IO" and meeting:
        with pytest.raises(DataError, match="IO can not separate them"):
            convert(valid, scheme, other)
        return
    there = convert(valid, scheme, other)
    assert broken(there, other) == []
    assert spans(there, other) == found
    assert convert(there, other, scheme) == valid


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("O O", "IOB2"),
        ("", "IOB2"),
        ("I-A O I-B", "IO"),
        ("B-A O B-A", "IOB2"),
        ("B-A I-A O I-A", "IOB2"),  # breaks both: IOB1 at its B, IOB2 at its last I
        ("I-A I-A O I-A B-A", "IOB1"),
        ("S-A O", "BIOES"),
        ("B-A E-A", "BIOES"),
        ("U-A", "BILOU"),
        ("B-A M-A E-A", "BMES"),
    ],
)
def test_find_scheme(tags, scheme):
    assert find_scheme([tags.split()]) == scheme


def test_a_few_wrong_tags_do_not_hide_the_scheme():
    sentences = [["B-A", "I-A"]] * 5 + [["O", "I-A"], ["I-A"]]
    assert find_scheme(sentences) == "IOB2"
    assert find_broken(sentences, "IOB2") == {5: [1], 6: [0]}
    assert find_broken(sentences[:5], "IOB2") == {}


def test_sentences_do_not_touch():
    assert find_broken([["B-A"], ["I-A"]], "IOB2") == {1: [0]}
    assert find_broken([["B-A"], ["E-A"]], "BIOES") == {0: [0], 1: [0]}


def test_prefixes_that_no_scheme_has_together():
    with pytest.raises(DataError, match=r"no scheme has all the prefixes I, M; known: IO \(I\), IOB1 \(B, I\)"):
        find_scheme([["I-A", "M-A"]])


@pytest.mark.parametrize(
    ("tags", "scheme", "places"),
    [
        ("O I-A I-A", "IOB2", [1]),
        ("I-A", "IOB2", [0]),
        ("B-A I-B", "IOB2", [1]),
        ("B-A B-A", "IOB1", [0]),
        ("I-A B-A B-A", "IOB1", []),
        ("I-A B-B", "IOB1", [1]),
        ("I-A B-A", "IO", [1]),
        ("O E-A", "BIOES", [1]),
        ("B-A O", "BIOES", [0]),
        ("B-A I-B E-B", "BIOES", [0, 1]),  # not ended, and not begun
        ("S-A I-A E-A", "BIOES", [1]),
        ("B-A M-A", "BMES", [1]),  # M at the end
        ("B-A L-A", "BIOES", [1]),  # a tag of another scheme
        ("B-A S-A", "BIOES", [0]),
    ],
)
def test_broken(tags, scheme, places):
    assert broken(tags.split(), scheme) == places
    mended, changes = repair(tags.split(), scheme)
    assert broken(mended, scheme) == []
    assert bool(changes) == bool(places)


@pytest.mark.parametrize(
    ("tags", "scheme", "mended", "changes"),
    [
        ("O I-A I-A", "IOB2", "O B-A I-A", 1),
        ("B-A I-B I-B", "IOB2", "B-A B-B I-B", 1),
        ("B-A O B-A", "IOB1", "I-A O I-A", 2),
        ("O I-A I-A O", "BIOES", "O B-A E-A O", 2),
        ("B-A O", "BIOES", "S-A O", 1),
        ("B-A B-A E-A", "BIOES", "S-A B-A E-A", 1),  # as near as B I E, and starts where it started
        ("U-A O B-A", "BIOES", "S-A O S-A", 2),
        ("B-A I-A", "BMES", "B-A E-A", 1),
        ("E-A I-A", "IOB2", "B-A I-A", 1),
        ("B-A I-A", "IOB2", "B-A I-A", 0),
    ],
)
def test_repair(tags, scheme, mended, changes):
    assert repair(tags.split(), scheme) == (mended.split(), changes)


@few
@given(sequences(), st.sampled_from([*PREFIXES]))
def test_repair_is_the_nearest(drawn, scheme):
    tags = drawn[0][:6]
    mended, changes = repair(tags, scheme)
    assert broken(mended, scheme) == []
    assert changes == sum(a != b for a, b in zip(tags, mended, strict=True))
    choices = [["O"] if tag == "O" else [f"{p}-{tag[2:]}" for p in PREFIXES[scheme]] for tag in tags]
    valid = (way for way in product(*choices) if not broken(way, scheme))
    assert changes == min(sum(a != b for a, b in zip(tags, way, strict=True)) for way in valid)


@few
@given(sequences())
def test_allowed_is_what_does_not_break(drawn):
    tags, scheme = drawn
    labels = ["O", *(f"{prefix}-{type_}" for type_ in ("A", "B-C") for prefix in PREFIXES[scheme])]
    start, transition, end = allowed(labels, scheme)
    assert start.shape == end.shape == (len(labels),)
    assert transition.shape == (len(labels), len(labels))
    at = [labels.index(tag) for tag in tags]
    fits = not at or bool(start[at[0]] and end[at[-1]] and transition[at[:-1], at[1:]].all())
    assert fits == (broken(tags, scheme) == [])


def test_allowed_by_hand():
    start, transition, end = allowed(["O", "B-A", "I-A", "B-B"], "IOB2")
    assert start.tolist() == [True, True, False, True]
    assert transition[:, 2].tolist() == [False, True, True, False]
    assert transition[:, [0, 1, 3]].all()
    assert end.all()
    assert start.dtype == transition.dtype == end.dtype == np.bool_
    assert allowed(["O", "B-A", "E-A"], "BIOES")[2].tolist() == [True, False, True]
    with pytest.raises(DataError, match="S-A is no tag of IOB2; its prefixes: B, I"):
        allowed(["O", "S-A"], "IOB2")


@pytest.mark.parametrize("tag", ["O", "B-PER", "I-geo-loc", "L-A", "M-地名", "S-_"])
def test_good_tags(tag):
    assert check_tag(tag) is None


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("PER", "the tag 'PER' has no prefix; expected O, B-PER or the like"),
        ("0", "the tag '0' is a number; name the tags"),
        ("B_PER", "the tag 'B_PER' has no prefix"),
        ("X-PER", "the tag 'X-PER' has the prefix 'X'; known: B, I, E, S, M, L, U"),
        ("geo-loc", "the tag 'geo-loc' has the prefix 'geo'"),
        ("O-PER", "the tag 'O-PER' has the prefix 'O'"),
        ("b-PER", "has the prefix 'b'"),
        ("B-", "the tag 'B-' has no type; expected B-PER or the like"),
        ("B", "the tag 'B' has no type"),
        ("", "an empty tag; a word outside of all entities has the tag O"),
    ],
)
def test_tags_that_are_none(tag, message):
    assert message in str(check_tag(tag))
    for use in (lambda: find_scheme([[tag]]), lambda: broken([tag], "IOB2"), lambda: repair([tag], "IOB2")):
        with pytest.raises(DataError) as caught:
            use()
        assert str(check_tag(tag)) in str(caught.value)


def test_broken_tags_are_not_converted():
    with pytest.raises(DataError, match="word 2: I-A is invalid in IOB2; correct or repair the tags"):
        convert(["O", "I-A"], "IOB2", "BIOES")


@pytest.mark.parametrize(
    ("iob1", "iob2"),
    [
        ("I-A I-A B-A O I-B", "B-A I-A B-A O B-B"),
        ("I-A I-B B-B I-A", "B-A B-B B-B B-A"),
        ("B-A I-A O B-A B-A", "I-A I-A O I-A B-A"),  # a B that nothing stands before is wrong in both
        ("I-A B-B", "B-A I-B"),
    ],
)
def test_iob1_in_iob2_with_its_mistakes(iob1, iob2):
    assert as_iob2(iob1.split()) == iob2.split()
    right = not broken(iob1.split(), "IOB1")
    assert right == (not broken(iob2.split(), "IOB2"))
    if right:
        assert as_iob2(iob1.split()) == convert(iob1.split(), "IOB1", "IOB2")


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("O I-PER", "IO"),
        ("O B-PER I-PER", "IOB2"),
        ("B-PER I-PER E-PER S-PER O", "BIOES"),
        ("B-PER I-PER L-PER U-PER O", "BILOU"),
        ("B-PER M-PER E-PER S-PER O", "BMES"),
        ("O PER", "IOB2"),
    ],
)
def test_the_scheme_that_has_all_prefixes_of_a_models_tags(tags, scheme):
    assert scheme_of_tags(tags.split()) == scheme
