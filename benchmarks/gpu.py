"""How fast, how exact in bf16, and at what share of the peak do training and prediction run without padding on CUDA?

A BERT of base size with random weights and made-up texts, so nothing is downloaded. Rows are as short as Banking77's,
or have 64 to 512 tokens. A part that fails says so in its table; the others still run. `--rehearse` runs everything
with a tiny model, on the CPU if there is no card, and writes nothing: it shows that the script works.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import gc
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import finetune
import numpy as np
import predict
import torch
from side_by_side import WORDS, figure, parser, record, rows_of, say, write_rows

from bertkit.engine import padding_free
from bertkit.engine.layout import layout

Lines = list[dict[str, Any]]

PEAK = {
    "H100 PCIe": 756, "H100 NVL": 835, "H100": 989, "H200": 989, "B200": 2250, "A100": 312, "A30": 165, "A10": 125,
    "L40S": 362, "L40": 181, "L4": 121, "RTX 4090": 165, "RTX 3090": 71,
}  # fmt: skip
"""Dense bf16 TFLOP/s with sums in float32, by NVIDIA's data sheets; the first name that the card's contains counts."""
BASE = {
    "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "intermediate_size": 3072,
    "vocab_size": 30522,
}  # fmt: skip
TINY = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128}


def model_block(folder: Path, shape: dict[str, int]) -> dict[str, Any]:
    """A `model:` block of random weights, with a tokenizer of the made-up texts' words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    numbers = {word: number for number, word in enumerate([*special, *WORDS])}
    backend = Tokenizer(models.WordLevel(numbers, "[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.BertProcessing(("[SEP]", numbers["[SEP]"]), ("[CLS]", numbers["[CLS]"]))
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), special, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=512, **names).save_pretrained(folder)
    return {"scratch": {"model_type": "bert", **shape}, "tokenizer": str(folder)}


def operations(lengths: np.ndarray, shape: dict[str, int]) -> float:
    """Floating-point operations of a training step over real tokens: backward takes twice what forward takes.

    Forward: two a weight of the layers and token, and in attention four a pair of tokens and unit of `hidden`.
    """
    hidden, layers, wide = shape["hidden_size"], shape["num_hidden_layers"], shape["intermediate_size"]
    weights = layers * (4 * hidden * hidden + 2 * hidden * wide)
    tokens, pairs = float(lengths.sum()), float((lengths.astype(float) ** 2).sum())
    return 3 * (2 * weights * tokens + 4 * layers * hidden * pairs)


def peak() -> float | None:
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return next((tera * 1e12 for card, tera in PEAK.items() if card in name), None)


def training(setting: finetune.Setting, shape: dict[str, int], label: str, raw: dict[str, Any]) -> Lines:
    found = finetune.measure(setting)
    raw[f"{label}, batch {setting.batch}, dropout {setting.dropout:g}"] = found.seconds
    work = sum(operations(lengths, shape) for lengths in found.lengths)
    rows = finetune.lines(found, setting)
    for row in rows:
        rate, most = work / sum(found.seconds[row["side"]]), peak()
        share = f"{rate / most:.0%}" if most else "unknown card"
        row |= {"useful TFLOP/s": figure(rate / 1e12), "of the card's peak": share}
    return [{"rows": label, "batch": setting.batch, "dropout": setting.dropout, **row} for row in rows]


def exactness(shape: dict[str, int], batch: int) -> Lines:
    """Logits and gradients of one batch in bf16 against padded float32, beside what padded bf16 itself differs by."""
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    values: dict[str, Any] = {
        **shape,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "num_labels": 77,
    }
    padded: Any = BertForSequenceClassification(BertConfig(**values)).train()
    padded.to(device)
    packed = copy.deepcopy(padded)
    padding_free.apply(packed, "on")
    lengths = torch.randint(5, 512, (batch,), device=device)
    mask = torch.arange(int(lengths.max()), device=device) < lengths[:, None]  # (batch, token)
    words = torch.randint(1000, 30000, mask.shape, device=device)
    labels = torch.randint(77, (batch,), device=device)

    def run(model: Any, half: bool) -> tuple[torch.Tensor, torch.Tensor]:
        model.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=half):
            logits = model(input_ids=words * mask, attention_mask=mask.long()).logits.float()  # (batch, label)
        torch.nn.functional.cross_entropy(logits, labels).backward()
        grads = [p.grad.float().flatten() for p in model.parameters() if p.grad is not None]
        return logits.detach(), torch.cat(grads)

    logits, grads = run(padded, False)
    rows = []
    for name, model, half in (("without padding, float32", packed, False), ("padded, bf16", padded, True),
                              ("without padding, bf16", packed, True)):  # fmt: skip
        a, b = run(model, half)
        off, slope = (a - logits).abs(), (b - grads).abs()
        most, mean, size = f"{float(off.max()):.1e}", f"{float(off.mean()):.1e}", float(logits.abs().mean())
        rows.append({
            "against padded float32": name, "logits: largest": most, "mean": mean, "their size": f"{size:.1e}",
            "gradients: largest": f"{float(slope.max()):.1e}", "mean ": f"{float(slope.mean()):.1e}",
            "relative": f"{float((b - grads).norm() / grads.norm()):.1e}",
        })  # fmt: skip
    return rows


