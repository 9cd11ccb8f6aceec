"""Known answers worked by hand, and equality with seqeval on thousands of random sequences, valid and broken."""

import json
import random
import subprocess
import sys
import warnings
from collections import defaultdict

import numpy as np
import pytest
from seqeval import scheme as seqeval_schemes
from seqeval.metrics import v1
from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support

from bertkit.data.columns.schemes import repair
from bertkit.errors import DataError
from bertkit.metrics.tagging import KINDS, compare, entities, errors, score

TYPES = ("PER", "B-LOC")
PREFIXES = {"IO": "I", "IOB1": "BI", "IOB2": "BI", "IOE1": "IE", "IOE2": "IE", "BIOES": "BIES", "BILOU": "BILU"}
SEQEVAL = {"BIOES": "IOBES", "IO": "IOB1"}
GOLD = [["B-PER", "I-PER", "O", "B-LOC"]]
SEQUENCES = 2000


def spans(result):
    numbers = (result.sentence, result.first, result.end, result.type)
    return [(s, result.types[t], a, b) for s, a, b, t in zip(*(part.tolist() for part in numbers), strict=True)]


def draw_tags(prefixes, seed, valid_in=None):
    draw = random.Random(seed)
    tags = ["O", *(f"{prefix}-{type_}" for prefix in prefixes for type_ in TYPES)]
    drawn = [[draw.choice(tags) for _ in range(draw.randint(0, 12))] for _ in range(SEQUENCES)]
    return [repair(sentence, valid_in)[0] for sentence in drawn] if valid_in else drawn


def noisy(gold, prefixes, seed):
    draw = random.Random(seed)
    tags = ["O", *(f"{prefix}-{type_}" for prefix in prefixes for type_ in TYPES)]
    return [[tag if draw.random() < 0.7 else draw.choice(tags) for tag in sentence] for sentence in gold]


def assert_same_figures(predicted, gold, scheme, mode):
    """Ten sentences at a time, so that types and whole sides without entities occur."""
    reference, extra = precision_recall_fscore_support, {}
    if mode == "strict":
        theirs = getattr(seqeval_schemes, SEQEVAL.get(scheme, scheme))
        reference, extra = v1.precision_recall_fscore_support, {"scheme": theirs}
    for start in range(0, len(gold), 10):
        ours, right = predicted[start : start + 10], gold[start : start + 10]
        result = compare(ours, right, scheme, mode)
        table = [tuple(row[key] for row in result.by_type()) for key in ("precision", "recall", "f1", "gold")]
        other = reference(right, ours, average=None, zero_division=0, **extra)
        np.testing.assert_allclose(np.array(table), np.array(other), rtol=0, atol=1e-12)
        want = reference(right, ours, average="micro", zero_division=0, **extra)[:3]
        assert list(result.score().values()) == pytest.approx(want, rel=0, abs=1e-12)


@pytest.mark.parametrize(
    ("scheme", "valid"), [(s, v) for s in PREFIXES for v in (False, True) if not (v and s.startswith("IOE"))]
)
def test_strict_is_seqevals(scheme, valid):  # valid sequences of IOE would have to be written, which bertkit does not
    gold = draw_tags(PREFIXES[scheme], 1, scheme if valid else None)
    theirs = seqeval_schemes.Entities(gold, getattr(seqeval_schemes, SEQEVAL.get(scheme, scheme)))
    want = [(e.sent_id, e.tag, e.start, e.end) for sentence in theirs.entities for e in sentence]
    assert spans(entities(gold, "strict", scheme)) == want
    assert len(want) > 500
    assert_same_figures(noisy(gold, PREFIXES[scheme], 2), gold, scheme, "strict")


@pytest.mark.parametrize("prefixes", ["I", "BI", "IE", "BIES", "BILU", "BMES", "BIESMLUX"])
def test_lenient_is_seqevals(prefixes):
    warnings.simplefilter("ignore")  # seqeval's, of prefixes that it does not know
    gold = draw_tags(prefixes, 3)
    want = [(i, name, a, b + 1) for i, tags in enumerate(gold) for name, a, b in get_entities(tags)]
    assert spans(entities(gold)) == want
    assert_same_figures(noisy(gold, prefixes, 4), gold, "IOB2", "lenient")


def test_strict_bmes_is_bioes_in_other_letters():
    gold = draw_tags("BMES", 5)
    translated = [[tag.replace("M-", "I-") for tag in sentence] for sentence in gold]
    assert spans(entities(gold, "strict", "BMES")) == spans(entities(translated, "strict", "BIOES"))


def test_known_answer():
    predicted = [["I-PER", "I-PER", "O", "I-LOC"]]
    assert score(predicted, GOLD) == {"entity_precision": 1.0, "entity_recall": 1.0, "entity_f1": 1.0}
    assert score(predicted, GOLD, "IOB2", "strict") == {"entity_precision": 0, "entity_recall": 0, "entity_f1": 0}
    assert score(predicted, GOLD, "IOB1", "strict")["entity_recall"] == 0  # IOB1 has a B only between two entities


