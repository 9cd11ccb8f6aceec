"""Does an index find Chinese paragraphs unasked? Twenty questions about a novel, each with the paragraph that answers.

`--book FILE` is "Dream of the Red Chamber" as plain text, a paragraph per line; lines under 30 characters (headings,
verses) are left out. Questions were written in today's words before anything was searched. No option names a language.
The last line splits documents and questions at spaces, as search engines do that are not told that a text is Chinese.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from index_search import MINILM, quiet
from side_by_side import parser, record

from bertkit.recipe.schema import DataBlock
from bertkit.search.index.about import VectorModel
from bertkit.search.index.building import build
from bertkit.search.index.index import Index, Query
from bertkit.search.index.rows import Documents

QUESTIONS = {
    "女娲炼石补天剩下的那块石头": 5,
    "葫芦庙里油锅起火烧了甄家": 31,
    "宝玉听说黛玉没有玉就把玉摔在地上": 89,
    "黛玉扛着花锄收拾落花": 663,
    "刘姥姥用筷子夹鸽子蛋": 1114,
    "贾政命人把宝玉堵起嘴来打死": 892,
    "宝玉让晴雯撕扇子取乐": 872,
    "晴雯带病补孔雀金线的裘衣": 1497,
    "黛玉临死前把诗稿撂在火上烧了": 2293,
    "跛足道人给贾瑞风月宝鉴": 379,
    "香菱向黛玉请教作诗先读王摩诘": 1263,
    "尤二姐吞生金自尽": 1807,
    "史湘云喝醉睡在石凳上芍药花飞了一身": 1681,
    "妙玉用收藏的梅花上的雪烹茶": 1130,
    "女孩子拿簪子在地上画蔷字": 859,
    "冷香丸的配方白牡丹花蕊": 264,
    "焦大喝醉了骂人被填了一嘴马粪": 282,
    "门子给雨村看护官符": 100,
    "鸳鸯铰头发发誓不嫁人": 1232,
    "贾环用蜡灯的油烫宝玉的脸": 701,
}
"""Question -> number of its paragraph among the lines of the book that are not empty, from 0."""
LEAST = 30


def line_of(name: str, find: Callable[[str], list[str]]) -> dict[str, Any]:
    ranks = []
    for question, paragraph in QUESTIONS.items():
        found = find(question)
        ranks.append(found.index(str(paragraph)) + 1 if str(paragraph) in found else np.inf)
    place = np.array(ranks)
    return {
        "search": name,
        "first": f"{int((place == 1).sum())} of {len(place)}",
        "among ten": f"{int((place <= 10).sum())} of {len(place)}",
        "mean reciprocal rank": f"{(1 / place).mean():.3f}",
    }


def at_spaces(texts: dict[str, str]) -> Callable[[str], list[str]]:
    import bm25s

    names = [*texts]
    index = bm25s.BM25(method="lucene")
    index.index([text.lower().split() for text in texts.values()], show_progress=False)

    def find(question: str) -> list[str]:
        known = [word for word in question.split() if word in index.vocab_dict]
        scores = index.get_scores(known) if known else np.zeros(len(names))
        order = np.argsort(-scores, kind="stable")[:10]
        return [names[number] for number in order if scores[number] > 0]

    return find


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--book", type=Path, required=True)
    args = given.parse_args()
    lines = [line.strip() for line in re.split(r"\r?\n", args.book.read_text("utf-8-sig")) if line.strip()]
    texts = {str(number): line for number, line in enumerate(lines) if len(line) >= LEAST}
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "book.jsonl")
        rows = [{"id": number, "text": text} for number, text in texts.items()]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        address = f"{name}/index"
        build(address, Documents(str(file), DataBlock()), VectorModel(MINILM), quiet)
        index = Index.open(address)

        def by(how: Any) -> Callable[[str], list[str]]:
            return lambda question: [hit.id for hit in index.search(Query(question, by=how))]

        table = [line_of(f"bertkit, --by {how}", by(how)) for how in ("words", "hybrid", "vectors")]
    table.append(line_of("BM25 over words between spaces", at_spaces(texts)))
    record("index_zh", {f"{len(QUESTIONS)} questions, {len(texts):,} paragraphs": table}, args, __doc__)


if __name__ == "__main__":
    main()
