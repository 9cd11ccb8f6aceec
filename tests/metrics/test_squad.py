import json
import os
import random
import re
import string
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertkit.errors import DataError
from bertkit.metrics import METRICS, Metric, intervals
from bertkit.metrics.squad import exact, f1, normalize, per_question, score_cmrc, score_v1, score_v2

SHARED = Path(os.environ.get("BERTKIT_SHARED_DATA", "no-folder"))


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Cat's\tpaw.\n", "cats paw"),
        ("a an the", ""),
        ("A theatre, an anthem", "theatre anthem"),
        ("the-end", "theend"),  # punctuation goes first, and glues
        ("a.b", "ab"),
        ("l’a", "l’"),  # a curly apostrophe is no ASCII punctuation, and parts words
        ("l'a", "la"),
        ("“Ärger” …", "“ärger” …"),
        ("١\u00a0km²", "١ km²"),  # a no-break space is white space
        ("a\u0301", "\u0301"),  # the accent is no letter, so that a stands alone
        ("", ""),
    ],
)
def test_normalize(text, normal):
    assert normalize(text) == normal


def test_words_count_as_often_as_in_both():
    # 2 of 3 predicted words and 2 of 4 of the gold's: 2 * 2/3 * 1/2 / (7/6)
    assert f1("la la di", ["la la do dum"]) == pytest.approx(4 / 7)
    assert f1("la la la", ["la do"]) == pytest.approx(2 / 5)
    assert f1("cat", ["dog"]) == 0


def test_best_over_golds():
    assert exact("the cat", ["dog", "Cat!"]) == 1
    assert f1("black cat", ["dog", "cat", "a black dog"]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("prediction", "golds", "v1", "v2"),
    [
        ("", ["the"], (1, 0), (1, 1)),  # v1: nothing in common
        ("a", ["the", "cat"], (1, 0), (0, 0)),  # v2: the gold without a word is dropped
        ("cat", ["the", "cat"], (1, 1), (1, 1)),
        ("cat", ["..."], (0, 0), (0, 0)),
    ],
)
def test_golds_without_words(prediction, golds, v1, v2):
    assert (exact(prediction, golds, "v1"), f1(prediction, golds, "v1")) == v1
    assert (exact(prediction, golds), f1(prediction, golds)) == v2


def test_no_golds():
    assert exact("", []) == f1("", []) == exact("The.", []) == f1("The.", []) == 1
    assert exact("cat", []) == f1("cat", []) == 0


def test_v1():
    golds = {"1": ["a black cat"], "2": ["x", "y"], "3": ["z"]}
    assert score_v1(golds, {"2": "Y", "1": "cat"}) == {"exact_match": 100 / 3, "f1": pytest.approx(500 / 9)}


V2_GOLDS = {"1": ["cat"], "2": [], "3": ["black dog"], "4": []}
V2_PREDICTIONS = {"1": "cat", "2": "", "3": "dog", "4": "cow"}


def test_v2_keys_in_order():
    figures = score_v2(V2_GOLDS, V2_PREDICTIONS)
    assert list(figures) == [
        *("exact", "f1", "total"),
        *("HasAns_exact", "HasAns_f1", "HasAns_total"),
        *("NoAns_exact", "NoAns_f1", "NoAns_total"),
    ]
    assert list(figures.values()) == pytest.approx([50, 200 / 3, 4, 50, 250 / 3, 2, 50, 50, 2])
    assert [type(value) for value in figures.values()] == [float, float, int] * 3
    with_probabilities = score_v2(V2_GOLDS, V2_PREDICTIONS, dict.fromkeys(V2_GOLDS, 0.0))
    assert list(with_probabilities)[9:] == ["best_exact", "best_exact_thresh", "best_f1", "best_f1_thresh"]
    assert {key: with_probabilities[key] for key in figures} == figures


def test_v2_leaves_out_groups_without_questions():
    assert list(score_v2({"1": ["cat"]}, {"1": "cat"})) == [
        *("exact", "f1", "total", "HasAns_exact", "HasAns_f1", "HasAns_total")
    ]
    # A question has an answer where golds stand, though they hold no word.
    assert score_v2({"1": ["the"]}, {"1": ""})["HasAns_exact"] == 100
    assert "HasAns_exact" not in score_v2({"1": []}, {"1": ""})


def test_v2_threshold_is_strict():
    probabilities = {"1": 0.5, "2": 0.5, "3": 0.2, "4": 0.6}
    at, below = (score_v2(V2_GOLDS, V2_PREDICTIONS, probabilities, threshold) for threshold in (0.5, 0.49))
    assert (at["HasAns_exact"], at["NoAns_exact"]) == (50, 100)
    assert (below["HasAns_exact"], below["NoAns_exact"]) == (0, 100)
    assert score_v2(V2_GOLDS, V2_PREDICTIONS, None, -1.0)["exact"] == 50  # the script's probability is then 0


