"""Raw texts for `tokenizer` and `corpus`, and corpora whose files are damaged."""

from __future__ import annotations

import json

from tests.fuzz import mutate
from tests.fuzz.case import Case
from tests.fuzz.material import Draw
from tests.fuzz.models import broken

OPTIONS = [
    ["--documents", "line"], ["--documents", "file"], ["--join-lines"], ["--clean"], ["--deduplicate"],
    ["--pairs", "sop"], ["--pairs", "none"], ["--max-length", "8"], ["--max-length", "-1"], ["--max-length", "5"],
    ["--passes", "0"], ["--passes", "2"], ["--validation-ratio", "nan"], ["--validation-ratio", "0.5"],
    ["--short-share", "inf"], ["--seed", "-1"], ["--encoding", "auto"], ["--encoding", "utf-16"],
    ["--encoding", "gb18030"], ["--format", "jsonl"], ["--bad-rows", "skip"], ["--empty-lines", "0"],
    ["--whole-lines"], ["--column", "label"], ["--short-by", "document"],
]  # fmt: skip
TRAINED = [
    ["--kind", "bpe"], ["--kind", "unigram"], ["--cased"], ["--vocab-size", "1"], ["--vocab-size", "60"],
    ["--vocab-size", "1000000"], ["--alphabet", "1"], ["--min-frequency", "100"], ["--reserved", "0"],
    ["--encoding", "auto"], ["--encoding", "utf-16"], ["--strip-accents"], ["--chinese-words"],
]  # fmt: skip


def text(draw: Draw) -> Case:
    lines = draw.texts()
    if draw.often(0.5):
        lines.insert(0, draw.one(*mutate.ODD_TEXTS))
    content = draw.one("\n", "\n\n", "\n \n").join(lines).encode("utf-8", "surrogatepass")
    name = "words.txt"
    if draw.often(0.2):
        name = "words.jsonl"
        content = b"".join(mutate.to_json(draw.chance, {"text": line}) + b"\n" for line in lines)
    if draw.often(0.6):
        content = mutate.damaged(draw.chance, content)
    if draw.often(0.1):
        name, content = f"{name}.gz", mutate.packed(draw.chance, content)
    draw.put(name, content)
    way = draw.one("build", "build", "inspect", "train")
    tokenizer = str(draw.material.tokenizer)
    if way == "inspect":
        return Case(["tokenizer", "inspect", tokenizer, name, "-o", "out.json"], output="out.json")
    if way == "train":
        more = draw.one([], *TRAINED)
        return Case(["tokenizer", "train", name, "-o", "out", *more], output="out/tokenizer.json", folders=("out",))
    more = draw.one([], *OPTIONS) + draw.one([], *OPTIONS)
    command = ["corpus", "build", name, "-t", tokenizer, "-o", "out", "--max-length", "16", "--processes", "1", *more]
    return Case(command, output="out/manifest.json", folders=("out",))


def corpus(draw: Draw) -> Case:
    folder = draw.copy(draw.material.corpus, "corpus")
    broken(draw, folder)
    way = draw.one("show", "verify", "build", "train")
    if way == "build":
        source = str(draw.material.corpus.parent / "words.txt")
        command = ["corpus", "build", source, "-t", str(draw.material.tokenizer), "-o", "corpus", "--processes", "1"]
        return Case([*command, "--max-length", "24", "--documents", "line", "--pairs", "none"], folders=("corpus",))
    if way == "train":
        scratch = {"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
        recipe = {
            "task": "pretrain",
            "model": {"scratch": {**scratch, "intermediate_size": 32}, "tokenizer": str(draw.material.tokenizer)},
            "data": {"train": "corpus", "validation": "corpus"},
            "options": {"max_length": 24},
            "train": {"max_steps": 1, "use_cpu": True, "report_to": "none"},
        }
        draw.put("mine.yaml", json.dumps(recipe))
        return Case(["train", "mine.yaml", "-o", "out"], output="out/metrics.json", folders=("out",))
    return Case(["corpus", "show", "corpus", *(["--verify"] if way == "verify" else [])])
