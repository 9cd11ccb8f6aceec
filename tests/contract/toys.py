"""Two tasks that no built-in one is like: several heads on one encoder, and a query with several passages.

They use what any user can; the contract tests run them as they run the built-in tasks.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.special import expit, softmax
from torch import nn
from torch.nn import functional
from transformers import AutoConfig, BertModel, BertPreTrainedModel
from transformers.utils import ModelOutput

from bertkit.data.columns.column import Column
from bertkit.tasks import parsing, texts
from bertkit.tasks.choice import pairs
from bertkit.tasks.heads import Heads
from bertkit.tasks.task import Encoded, Head, Task, TaskOptions


@dataclass
class JointOutput(ModelOutput):
    intent: Any = None
    polite: Any = None


class JointModel(BertPreTrainedModel):
    """What a text is about, and how polite each of its tokens is: two heads of different shape."""

    def __init__(self, config: Any):
        super().__init__(config)
        self.bert = BertModel(config)
        self.intent = nn.Linear(config.hidden_size, config.intents)
        self.polite = nn.Linear(config.hidden_size, 1)
        self.post_init()

    def forward(self, input_ids: Any, attention_mask: Any = None, token_type_ids: Any = None) -> JointOutput:
        states = self.bert(input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        hidden = states.last_hidden_state  # (batch, token, hidden)
        return JointOutput(intent=self.intent(hidden[:, 0]), polite=self.polite(hidden)[..., 0])


class IntentHead(texts.TextHead):
    """The mean is over rows."""

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return functional.cross_entropy(outputs.float(), batch["labels"], reduction="sum")[None]

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"logits": outputs.float()}


class PoliteHead(Head):
    """The mean is over real tokens."""

    per_token = ("logits",)

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return batch["attention_mask"].sum().float()[None]

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        wanted = batch["labels"][:, None].expand_as(outputs).float()
        each = functional.binary_cross_entropy_with_logits(outputs.float(), wanted, reduction="none")
        return (each * batch["attention_mask"]).sum()[None]

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"logits": outputs.float()}  # (batch, token)


class JointHead(Heads):
    auto_class = "AutoModel"
    hub_tag = "text-classification"
    heads: ClassVar = {"intent": IntentHead, "polite": PoliteHead}

    def build_model(self, block: Any) -> Any:
        config = AutoConfig.from_pretrained(block.name, intents=len(self.state["labels"]))
        config.intents = len(self.state["labels"])
        model: Any = JointModel.from_pretrained(block.name, config=config)
        return model


class Joint(Task):
    """Two heads: the intent of a text, and whether it is polite."""

    Options = TaskOptions
    Head = JointHead
    metrics = ("accuracy",)
    answer_columns = ("predicted_label",)
    columns = (Column("text", "text"), Column("label", "label", answer=True), Column("polite", "label", answer=True))

    def prepare(self, rows: Any, data: Any) -> None:
        self.state["labels"] = sorted(set(texts.column(rows, "label") or []))

    def encode(self, rows: Any, tokenizer: Any, limit: int, *, answers: bool) -> Encoded:
        encoded = texts.encode(rows, tokenizer, limit, texts.TextOptions())
        for example in encoded.examples if answers else ():
            row = rows[example["row"]]
            example["intent_labels"] = np.int64(self.state["labels"].index(row["label"]))
            example["polite_labels"] = np.int64(row["polite"] == "yes")
        return encoded

    def collator(self, tokenizer: Any) -> Any:
        return functools.partial(collate_joint, tokenizer=tokenizer)

    def decode(self, outputs: Any, encoded: Encoded, rows: Any) -> list[dict[str, Any]]:
        answers = []
        for intent, polite in zip(outputs.get("intent_logits", ()), outputs.get("polite_logits", ()), strict=True):
            label = self.state["labels"][int(intent.argmax())]
            answers.append({"label": label, "confidence": float(softmax(intent).max()), "polite": polite.mean() > 0})
        return [{**answer, "polite": bool(answer["polite"])} for answer in answers]

    def to_columns(self, answer: dict[str, Any], *, logits: bool = False) -> dict[str, Any]:
        return {"predicted_label": answer["label"], "predicted_polite": answer["polite"]}

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
        return {"label": columns["predicted_label"], "polite": str(columns.get("predicted_polite")) == "True"}

    def to_text(self, answer: dict[str, Any]) -> str:
        return f"{answer['label']}, {'polite' if answer['polite'] else 'not polite'}"

    def compare(self, answers: Any, rows: Any, takes: str) -> tuple[Any, Any]:
        number = self.state["labels"].index
        return np.array([number(a["label"]) for a in answers]), np.array([number(row["label"]) for row in rows])

    def tiny_rows(self) -> list[dict[str, Any]]:
        said = [("where is my parcel ?", "delivery", "no"), ("please send the money , thank you", "refund", "yes")]
        said += [("when does it arrive", "delivery", "no"), ("i want my money back", "refund", "no")]
        return [{"text": text, "label": label, "polite": polite} for text, label, polite in said]


def collate_joint(examples: list[dict[str, Any]], tokenizer: Any) -> dict[str, torch.Tensor]:
    batch = texts.pad(examples, tokenizer)
    names = [name for name in ("intent_labels", "polite_labels") if name in examples[0]]
    return batch | {name: torch.tensor(np.stack([example[name] for example in examples])) for name in names}


class PassageHead(texts.TextHead):
    """A score per pair of query and passage. The loss is of each pair; its mean is over pairs, not rows."""

    auto_class = "AutoModelForSequenceClassification"
    hub_tag = "text-ranking"
    targets = ("labels", "places")

    def config(self) -> dict[str, Any]:
        return {"num_labels": 1}

    def loss_weight(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return (batch["places"] >= 0).sum().float()[None]

    def losses(self, outputs: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        scores, places = self.reduce(outputs, batch)["scores"], batch["places"]
        right = torch.arange(places.shape[1], device=places.device) == batch["labels"][:, None]  # (row, passage)
        each = functional.binary_cross_entropy_with_logits(scores, right.float(), reduction="none")
        return (each * (places >= 0)).sum()[None]

    def reduce(self, outputs: Any, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {"scores": outputs.logits.float()[:, 0][batch["places"].clamp(min=0)]}  # (row, passage)

    def trim(self, outputs: dict[str, np.ndarray], example: dict[str, Any]) -> dict[str, np.ndarray]:
        return {"scores": outputs["scores"][: len(example["sizes"])]}


class Passages(Task):
    """Several texts a row: which passage answers a query."""

    Options = TaskOptions
    Head = PassageHead
    metrics = ("accuracy",)
    answer_columns = ("predicted_passage",)
    columns = (Column("query", "text"), Column("passages", "choices"), Column("label", "choice", answer=True))

    def encode(self, rows: Any, tokenizer: Any, limit: int, *, answers: bool) -> Encoded:
        queries, passages = texts.column(rows, "query") or [], texts.column(rows, "passages") or []
        encoded = pairs.encode(queries, [""] * len(queries), passages, tokenizer, limit)
        for example in encoded.examples if answers else ():
            example["labels"] = np.int64(rows[example["row"]]["label"])
        return encoded

    def collator(self, tokenizer: Any) -> Any:
        return functools.partial(pairs.collate, tokenizer=tokenizer)

    def decode(self, outputs: Any, encoded: Encoded, rows: Any) -> list[dict[str, Any]]:
        return [{"passage": int(s.argmax()), "scores": expit(s).tolist()} for s in outputs.get("scores", ())]

    def to_columns(self, answer: dict[str, Any], *, logits: bool = False) -> dict[str, Any]:
        return {"predicted_passage": answer["passage"], "passage_scores": answer["scores"]}

    def parse(self, columns: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
        return {"passage": parsing.choice(columns["predicted_passage"], len(row["passages"]))}

    def to_text(self, answer: dict[str, Any]) -> str:
        return f"passage {answer['passage']}"

    def compare(self, answers: Any, rows: Any, takes: str) -> tuple[Any, Any]:
        return np.array([a["passage"] for a in answers]), np.array([int(row["label"]) for row in rows])

    def tiny_rows(self) -> list[dict[str, Any]]:
        late, cat = "the parcel is late again", "the cat is sleeping"
        return [
            {"query": "where is my parcel ?", "passages": [cat, late], "label": 1},
            {"query": "what is sleeping ?", "passages": [cat, late, "a man plays"], "label": 0},
            {"query": "who plays ?", "passages": ["hello", "a man plays"], "label": 1},
        ]
