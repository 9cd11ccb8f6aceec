"""Exports of annotation tools, in the shapes that they write."""

from __future__ import annotations

import json
from typing import Any

from tests.forms import Form

TEXT, OTHER = "Mara flew to Oslo", "Nothing here"
ENTITIES = {"PER Mara": 1, "LOC Oslo": 1}
CLASSES = {"pos": 1, "neg": 1}
GREAT, BAD = "a great day", "a bad day"


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def region(start: int, end: int, label: str, text: str = TEXT) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": text[start:end], "labels": [label]}
    return {"value": value, "id": "r1", "from_name": "label", "to_name": "text", "type": "labels", "origin": "manual"}


def choice(name: str, *choices: str, target: str = "text") -> dict[str, Any]:
    return {"value": {"choices": list(choices)}, "from_name": name, "to_name": target, "type": "choices"}


def task(number: int, data: dict[str, Any], *annotations: list[dict] | None) -> dict[str, Any]:
    """A task of Label Studio's; None is an annotation that was cancelled."""
    made = [
        {"id": number * 10 + at, "completed_by": 1, "result": result or [], "was_cancelled": result is None}
        for at, result in enumerate(annotations)
    ]
    return {"id": number, "annotations": made, "drafts": [], "predictions": [], "data": data, "meta": {}, "project": 1}


def prodigy(text: str, answer: str, **keys: Any) -> dict[str, Any]:
    return {"text": text, "_input_hash": 1, "_task_hash": 2, "_session_id": None, **keys, "answer": answer}


TOKENS = [{"text": "Mara", "start": 0, "end": 4, "id": 0, "ws": True}]
SPANS = [
    {"start": 0, "end": 4, "label": "PER", "token_start": 0, "token_end": 0},
    {"start": 13, "end": 17, "label": "LOC", "token_start": 3, "token_end": 3},
]
OPTIONS = [{"id": "pos", "text": "Positive"}, {"id": "neg", "text": "Negative"}]

DOCCANO = [
    Form("doccano, labels", {"a.jsonl": lines(
        {"id": 1, "text": TEXT, "meta": {}, "annotation_approver": None, "labels": [[0, 4, "PER"], [13, 17, "LOC"]]},
        {"id": 2, "text": OTHER, "meta": {}, "annotation_approver": None, "labels": []})},
        "a.jsonl", 2, ENTITIES, "ner", inputs=[TEXT, OTHER], warns=["a.jsonl: doccano's export"]),
    Form("doccano, label and comments", {"all.jsonl": lines(
        {"id": 1, "data": OTHER, "label": [], "Comments": []},
        {"id": 2, "data": TEXT, "label": [[0, 4, "PER"], [13, 17, "LOC"]], "Comments": []})},
        "all.jsonl", 2, ENTITIES, "ner", warns=["doccano's export"]),
    Form("doccano, relations", {"a.jsonl": lines(
        {"id": 5, "text": TEXT, "entities": [
            {"id": 1, "label": "PER", "start_offset": 0, "end_offset": 4},
            {"id": 2, "label": "LOC", "start_offset": 13, "end_offset": 17}],
         "relations": [{"id": 1, "from_id": 1, "to_id": 2, "type": "flew"}], "Comments": []})},
        "a.jsonl", 1, ENTITIES, "ner", warns=["relations between entities, not read: 1 (a.jsonl:1)"]),
    Form("doccano, annotations with numbers", {"a.json": json.dumps([
        {"id": 1, "text": TEXT, "meta": {}, "annotation_approver": "admin", "annotations": [
            {"label": 3, "start_offset": 0, "end_offset": 4, "user": 1},
            {"label": 7, "start_offset": 13, "end_offset": 17, "user": 1}]}])},
        "a.json", 1, {"3 Mara": 1, "7 Oslo": 1}, "ner"),
    Form("doccano, intents and slots", {"a.jsonl": lines(
        {"id": 1, "text": TEXT, "cats": ["travel"], "entities": [[0, 4, "PER"], [13, 17, "LOC"]], "Comments": []},
        {"id": 2, "text": OTHER, "cats": ["none"], "entities": [], "Comments": []})},
        "a.jsonl", 2, {"travel": 1, "none": 1}),
    Form("doccano, classes", {"a.jsonl": lines(
        {"id": 1, "text": GREAT, "label": ["pos"], "Comments": []},
        {"id": 2, "text": BAD, "label": ["neg"], "Comments": []})},
        "a.jsonl", 2, CLASSES, inputs=[GREAT]),
    Form("doccano, several classes in csv", {"a.csv":
        f"id,text,label,Comments\n1,{GREAT},pos#short,\n2,{BAD},C#,\n3,{OTHER},,\n"},
        "a.csv", 3, {"pos": 1, "short": 1, "C#": 1}, sets=["options.multi_label=true"]),
    Form("doccano, csv with data", {"a.csv": f"id,data,label\n1,{GREAT},pos\n2,{BAD},neg\n"}, "a.csv", 2, CLASSES),
]  # fmt: skip

