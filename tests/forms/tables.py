"""Tables: delimiters, headers, quotes, ragged rows and bytes that do not decode."""

from __future__ import annotations

from tests.forms import Form

XY = {"x": 1, "y": 1}
BROKEN = "text\tlabel\nfine – day\tx\n".encode() + b"bad \xe2\x80 day\tx\nnice day\ty\n"
SCORES = {"2.25": 1, "0.5": 1}

FORMS = [
    Form("labels and bars", {"a.txt": "0 ||| it is dull\n4 ||| it is \"superb\n0 ||| so | so\n"}, "a.txt", 3,
        {"0": 2, "4": 1}, sets=['data.delimiter=" ||| "', "data.header=[label,text]"],
        inputs=['it is "superb', "so | so"]),
    Form("columns named by number", {"a.tsv": "7\tx\ta film\n8\ty\tb\n"}, "a.tsv", 2, XY, inputs=["a film"],
        sets=["data.header=false", 'data.columns={text: "3", label: "2"}']),
    Form("lists by number", {"a.jsonl": '["a film", "x"]\n["b", "y"]\n'}, "a.jsonl", 2, XY, inputs=["a film"],
        sets=["data.header=false", 'data.columns={text: "1", label: "2"}']),
    Form("fastText", {"a.txt": "__label__x a fine film\n__label__y dull and slow\n"}, "a.txt", 2, XY,
        inputs=["a fine film"], warns=["read as data.format=fasttext"]),
    Form("fastText, several labels", {"a.txt": "__label__x a film\n__label__y,z __label__x dull\n"}, "a.txt", 2,
        {"x": 2, "y,z": 1}, sets=["options.multi_label=true"], inputs=["dull"]),
    Form("fastText, a line without a label", {"a.txt": "__label__x a film\nno label\n__label__y dull\n"}, "a.txt", 2,
        XY, sets=["data.bad_rows=skip"], warns=["rows left out, label is missing: 1 (a.txt:2)"]),
    Form("sep=; of Excel, empty last columns", {"a.csv": 'sep=;\r\ntext;label;;\r\nso, so;x;;\r\n"a; b";y;;\r\n'},
        "a.csv", 2, XY, inputs=["so, so", "a; b"], warns=["the delimiter is ';'", "the last 2 columns have no name"]),
    Form("decimal commas", {"a.csv": "text;score\nfine;2,25\nawful;0,5\n"}, "a.csv", 2, SCORES, task="regress",
        sets=["data.delimiter=;", 'data.decimal=","']),
    Form("decimal commas, as csv-semicolon", {"a.csv": "text;score\nfine;2,25\nawful;0,5\n"}, "a.csv", 2, SCORES,
        task="regress", sets=["data.format=csv-semicolon", 'data.decimal=","']),
    Form("comments", {"a.csv": "# by hand\ntext,label\na,x\n# b,x\n\"#c\",y\n"}, "a.csv", 2, XY, inputs=["#c"],
        sets=['data.comment="#"'], warns=["comment lines skipped: 2 (a.csv:1, a.csv:4)"]),
    Form("extra columns left out", {"a.tsv": "s\ta\tb\n2.25\tone\ttwo\n0.5\tsix\tten\tsource\tlicence\n"}, "a.tsv", 2,
        SCORES, task="regress", sets=["data.columns={text: a, text_pair: b, score: s}", "data.extra_columns=ignore"],
        inputs=["six", "ten"], warns=["the last ones left out: 1 (a.tsv:3)"]),
    Form("extra columns joined", {"a.txt": "x\tone\ny\ttwo\tthree\n"}, "a.txt", 2, XY, inputs=["two\tthree"],
        sets=["data.delimiter=\\t", "data.header=[label,text]", "data.extra_columns=join"]),
    Form("a tab in a .txt, without quoting", {"a.txt": 'text\tlabel\n"open\tx\na "b" c\ty\n'}, "a.txt", 2, XY,
        sets=["data.delimiter=\\t"], inputs=['"open', 'a "b" c']),
    Form("a .tsv with quoting", {"a.tsv": 'text\tlabel\n"a\tb"\tx\n"say ""hi"""\ty\n'}, "a.tsv", 2, XY,
        sets=["data.quoting=true"], inputs=["a\tb", 'say "hi"']),
    Form("a .csv without quoting", {"a.csv": 'text,label\n"open,x\n5" disk,y\n'}, "a.csv", 2, XY,
        sets=["data.quoting=false"], inputs=['"open', '5" disk']),
    Form("bytes that do not decode, left out", {"a.tsv": BROKEN}, "a.tsv", 2, XY, sets=["data.bad_rows=skip"],
        inputs=["fine – day"], warns=["rows left out, is not valid utf-8: 1 (a.tsv:3)"]),
    Form("bytes that do not decode, replaced", {"a.tsv": BROKEN}, "a.tsv", 3, {"x": 2, "y": 1},
        sets=["data.encoding_errors=replace"], inputs=["bad \ufffd day"], warns=["replaced by U+FFFD: 1 (a.tsv:3)"]),
    Form("half an emoji, left out", {"a.jsonl": '{"text": "a \\ud83d", "label": "x"}\n{"text": "b", "label": "x"}\n'
        '{"text": "c", "label": "y"}\n'}, "a.jsonl", 2, XY, sets=["data.bad_rows=skip"],
        warns=["rows left out, text holds half a character: 1 (a.jsonl:1)"]),
    Form("half an emoji, replaced", {"a.jsonl": '{"text": "a \\ud83d", "label": "x"}\n{"text": "b", "label": "y"}\n'},
        "a.jsonl", 2, XY, sets=["data.encoding_errors=replace"], inputs=["a \ufffd"]),
    Form("an empty second text, allowed", {"a.csv": "text,text_pair,label\na,,x\nb,c,y\n"}, "a.csv", 2, XY,
        sets=["data.allow_empty=[text_pair]"], inputs=["", "c"], warns=["empty texts: 1 (a.csv:2)"]),
]  # fmt: skip