def test_by_hand():
    gold = [["B-PER", "I-PER", "O"], ["B-LOC", "B-LOC", "O"], []]
    predicted = [["B-PER", "I-PER", "B-ORG"], ["B-LOC", "I-LOC", "O"], []]  # one hit of three predicted, three gold
    third = pytest.approx(1 / 3)
    assert score(predicted, gold) == {"entity_precision": third, "entity_recall": third, "entity_f1": third}
    assert compare(predicted, gold).by_type() == [
        {"type": "LOC", "precision": 0, "recall": 0, "f1": 0, "gold": 2, "predicted": 1},
        {"type": "ORG", "precision": 0, "recall": 0, "f1": 0, "gold": 0, "predicted": 1},
        {"type": "PER", "precision": 1, "recall": 1, "f1": 1, "gold": 1, "predicted": 1},
    ]


def test_everything_is_plain():
    rows = [["I-PER", "O", "O", "B-PER"]], GOLD
    result = compare(*rows)
    everything = [result.score(), result.by_type(), errors(*rows)]
    assert json.loads(json.dumps(everything))[0] == result.score()


def test_a_word_without_a_prediction_is_missed_never_dropped():
    assert score([["B-PER", "I-PER", None, None]], GOLD)["entity_recall"] == 1 / 2
    assert score([[None] * 4], GOLD, mode="strict") == {"entity_precision": 0, "entity_recall": 0, "entity_f1": 0}


def test_a_tag_without_prefix_keeps_its_type():
    assert [row["type"] for row in compare([["PER", "O"]], [["PER", "PER"]]).by_type()] == ["PER"]  # seqeval: ER
    assert score([["PER", "O"]], [["I-PER", "O"]])["entity_f1"] == 1


def test_no_entities():
    result = compare([["O", "O"], []], [["O", "O"], []])
    assert set(result.score().values()) == {0.0}
    assert result.by_type() == []
    assert all(kind == {"gold": 0, "predicted": 0, "examples": []} for kind in errors([["O"]], [["O"]]).values())
    assert spans(entities([])) == []


@pytest.mark.parametrize(
    ("predicted", "gold", "message"),
    [
        ([], [], "0 predicted sentences for 0 gold"),
        ([["O"]], [["O"], ["O"]], "1 predicted sentences for 2 gold"),
        ([["O"], ["O"]], [["O"], ["O", "O"]], "sentence 1  1 predicted tags for 2 words; a word without a prediction"),
    ],
)
def test_sides_that_do_not_fit(predicted, gold, message):
    with pytest.raises(DataError, match=message):
        score(predicted, gold)


def test_strict_refuses_tags_of_another_scheme():
    with pytest.raises(DataError, match=r"scheme IOB2  has no tag 'E-PER'; its prefixes are B, I, O: "):
        entities([["B-PER", "E-PER"]], "strict", "IOB2")


def test_kinds_of_errors_by_hand():
    gold = [["B-A", "I-A", "O", "B-B", "O", "B-A", "I-A", "O", "B-A", "O", "B-B"]]
    predicted = [["B-A", "O", "O", "B-A", "O", "B-B", "O", "O", "O", "B-B", "B-B"]]
    words = [list("abcdefghijk")]
    result = errors(predicted, gold, words)
    assert list(result) == list(KINDS)
    assert [(kind["gold"], kind["predicted"]) for kind in result.values()] == [(1, 1), (1, 1), (1, 1), (1, 0), (0, 1)]
    assert result["boundary"]["examples"] == [
        {
            "sentence": 0,
            "gold": {"type": "A", "first": 0, "end": 2, "words": ["a", "b"]},
            "predicted": {"type": "A", "first": 0, "end": 1, "words": ["a"]},
        }
    ]
    assert result["missed"]["examples"][0]["predicted"] is None
    assert result["spurious"]["examples"][0] == {
        "sentence": 0,
        "gold": None,
        "predicted": {"type": "B", "first": 9, "end": 10, "words": ["j"]},
    }
    assert errors(predicted, gold)["type"]["examples"][0]["gold"] == {"type": "B", "first": 3, "end": 4}


def kinds_by_loops(predicted, gold):
    """Counts of gold and predicted entities by kind, entity by entity."""
    counts = {kind: [0, 0] for kind in KINDS}
    for side, (these, others) in enumerate(((gold, predicted), (predicted, gold))):
        wrong, unmatched = set(these) - set(others), defaultdict(list)
        for other in set(others) - set(these):
            unmatched[other[0]].append(other)
        for sentence, type_, first, end in wrong:
            near = [other for other in unmatched[sentence] if other[2] < end and first < other[3]]
            if any(o[2:] == (first, end) for o in near):
                kind = "type"
            elif any(o[1] == type_ for o in near):
                kind = "boundary"
            else:
                kind = "boundary+type" if near else ("missed", "spurious")[side]
            counts[kind][side] += 1
    return counts


@pytest.mark.parametrize("mode", ["lenient", "strict"])
def test_kinds_of_errors_of_random_sequences(mode):
    gold = draw_tags("BI", 6)
    predicted = noisy(gold, "BI", 7)
    want = kinds_by_loops(*(spans(entities(tags, mode)) for tags in (predicted, gold)))
    got = errors(predicted, gold, mode=mode)
    assert {kind: [got[kind]["gold"], got[kind]["predicted"]] for kind in KINDS} == want
    assert all(len(kind["examples"]) == 3 for kind in got.values())
    assert sum(kind["gold"] for kind in got.values()) == (~compare(predicted, gold, "IOB2", mode).hits[1]).sum()


def test_import_is_light():
    code = (
        "import sys, bertkit.metrics.tagging; print([m for m in ('seqeval', 'sklearn', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