LABEL_STUDIO = [
    Form("Label Studio, entities", {"export.json": json.dumps([
        task(1, {"text": TEXT}, None, [region(0, 4, "PER"), region(13, 17, "LOC"),
            {"from_id": "r1", "to_id": "r2", "type": "relation", "direction": "right"}], []),
        task(2, {"text": OTHER}, []), task(3, {"text": "Cancelled"}, None), task(4, {"text": "Not yet"})], indent=1)},
        "export.json", 2, ENTITIES, "ner", inputs=[TEXT, OTHER], warns=[
            "export.json: Label Studio's export", "cancelled annotations, left out: 1",
            "further annotations of a task, left out; the first one is used: 1",
            "rows left out, cancelled in Label Studio: 1", "rows left out, not annotated in Label Studio: 1",
            "results of the type relation, not read: 1"]),
    Form("Label Studio, a text of another name", {"export.json": json.dumps([
        task(1, {"title": OTHER, "review": TEXT}, [region(0, 4, "PER"), region(13, 17, "LOC")])])},
        "export.json", 1, ENTITIES, "ner", inputs=[TEXT]),
    Form("Label Studio, a line break in a mention", {"export.json": json.dumps([
        task(1, {"text": "Mara\nBell"}, [{"type": "labels", "from_name": "label", "to_name": "text",
            "value": {"start": 0, "end": 9, "text": "Mara\\nBell", "labels": ["PER"]}}])])},
        "export.json", 1, {"PER Mara\nBell": 1}, "ner"),
    Form("Label Studio, choices", {"export.json": json.dumps([
        task(1, {"review": GREAT}, [choice("sentiment", "pos", target="review")]),
        task(2, {"review": BAD}, [choice("sentiment", "neg", target="review")])])},
        "export.json", 2, CLASSES, inputs=[GREAT, BAD]),
    Form("Label Studio, one of two sets of choices", {"export.json": json.dumps([
        task(1, {"text": GREAT}, [choice("topic", "day"), choice("sentiment", "pos")]),
        task(2, {"text": BAD}, [choice("sentiment", "neg")])])},
        "export.json", 2, CLASSES, sets=["data.columns.label=sentiment"]),
    Form("Label Studio, several choices", {"export.json": json.dumps([
        task(1, {"text": GREAT}, [choice("tags", "pos", "short")]), task(2, {"text": BAD}, [])])},
        "export.json", 2, {"pos": 1, "short": 1}, sets=["options.multi_label=true"]),
    Form("Label Studio, ratings", {"export.json": json.dumps([
        task(1, {"text": GREAT}, [{"type": "rating", "from_name": "r", "to_name": "text", "value": {"rating": 5}}]),
        task(2, {"text": BAD}, [{"type": "rating", "from_name": "r", "to_name": "text", "value": {"rating": 1}}])])},
        "export.json", 2, {"5.0": 1, "1.0": 1}, "regress"),
    Form("Label Studio, completions", {"export.json": json.dumps([
        {"id": 1, "data": {"text": TEXT}, "completions": [{"result": [region(0, 4, "PER")]}]}])},
        "export.json", 1, {"PER Mara": 1}, "ner"),
    Form("Label Studio, JSON-MIN", {"min.json": json.dumps([
        {"text": TEXT, "id": 1, "label": [region(0, 4, "PER")["value"], region(13, 17, "LOC")["value"]],
            "annotator": 1, "annotation_id": 9, "created_at": "2024", "updated_at": "2024", "lead_time": 3.5},
        {"text": OTHER, "id": 2, "annotator": 1, "annotation_id": 10}])},
        "min.json", 2, ENTITIES, "ner"),
    Form("Label Studio, choices in JSON-MIN", {"min.json": json.dumps([
        {"review": GREAT, "id": 1, "sentiment": "pos", "annotator": 1, "annotation_id": 9, "lead_time": 3.5},
        {"review": BAD, "id": 2, "sentiment": "neg", "annotator": 1, "annotation_id": 10, "lead_time": 3.5}])},
        "min.json", 2, CLASSES, inputs=[GREAT, BAD]),
    Form("Label Studio, several choices in CSV", {"a.csv":
        "text,id,tags,annotator,annotation_id,lead_time\n"
        f'{GREAT},1,"{{""choices"": [""pos"", ""short""]}}",1,9,3.5\n{BAD},2,neg,1,10,2.5\n'},
        "a.csv", 2, {"pos": 1, "short": 1, "neg": 1}, sets=["options.multi_label=true"]),
    Form("Label Studio, CONLL", {"a.conll":
        "-DOCSTART- -X- O\nMara -X- _ B-PER\nflew -X- _ O\nto -X- _ O\nOslo -X- _ B-LOC\n\nNothing -X- _ O\n\n"},
        "a.conll", 2, ENTITIES, "ner"),
    Form("Label Studio, questions", {"qa.json": json.dumps([
        task(1, {"text": TEXT, "question": "Who flew?"}, [region(0, 4, "Answer")]),
        task(2, {"text": TEXT, "question": "When?"}, [])])},
        "qa.json", 2, {"Mara": 1, "no answer": 1}, "squad", inputs=[TEXT, "Who flew?"]),
]  # fmt: skip

