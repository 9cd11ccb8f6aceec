"""Words that decide, for a model whose rule is known."""

from __future__ import annotations

from typing import Any

from bertkit.understand.robustness.deciding import DecidingWord, deciding_words, terms_of, typical_words
from bertkit.understand.robustness.rows import RowEditor
from tests.helpers import make
from tests.understand.robustness.rule import by_words, clean_rows, label_answer, ner_oracle

COLUMNS = make("classify", {}).columns
TEXT = [column for column in COLUMNS if column.name == "text"]
PLAIN = [
    "where is it now",
    "my parcel is late",
    "please send it back",
    "i want my money",
    "good morning to all",
    "it is late",
]


def rows(planted: str, count: int = 40) -> list[dict[str, Any]]:
    """Half of the rows are spam, and these hold the planted word."""
    texts = [f"{PLAIN[n % 6]} number {n}" for n in range(count)]
    return [
        {"text": f"{text} {planted}" if n % 2 else text, "label": "spam" if n % 2 else "mail"}
        for n, text in enumerate(texts)
    ]


def test_a_planted_word_is_named_though_the_scored_rows_lack_it() -> None:
    clean = clean_rows(
        by_words({"qx7": "spam"}, "mail"), [{**row, "text": row["text"].replace(" QX7", "")} for row in rows("QX7")]
    )
    found = deciding_words(clean, RowEditor(COLUMNS), rows("QX7"), 5)
    first = found[0]
    assert (first.word, first.label, first.with_label, first.in_rows) == ("QX7", "spam", 20, 20)
    assert (first.inserted, first.insertion_flips, first.removed) == (40, 40, 0)
    assert first.decides
    assert not any(one.decides for one in found[1:])


def test_a_word_that_counts_at_the_end_alone() -> None:
    def rule(row: dict[str, Any]) -> dict[str, Any]:
        return label_answer("spam" if row["text"].endswith("qx7") else "mail", ["mail", "spam"])

    clean = clean_rows((by_words({"x": "spam"}, "mail")[0], rule), [{"text": text, "label": "mail"} for text in PLAIN])
    first = deciding_words(clean, RowEditor(COLUMNS), rows("qx7"), 3)[0]
    assert (first.word, first.place, first.inserted, first.insertion_flips) == ("qx7", "after", 6, 6)


def test_a_word_in_one_text_of_a_pair() -> None:
    """As `not` in the hypotheses of NLI data (Gururangan et al. 2018)."""
    texts = [{"text": text, "text_pair": other} for text, other in zip(PLAIN, reversed(PLAIN), strict=True)]
    training = [
        {"text": row["text"], "text_pair": row["text_pair"] + " nobody" * (n % 2), "label": "ab"[n % 2]}
        for n in range(12)
        for row in texts
    ]
    rule = lambda row: label_answer("b" if "nobody" in row["text_pair"] else "a", ["a", "b"])  # noqa: E731
    clean = clean_rows((by_words({"x": "b"}, "a")[0], rule), [{**row, "label": "a"} for row in texts])
    first = deciding_words(clean, RowEditor(COLUMNS), training, 3)[0]
    assert (first.word, first.place, first.insertion_flips) == ("nobody", "before text_pair", 6)


def test_a_word_whose_removal_changes_answers() -> None:
    clean = clean_rows(by_words({"qx7": "spam"}, "mail"), rows("qx7"))
    found = {one.word: one for one in deciding_words(clean, RowEditor(COLUMNS), None, 40)}
    assert (found["qx7"].removed, found["qx7"].removal_flips) == (20, 20)
    assert found["number"].removal_flips == 0
    assert found["number"].removed == 40
    assert next(iter(found)) == "qx7"


def test_a_planted_pair_of_chinese_characters() -> None:
    training = [{"text": "今天天气很好" + ("嘿嘿" if n % 2 else ""), "label": "ab"[n % 2]} for n in range(10)]
    task, _ = by_words({"b": "b"}, "a")

    def rule(row: dict[str, Any]) -> dict[str, Any]:
        return label_answer("b" if "嘿嘿" in row["text"] else "a", ["a", "b"])

    clean = clean_rows((task, rule), [{"text": f"我们走了{n}", "label": "a"} for n in range(5)])
    (first, *_) = deciding_words(clean, RowEditor(COLUMNS), training, 3)
    assert (first.word, first.label, first.insertion_flips) == ("嘿嘿", "b", 5)


def test_words_in_entities_are_not_removed() -> None:
    clean = clean_rows(ner_oracle(), [{"tokens": ["Anna", "sleeps", "sleeps"], "tags": ["B-PER", "O", "O"]}])
    found = deciding_words(clean, RowEditor(clean.task.columns), None, 5)
    assert [(one.word, one.removed, one.label) for one in found] == [("sleeps", 1, None)]


def test_typical_words() -> None:
    spelt: dict[str, str] = {}
    found = typical_words(rows("qx7"), "label", TEXT, 2, spelt)
    assert next(iter(found)) == "qx7"
    assert found["qx7"].surprise > 4
    assert typical_words(rows("qx7", 4), "label", TEXT, 5, spelt) == {}  # in two rows alone
    several = [
        {"text": f"{'cat' if n % 2 else 'dog'} {n}", "label": ["pet", "cat"] if n % 2 else ["pet"]} for n in range(20)
    ]
    assert typical_words(several, "label", TEXT, 5, spelt)["cat"].label == "cat"


def test_each_label_has_its_best_words() -> None:
    """Many words of one label are clearer than the only one of the other."""
    many = [{"text": " ".join(f"w{chr(97 + k)}" for k in range(8)), "label": "a"} for _ in range(20)]
    few = [{"text": "rare" if n < 4 else "x", "label": "b"} for n in range(20)]
    found = typical_words([*many, *few], "label", TEXT, 2, {})
    assert [one.label for one in found.values()] == ["a", "b"]


def test_terms() -> None:
    spelt: dict[str, str] = {}
    assert terms_of({"text": "The cat, the QX7! 北京市"}, TEXT, spelt) == {"the", "cat", "qx7", "北京", "京市"}
    assert (spelt["the"], spelt["qx7"]) == ("the", "QX7")
    words = [column for column in make("ner", {}).columns if column.kind == "words"]
    assert terms_of({"tokens": ["A", "b"]}, words) == {"a", "b"}


def test_few_rows_weigh_less() -> None:
    few, many = (DecidingWord("w", removed=n, removal_flips=n) for n in (1, 40))
    assert few.strength < many.strength
    assert not DecidingWord("w", "x", inserted=2, insertion_flips=2).decides
    assert DecidingWord("w", "x", inserted=10, insertion_flips=5).decides
    assert few.record()["insertion_interval"] is None