def test_v2_best_threshold():
    # From two right ones without golds: +1 (cat), +2/3 (dog), -1 (cow).
    probabilities = {"1": 0.1, "2": 0.9, "3": 0.3, "4": 0.8}
    figures = score_v2(V2_GOLDS, V2_PREDICTIONS, probabilities, 0.0)
    assert (figures["best_exact"], figures["best_exact_thresh"]) == (75, 0.1)
    assert (figures["best_f1"], figures["best_f1_thresh"]) == (pytest.approx(275 / 3), 0.3)
    assert score_v2({"1": ["cat"], "2": []}, {"1": "dog", "2": ""}, {"1": 0.3, "2": 1})["best_exact_thresh"] == 0


def test_v2_best_threshold_of_equal_probabilities_follows_their_order():
    golds, predictions = {"1": ["cat"], "2": []}, {"1": "cat", "2": "cow"}
    first = score_v2(golds, predictions, {"1": 0.4, "2": 0.4})
    last = score_v2(golds, predictions, {"2": 0.4, "1": 0.4})
    assert (first["best_exact"], first["best_exact_thresh"]) == (100, 0.4)
    assert (last["best_exact"], last["best_exact_thresh"]) == (50, 0)


def test_v2_best_threshold_takes_a_point_for_text_without_words():
    figures = score_v2({"1": ["cat"], "2": []}, {"1": "cat", "2": "The."}, {"1": 0.2, "2": 0.1})
    assert (figures["exact"], figures["best_exact"]) == (100, 50)


def test_v2_missing():
    predictions = {"2": "", "3": "dog"}
    with pytest.raises(DataError, match=r"2 are missing: '1', '4'; predict them, or score them 0: --allow-missing$"):
        score_v2(V2_GOLDS, predictions)
    with pytest.raises(DataError, match=r"5 are missing: '0', '1', '2', \.\.\.;"):
        score_v2({str(i): [] for i in range(5)}, {})
    figures = score_v2(V2_GOLDS, predictions, {"2": 0.0, "3": 0.0, "4": 1.0}, 0.5, allow_missing=True)
    assert (figures["exact"], figures["NoAns_f1"], figures["total"]) == (25, 50, 4)
    assert (figures["best_exact"], figures["best_f1"]) == (25, pytest.approx(125 / 3))


@pytest.mark.parametrize("kind", ["v1", "v2", "cmrc"])
@pytest.mark.parametrize(
    ("golds", "predictions", "what"),
    [
        ({}, {}, "golds  have no questions"),
        ([["x"]], {}, "golds  are list; give texts by question id"),
        ({"1": ["x"]}, [{"id": "1"}], "predictions  are list"),
        ({"1": "x"}, {"1": "x"}, "golds  1 have no list of texts: '1'"),
        ({"1": ["x"], "2": [None]}, {"1": "x"}, "golds  1 have no list of texts: '2'"),
        ({"1": {"text": ["x"]}}, {"1": "x"}, "golds  1 have no list of texts: '1'"),
        ({"1": ["x"]}, {"1": "x", "2\n": "y"}, r"predictions  1 are not among the golds: '2\\n'; are both of"),
        ({"1": ["x"]}, {"1": None}, "predictions  1 are not texts: '1'"),
    ],
)
def test_a_mistake_is_one_line(golds, predictions, what, kind):
    with pytest.raises(DataError, match=what.replace("  ", " {2}")) as error:
        per_question(golds, predictions, kind)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["v1", "cmrc"])
def test_no_golds_is_for_v2_alone(kind):
    with pytest.raises(DataError, match="1 have no list of texts: '1'; each needs a list of texts, not empty"):
        per_question({"1": []}, {"1": ""}, kind)


@pytest.mark.parametrize(
    ("probabilities", "what"),
    [
        ([0.5], "are list"),
        ({"1": 0.5}, "1 are missing: '2'"),
        ({"1": 0.5, "2": 0.5, "3": 0.5}, "1 are not among the golds: '3'"),
        ({"1": 1.01, "2": -1}, "2 are not within 0 to 1: '1', '2'"),
        ({"1": float("nan"), "2": 1}, "1 are not within 0 to 1: '1'"),
        ({"1": "0.5", "2": None}, "2 are not within 0 to 1"),
    ],
)
def test_probabilities_are_checked(probabilities, what):
    with pytest.raises(DataError, match=f"^no-answer probabilities  {what}"):
        score_v2({"1": ["x"], "2": []}, {"1": "x", "2": ""}, probabilities)