def dropped(draws: int) -> Lines:
    """Attention with dropout, on tokens as they lie and padded: means of many draws against attention without."""
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    mask = torch.arange(96, device=device) < torch.tensor([[96], [40], [7], [64]], device=device)  # (batch, token)
    where = layout(mask)
    assert where is not None
    half = torch.bfloat16 if device == "cuda" else torch.float32
    q, k, v = torch.randn(3, 1, 12, len(where.places), 64, device=device, dtype=half).unbind()
    exact = padding_free._by_padding(q.float(), k.float(), v.float(), where, 0.0, None, None)
    rows = []
    for name, run in (("as they lie (jagged)", padding_free._by_flash), ("padded", padding_free._by_padding)):
        total, one = torch.zeros_like(exact), None
        for _ in range(draws):
            one = run(q, k, v, where, 0.1, None, None).float()
            total += one
        assert one is not None
        first, mean = (float((x - exact).norm() / exact.norm()) for x in (one, total / draws))
        values = {"one draw differs by": f"{first:.1e}", f"mean of {draws} by": f"{mean:.1e}"}
        rows.append({"attention with dropout 0.1": name, **values, "expected": f"{first / draws**0.5:.1e}"})
    return rows


def tried(part: Callable[[], Lines], **what: Any) -> Lines:
    try:
        return part()
    except (Exception, SystemExit) as error:
        why = " ".join(str(error).split())[:120]
        return [{**what, "side": f"failed: {type(error).__name__}: {why}"}]
    finally:
        gc.collect()  # a Trainer and its callbacks hold each other, and the card's memory
        torch.cuda.empty_cache()


def settings(folder: Path, block: dict[str, Any], rehearse: bool) -> Iterator[tuple[str, finetune.Setting]]:
    """Short and long rows, in two sizes of batch, without dropout and with BERT's own."""
    chunk, rounds, batches = (2, 2, (4,)) if rehearse else (10, 8, (32, 128))
    for label, words, spread, longest in (("short", 10, 0.55, 128), ("long", 180, 0.5, 512)):
        for batch in batches:
            count = int(batch * chunk * (rounds + 1) / 0.9) + 200
            data = write_rows(folder / f"{label}{batch}.csv", rows_of(None, count, words=words, spread=spread))
            plain = finetune.Setting(
                data, block, batch=batch, max_length=longest, chunk=chunk, rounds=rounds, bf16=True, logging=chunk
            )
            yield label, plain
            yield label, dataclasses.replace(plain, dropout=0.1)


def main() -> None:
    given = parser(__doc__, data=False)
    given.add_argument("--rehearse", action="store_true")
    args = given.parse_args()
    if not (torch.cuda.is_available() or args.rehearse):
        say("no CUDA device here: nothing measured")
        return
    shape, device = (TINY if args.rehearse else BASE), "cuda" if torch.cuda.is_available() else "cpu"
    tables: dict[str, Lines] = {"Fine-tuning in bf16": []}
    raw: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        block = model_block(folder / "tokenizer", shape)
        for label, setting in settings(folder, block, args.rehearse):
            part = functools.partial(training, setting, shape, label, raw)
            what = {"rows": label, "batch": setting.batch, "dropout": setting.dropout}
            tables["Fine-tuning in bf16"] += tried(part, **what)

        def answering() -> Lines:
            rows = rows_of(None, 200 if args.rehearse else 20_000)
            run = predict.some_run(write_rows(folder / "rows.csv", rows), folder / "run", block, steps=2)
            texts = [row["text"] for row in rows]
            lines, raw["prediction"] = predict.measure(run, texts, device, 3, len(texts) // 8)
            return lines

        tables["Prediction in float32, short rows, tokenisation included"] = tried(answering)
    tables["Exactness of one batch of mixed lengths"] = tried(lambda: exactness(shape, 4 if args.rehearse else 32))
    tables["Dropout"] = tried(lambda: dropped(20 if args.rehearse else 500))
    with tempfile.TemporaryDirectory() as name:
        args.results = Path(name) if args.rehearse else args.results
        record("gpu", tables, args, __doc__, seconds=raw)


if __name__ == "__main__":
    main()
