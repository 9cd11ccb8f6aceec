"""Chinese: the layouts of CLUE and others, read as the recipes in recipes/chinese do, and files in GB18030."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.forms import Form

RECIPES = Path(__file__).parents[2] / "recipes" / "chinese"


def keys_of(name: str) -> list[str]:
    """The `data:` block of a recipe as `KEY=VALUE` texts."""
    block = YAML(typ="safe").load(RECIPES / f"{name}.yaml")["data"]
    return [f"data.{key}={json.dumps(value, ensure_ascii=False)}" for key, value in block.items()]


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


TNEWS = [
    {"label": "108", "label_desc": "news_edu", "sentence": "学校周五开学", "keywords": ""},
    {"label": "103", "label_desc": "news_sports", "sentence": "球队昨晚赢了", "keywords": "球队,赢"},
]
IFLYTEK = [
    {"label": "11", "label_des": "薅羊毛", "sentence": "看新闻领红包"},
    {"label": "0", "label_des": "打车", "sentence": "一键叫车"},
]
PAIRS = [
    {"sentence1": "怎么还款", "sentence2": "如何还钱", "label": "1"},
    {"sentence1": "怎么还款", "sentence2": "额度是多少", "label": "0"},
]
QIC = [
    {"id": "s1", "query": "感冒怎么治", "label": "治疗方案"},
    {"id": "s2", "query": "什么叫高血压", "label": "疾病表述"},
]
NLI = [
    {"sentence1": "他睡了", "sentence2": "他醒着", "label": "contradiction"},
    {"sentence1": "他睡了", "sentence2": "天黑了", "label": "neutral"},
    {"sentence1": "他睡了", "sentence2": "他困了", "label": "-"},
    {"sentence1": "他睡了", "sentence2": "他在睡觉", "label": "entailment"},
    {"sentence1": "天黑了", "sentence2": "现在是晚上", "label": "entailment"},
]
AGREED = {"contradiction": 1, "neutral": 1, "entailment": 2}
BARS = '1-0||飞机要起飞了。||一架飞机正在起飞。||5\n1-1||他说"好"||她在唱歌||0.5\n'
TABS = "怎么还款\t如何还钱\t1\n怎么还款\t额度是多少\t0\n"
SAME = {"same": 1, "different": 1}

GB = ("data.encoding=gb18030",)
RARE = "𠮷野家€"
"""Characters that GB18030 writes in four bytes, and its predecessor GBK does not have, or in one byte."""
CONLL = "李 B-PER\n𠮷 I-PER\n在 O\n\n北 B-LOC\n京 I-LOC\n"
SQUAD = {"data": [{"paragraphs": [{"context": f"他在{RARE}吃饭。", "qas": [
    {"id": "1", "question": "他在哪里吃饭？", "answers": [{"text": RARE, "answer_start": 2}]}]}]}]}  # fmt: skip


def written(text: str) -> bytes:
    return text.encode("gb18030")


FORMS = [
    Form("CLUE's TNEWS", {"train.json": lines(*TNEWS)}, "train.json", 2, {"news_edu": 1, "news_sports": 1},
        sets=keys_of("tnews"), inputs=["学校周五开学"]),
    Form("CLUE's IFLYTEK", {"train.json": lines(*IFLYTEK)}, "train.json", 2, {"薅羊毛": 1, "打车": 1},
        sets=keys_of("iflytek"), inputs=["一键叫车"]),
    Form("CLUE's AFQMC", {"train.json": lines(*PAIRS)}, "train.json", 2, SAME, sets=keys_of("afqmc"),
        inputs=["怎么还款", "如何还钱"]),
    Form("LCQMC", {"train.txt": TABS}, "train.txt", 2, SAME, sets=keys_of("lcqmc"), inputs=["怎么还款", "如何还钱"]),
    Form("BQ", {"train.txt": TABS}, "train.txt", 2, SAME, sets=keys_of("bq"), inputs=["额度是多少"]),
    Form("CBLUE's KUAKE-QIC", {"train.json": json.dumps(QIC, ensure_ascii=False)}, "train.json", 2,
        {"治疗方案": 1, "疾病表述": 1}, sets=keys_of("kuake-qic"), inputs=["感冒怎么治"]),
    Form("OCNLI", {"train.json": lines(*NLI)}, "train.json", 4, AGREED, sets=keys_of("ocnli"),
        inputs=["他睡了", "他醒着"]),
    Form("CMNLI", {"train.json": lines(*NLI)}, "train.json", 4, AGREED, sets=keys_of("cmnli"), inputs=["天黑了"]),
    Form("STS-B in Chinese", {"train.txt": BARS}, "train.txt", 2, {"5.0": 1, "0.5": 1}, task="regress",
        sets=keys_of("stsb"), inputs=["一架飞机正在起飞。", '他说"好"']),
    Form("a csv in GB18030", {"a.csv": written(f'text,label\n"{RARE}，很好",好评\n太慢,差评\n')}, "a.csv", 2,
        {"好评": 1, "差评": 1}, sets=GB, inputs=[f"{RARE}，很好"]),
    Form("a tsv in GB18030", {"a.tsv": written(f"text\tlabel\n{RARE}\t好评\n太慢\t差评\n")}, "a.tsv", 2,
        {"好评": 1, "差评": 1}, sets=GB, inputs=[RARE]),
    Form("JSON lines in GB18030", {"a.jsonl": written(
        lines({"text": RARE, "label": "好评"}, {"text": "慢", "label": "差评"}))}, "a.jsonl", 2,
        {"好评": 1, "差评": 1}, sets=GB, inputs=[RARE]),
    Form("CoNLL in GB18030", {"a.conll": written(CONLL)}, "a.conll", 2, {"PER 李 𠮷": 1, "LOC 北 京": 1}, task="ner",
        sets=GB, inputs=["李 𠮷 在"]),
    Form("SQuAD in GB18030", {"a.json": written(json.dumps(SQUAD, ensure_ascii=False))}, "a.json", 1, {RARE: 1},
        task="squad", sets=GB, inputs=[f"他在{RARE}吃饭。"]),
]  # fmt: skip