def test_numpy_is_taken():
    golds = {"1": np.array(["cat"]), "2": np.array([], str)}
    figures = score_v2(golds, {"1": np.str_("cat"), "2": ""}, {"1": np.float32(0.25), "2": np.float64(1)})
    assert json.loads(json.dumps(figures)) == figures
    assert figures["best_exact_thresh"] == 0.25


@pytest.mark.parametrize(
    ("prediction", "gold", "em", "best"),
    [
        ("《北京》。", "北京", 1, 1),
        ("在北京", "北京", 0, 0.8),
        ("北大京", "北京", 0, 0.4),  # the longest run in one token, not two characters
        ("NBA 球星", "nba球星", 0, 1),  # a Latin word is one; EM sees the space
        ("nba球", "nb球", 0, 0.5),
        ("100%", "100", 0, 2 / 3),
        ("1,000米", "1000米", 0, 0.5),  # a comma within a number stays
        ("a, b", "a b", 0, 0.4),  # a , b
        ("it's", "it", 0, 2 / 3),
        ("st. john.", "st. john", 0, 0.8),  # the full stop that ends it is a word
        ("x-ray", "xray", 1, 1),
        ("等…", "等", 0, 2 / 3),
        ("", "", 1, 0),
        ("，", "。", 1, 0),
    ],
)
def test_cmrc(prediction, gold, em, best):
    assert exact(prediction, [gold], "cmrc") == em
    assert f1(prediction, [gold], "cmrc") == pytest.approx(best)


def test_cmrc_figures():
    golds = {"1": ["北京", "在北京"], "2": ["上海"], "3": ["天津"], "4": ["一"]}
    figures = score_cmrc(golds, {"1": "在北京", "2": "上海市", "3": "重庆"})
    assert list(figures.items()) == [
        *(("AVERAGE", pytest.approx(35)), ("F1", pytest.approx(45)), ("EM", 25)),
        *(("TOTAL", 4), ("SKIP", 1)),
    ]


def test_per_question_and_intervals():
    golds = {str(i): ["black cat"] for i in range(300)}
    predictions = {str(i): "black cat" if i % 3 else "cat" for i in range(200)}
    matched, overlap = per_question(golds, predictions, "v1")
    assert matched.tolist() == [float(i % 3 > 0) for i in range(200)] + [0.0] * 100
    assert overlap.tolist() == pytest.approx([1 if i % 3 else 2 / 3 for i in range(200)] + [0] * 100)
    rows = [predictions.get(i, "none of these") for i in golds], list(golds.values())
    bounds = intervals(METRICS["squad"], *rows)
    assert bounds == intervals(METRICS["squad"], *rows)
    for name, scores in (("exact_match", matched), ("f1", overlap)):
        low, high = bounds[name]
        assert low < 100 * scores.mean() < high
        # within a tenth of the normal approximation's
        assert high - low == pytest.approx(2 * 1.96 * 100 * scores.std() / 300**0.5, rel=0.1)
    mean = Metric("f1", lambda scores, _: 100 * scores.mean(), "scores")
    assert intervals(mean, overlap, overlap)["f1"] == pytest.approx(bounds["f1"])


def test_unknown_kind():
    with pytest.raises(ValueError, match="kind 'v3' is none of v1, v2, cmrc"):
        per_question({"1": ["x"]}, {"1": "x"}, "v3")


def test_fast_enough_for_every_evaluation():
    words = random.Random(0)

    def text():
        return " ".join("".join(words.choices("abcdethn", k=words.randint(1, 7))) for _ in range(words.randint(1, 9)))

    golds = {str(i): [text() for _ in range(4)] if i % 2 else [] for i in range(10_000)}
    predictions = {i: texts[0] if texts and words.random() < 0.7 else text() for i, texts in golds.items()}
    start = time.process_time()
    score_v2(golds, predictions, {i: words.random() for i in golds}, 0.5)
    assert time.process_time() - start < 2


# The official algorithms once more, plainly.


def reference_normal(text):
    text = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def reference_f1(gold, prediction, empty):
    gold, prediction = reference_normal(gold).split(), reference_normal(prediction).split()
    if empty and (not gold or not prediction):
        return int(gold == prediction)
    same = sum((Counter(gold) & Counter(prediction)).values())
    if same == 0:
        return 0
    precision, recall = 1.0 * same / len(prediction), 1.0 * same / len(gold)
    return (2 * precision * recall) / (precision + recall)


def reference_v1(golds, predictions):
    matched = overlap = 0
    for i, texts in golds.items():
        if i in predictions:
            matched += max(reference_normal(text) == reference_normal(predictions[i]) for text in texts)
            overlap += max(reference_f1(text, predictions[i], False) for text in texts)
    return {"exact_match": 100.0 * matched / len(golds), "f1": 100.0 * overlap / len(golds)}


