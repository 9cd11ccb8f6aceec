"""Labels that are codes, too fine, or no labels: `data.label_map` and `data.drop_labels`."""

from __future__ import annotations

import json

from tests.forms import Form

NEWS = "100\tonce upon a time\n103\tthe match ended\n109\ta new phone\n"
NLI = [("a", "b", "neutral"), ("c", "d", "-"), ("e", "f", "entailment")]
LINES = "".join(json.dumps(dict(zip(("premise", "hypothesis", "label"), row, strict=True))) + "\n" for row in NLI)
COLUMNS = "data.columns={text: premise, text_pair: hypothesis}"
FEELINGS = "text,joy,love,anger\na,1,1,0\nb,0,0,1\n"

FORMS = [
    Form("codes for labels", {"a.tsv": NEWS}, "a.tsv", 3, {"story": 1, "sports": 1, "tech": 1},
        sets=["data.header=[label, text]", "data.label_map={100: story, 103: sports, 109: tech}"]),
    Form("fewer labels", {"a.csv": "text,label\na,2\nb,3\nc,low\n"}, "a.csv", 3, {"low": 2, "high": 1},
        sets=["data.label_map={2: low, 3: high}"]),
    Form("SNLI's rows without agreement", {"a.jsonl": LINES}, "a.jsonl", 2, {"neutral": 1, "entailment": 1},
        sets=[COLUMNS, 'data.drop_labels=["-"]'], warns=["rows left out by data.drop_labels: 1 (- 1)"]),
    Form("rows that are not labelled yet", {"a.csv": "text,label\na,x\nb,\nc,y\n"}, "a.csv", 2, {"x": 1, "y": 1},
        sets=['data.drop_labels=[""]'], warns=["rows left out by data.drop_labels: 1 (none 1)"]),
    Form("several labels, one left out and two made one", {"a.csv": 'text,label\na,"joy,other,love"\nb,anger\n'},
        "a.csv", 2, {"good": 1, "anger": 1},
        sets=["options.multi_label=true", "data.drop_labels=[other]",
            "data.label_map={joy: good, love: good, anger: anger}"],
        warns=["labels left out by data.drop_labels: 1 (other 1)"]),
    Form("a column per label, with other names", {"a.csv": FEELINGS}, "a.csv", 2, {"good": 1, "bad": 1},
        sets=["options.multi_label=true", "data.columns.label=[joy, love, anger]",
            "data.label_map={joy: good, love: good, anger: bad}"]),
    Form("fewer types of entities", {"a.conll": "Acme B-corporation\nand O\nThe B-group\nBand I-group\n"}, "a.conll",
        1, {"ORG Acme": 1, "ORG The Band": 1}, task="ner",
        sets=["data.label_map={corporation: ORG, group: ORG}"]),
    Form("fewer types of spans", {"a.jsonl": '{"text": "Acme sells", "spans": [[0, 4, "corporation"]]}\n'}, "a.jsonl",
        1, {"ORG Acme": 1}, task="ner", sets=["data.label_map={corporation: ORG}"]),
    Form("tags by their numbers", {"a.jsonl": '{"tokens": ["Mara", "runs"], "tags": [1, 0]}\n'}, "a.jsonl", 1,
        {"PER Mara": 1}, task="ner", sets=["data.label_map={0: O, 1: B-PER}"]),
]  # fmt: skip