OTHERS = [
    Form("Haystack, questions", {"answers.json": json.dumps({"data": [{"paragraphs": [{
        "context": TEXT, "document_id": 7, "qas": [
            {"question": "Who flew?", "id": 411, "answers": [{"answer_id": 3, "document_id": 7, "question_id": 411,
                "text": "Mara", "answer_start": 0, "answer_end": 4, "answer_category": "SHORT"}],
             "is_impossible": False},
            {"question": "When?", "id": 412, "answers": [], "is_impossible": True}]}]}]})},
        "answers.json", 2, {"Mara": 1, "no answer": 1}, "squad"),
    Form("Prodigy, entities", {"a.jsonl": lines(
        prodigy(TEXT, "accept", tokens=TOKENS, spans=SPANS, _view_id="ner_manual"),
        prodigy(OTHER, "accept", tokens=[], _is_binary=False, spans=[]),
        prodigy("Rejected", "reject", spans=[]), prodigy("Ignored", "ignore"))},
        "a.jsonl", 2, ENTITIES, "ner", warns=[
            "a.jsonl: Prodigy's export", "rows left out, rejected in Prodigy: 1 (a.jsonl:3)", "ignored in Prodigy: 1"]),
    Form("Prodigy, a label", {"a.jsonl": lines(
        prodigy(GREAT, "accept", label="pos"), prodigy(BAD, "reject", label="pos"),
        prodigy(BAD, "accept", label="neg"))},
        "a.jsonl", 2, CLASSES, warns=["rejected in Prodigy: 1"]),
    Form("Prodigy, choices", {"a.jsonl": lines(
        prodigy(GREAT, "accept", options=OPTIONS, accept=["pos"], _view_id="choice"),
        prodigy(BAD, "accept", options=OPTIONS, accept=["neg"], _view_id="choice"))},
        "a.jsonl", 2, CLASSES),
    Form("brat", {
        "brat/a.txt": "Mara Bell\nflew to\r\nNew\nYork 😀 Oslo\n", "brat/a.ann":
            "T1\tPER 0 9\tMara Bell\nT2\tLOC 19 22;23 27\tNew York\nR1\tflew Arg1:T1 Arg2:T2\n"
            "#1\tAnnotatorNotes T1\ta note\nT3\tLOC 30 34\tOslo\n",
        "brat/b.txt": "North and South America", "brat/b.ann": "T1\tLOC 0 5;16 23\tNorth America\n",
        "brat/c.txt": OTHER, "brat/c.ann": "", "brat/d.txt": "Not annotated", "brat/annotation.conf": "[entities]\n"},
        "brat", 3, {"PER Mara Bell": 1, "LOC New\nYork": 1, "LOC Oslo": 1, "LOC North and South America": 1}, "ner",
        warns=["brat: brat's texts and annotations", "relations of brat's, not read: 1 (brat/a.ann:3)",
            "notes of brat's, not read: 1",
            "entities in parts, read from the first to the last character: 1 (brat/b.ann:1)",
            "rows left out, no annotations (.ann) beside the text: 1 (brat/d.txt)"]),
    Form("brat, one text by its name", {"a.txt": TEXT, "a.ann": "T1\tPER 0 4\tMara\nT2\tLOC 13 17\tOslo"},
        "a.txt", 1, ENTITIES, "ner", sets=["data.format=brat"]),
    Form("spaCy, a list of pairs", {"train.json": json.dumps([
        [TEXT, {"entities": [[0, 4, "PER"], [13, 17, "LOC"]]}], [OTHER, {"entities": []}]])},
        "train.json", 2, ENTITIES, "ner", warns=["train.json: spaCy's export"]),
    Form("spaCy, pairs with classes by line", {"train.jsonl": lines(
        [GREAT, {"cats": {"pos": 1.0, "neg": 0.0}}], [BAD, {"cats": {"pos": 0, "neg": 1}}])},
        "train.jsonl", 2, CLASSES),
    Form("spaCy, to_json", {"train.jsonl": lines(
        {"text": TEXT, "ents": [{"start": 0, "end": 4, "label": "PER"}, {"start": 13, "end": 17, "label": "LOC"}],
         "sents": [{"start": 0, "end": 17}], "tokens": [{"id": 0, "start": 0, "end": 4}]})},
        "train.jsonl", 1, ENTITIES, "ner"),
    Form("spaCy, NER Annotator", {"annotations.json": json.dumps({"classes": ["PER", "LOC"], "annotations": [
        [TEXT, {"entities": [[0, 4, "PER"], [13, 17, "LOC"]]}]]})},
        "annotations.json", 1, ENTITIES, "ner"),
    Form("DataTurks, entities", {"a.json": lines(
        {"content": TEXT, "annotation": [
            {"label": ["PER"], "points": [{"start": 0, "end": 3, "text": "Mara"}]},
            {"label": ["LOC"], "points": [{"start": 13, "end": 16, "text": "Oslo"}]},
            {"label": [], "points": [{"start": 5, "end": 8, "text": "flew"}]}],
         "extras": None, "metadata": {"status": "done", "evaluation": "NONE"}},
        {"content": OTHER, "annotation": [], "extras": None}, {"content": "Skipped", "annotation": None})},
        "a.json", 2, ENTITIES, "ner", sets=["data.format=jsonl"], warns=[
            "DataTurks' export", "spans without a label, left out: 1",
            "rows left out, not annotated in DataTurks: 1"]),
    Form("DataTurks, classes", {"a.jsonl": lines(
        {"content": GREAT, "annotation": {"labels": ["pos"], "note": ""}, "extras": None},
        {"content": BAD, "annotation": {"labels": ["neg"], "note": ""}, "extras": None})},
        "a.jsonl", 2, CLASSES),
    Form("WebAnno TSV, entities", {"a.tsv":
        "#FORMAT=WebAnno TSV 3.3\n"
        "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|PosValue\n"
        "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value\n"
        "#T_RL=webanno.custom.Knows|BT_de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity\n\n\n"
        "#Text=😀 Mara Bell flew\n"
        "1-1\t0-2\t😀\t_\t_\t_\t_\t\n1-2\t3-7\tMara\tNNP\t*[1]\tPER[1]\t_\t\n1-3\t8-12\tBell\tNNP\t*[1]\tPER[1]\t_\t\n"
        "1-4\t13-17\tflew\tVBD\t_\t_\t1-2\t\n\n"
        "#Text=to Oslo-based\n#Text=A\\\\B\n"
        "2-1\t18-20\tto\t_\t_\t_\t_\t\n2-2\t21-31\tOslo-based\t_\t*\tMISC\\_x\t_\t\n2-2.1\t21-25\tOslo\t_\t*|*[3]\tLOC|*[3]\t_\t\n"
        "2-3\t32-35\tA\\B\t_\t_\t_\t_\t\n"},
        "a.tsv", 2, {"PER Mara Bell": 1, "MISC_x Oslo-based": 1, "LOC Oslo": 1}, "ner",
        inputs=["😀 Mara Bell flew", "to Oslo-based\nA\\B"], warns=[
            "a.tsv: WebAnno's TSV", "layers of relations of WebAnno's (Knows), not read: 1",
            "annotations without a value of NamedEntity.value, left out: 1"]),
    Form("WebAnno TSV, a layer of one's own", {"a.tsv":
        "#FORMAT=WebAnno TSV 3.2\n#T_SP=webanno.custom.Person|\n#T_SP=webanno.custom.Place|kind\n\n\n"
        "#Text=Mara flew to Oslo\n"
        "1-1\t0-4\tMara\t*\t_\n1-2\t5-9\tflew\t_\t_\n1-3\t10-12\tto\t_\t_\n1-4\t13-17\tOslo\t_\tcity\n"},
        "a.tsv", 1, {"city Oslo": 1}, "ner", sets=["data.columns.spans=Place.kind"]),
]  # fmt: skip

FORMS = [*DOCCANO, *LABEL_STUDIO, *OTHERS]