def reference_v2(golds, predictions, probabilities, threshold):
    raw = {"exact": {}, "f1": {}}
    for i, texts in golds.items():
        texts = [text for text in texts if reference_normal(text)] or [""]
        raw["exact"][i] = max(int(reference_normal(text) == reference_normal(predictions[i])) for text in texts)
        raw["f1"][i] = max(reference_f1(text, predictions[i], True) for text in texts)
    figures = {}
    for prefix, has in (("", None), ("HasAns_", True), ("NoAns_", False)):
        ids = [i for i in golds if has is None or bool(golds[i]) == has]
        if not ids:
            continue
        for name, scores in raw.items():
            total = 0
            for i in ids:
                total += float(not golds[i]) if probabilities[i] > threshold else scores[i]
            figures[prefix + name] = 100.0 * total / len(ids)
        figures[prefix + "total"] = len(ids)
    for name, scores in raw.items():
        current = best = sum(1 for texts in golds.values() if not texts)
        best_threshold = 0.0
        for i in sorted(probabilities, key=lambda i: probabilities[i]):
            if golds[i]:
                current += scores[i]
            elif predictions[i]:
                current -= 1
            if current > best:
                best, best_threshold = current, probabilities[i]
        figures[f"best_{name}"], figures[f"best_{name}_thresh"] = 100.0 * best / len(golds), best_threshold
    return figures


texts = st.lists(st.sampled_from(["a", "The", "cat", "CAT.", "dog", "an-", "…", "’s", ",", " ", "İ"]), max_size=5).map(
    " ".join
)
questions = st.lists(
    st.tuples(st.lists(texts, max_size=3), texts, st.sampled_from([0, 0.1, 0.5, 0.75, 1])), min_size=1, max_size=12
)


@given(questions, st.sampled_from([0, 0.1, 0.5, 1.0]), st.randoms())
def test_v2_equals_the_reference(rows, threshold, shuffle):
    golds = {str(i): row[0] for i, row in enumerate(rows)}
    ids = list(golds)
    shuffle.shuffle(ids)
    predictions = {i: rows[int(i)][1] for i in ids}
    probabilities = {i: rows[int(i)][2] for i in ids}
    expected = reference_v2(golds, predictions, probabilities, threshold)
    assert list(score_v2(golds, predictions, probabilities, threshold).items()) == list(expected.items())


@given(questions, st.integers(0, 12))
def test_v1_equals_the_reference(rows, count):
    golds = {str(i): row[0] or ["x"] for i, row in enumerate(rows)}
    predictions = {str(i): row[1] for i, row in enumerate(rows[:count])}
    assert score_v1(golds, predictions) == reference_v1(golds, predictions)


def longest_run(left, right):
    return max(
        (b - a for a in range(len(left)) for b in range(a + 1, len(left) + 1) if left[a:b] in right),
        default=0,
    )


@given(st.text("北京大的，。", max_size=8), st.text("北京大的，。", max_size=8))
def test_cmrc_f1_is_of_the_longest_run(prediction, gold):
    left, right = (re.sub("[，。]", "", text) for text in (prediction, gold))
    same = longest_run(left, right)
    expected = 2 * same / (len(left) + len(right)) if same else 0
    assert f1(prediction, [gold], "cmrc") == pytest.approx(expected)


# The figures of the official scripts on published data, where a folder with it is named.


def read(name):
    return json.loads((SHARED / name).read_text(encoding="utf-8"))


def read_golds(name):
    paragraphs = [paragraph for article in read(name)["data"] for paragraph in article["paragraphs"]]
    return {
        qa["id"]: [answer["text"] for answer in qa["answers"]] for paragraph in paragraphs for qa in paragraph["qas"]
    }


@pytest.mark.skipif(not (SHARED / "parity_squad1").is_dir(), reason="BERTKIT_SHARED_DATA names no such folder")
def test_parity_v1():
    golds = read_golds("qa_squadshifts/new_wiki_v1.0.json")
    figures = score_v1(golds, read("parity_squad1/predictions.json"))
    assert list(figures.items()) == list(read("parity_squad1/expected.json").items())


@pytest.mark.skipif(not (SHARED / "parity_squad2").is_dir(), reason="BERTKIT_SHARED_DATA names no such folder")
@pytest.mark.parametrize("with_threshold", [True, False])
def test_parity_v2(with_threshold):
    golds = read_golds("qa_squad2_part/dev.json")
    options = (read("parity_squad2/no_answer_probabilities.json"), 0.5) if with_threshold else ()
    figures = score_v2(golds, read("parity_squad2/predictions.json"), *options)
    expected = read(f"parity_squad2/expected_{'with' if with_threshold else 'without'}_threshold.json")
    assert list(figures.items()) == list(expected.items())
