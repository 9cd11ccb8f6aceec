"""Without padding = with padding: for every architecture and head that can, in either direction, whatever the mask."""

from __future__ import annotations

import copy
import itertools
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor
from transformers import AttentionInterface, AutoConfig, AutoModelForMaskedLM, AutoModelForSequenceClassification

from bertkit.engine import padding_free
from bertkit.engine.layout import Layout, layout
from bertkit.engine.padding_free import NAME, apply, release
from bertkit.errors import ModelError

SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "vocab_size": 120,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,
}
WORDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
DISTILBERT = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64, "initializer_range": 0.3, "vocab_size": 120}

KINDS: dict[str, dict[str, Any]] = {
    "bert": SMALL,
    "roberta": SMALL,
    "xlm-roberta": SMALL,
    "camembert": SMALL,
    "electra": {**SMALL, "embedding_size": 16},
    "distilbert": DISTILBERT,
    "albert": {**SMALL, "embedding_size": 16},
    "ernie": SMALL,
    "roc_bert": {**SMALL, "pronunciation_vocab_size": 50, "shape_vocab_size": 50},
    "data2vec-text": SMALL,
    "xlm-roberta-xl": SMALL,
    "roberta-prelayernorm": SMALL,
    "mobilebert": {**SMALL, "embedding_size": 16, "intra_bottleneck_size": 32, "initializer_range": 0.1},
    "bert-generation": SMALL,
    "splinter": SMALL,
    "modernbert": {**SMALL, **WORDS, "num_hidden_layers": 3, "local_attention": 8, "global_attn_every_n_layers": 2},
    "nomic_bert": SMALL,
    "gte": SMALL,
    "jina_embeddings_v3": SMALL,
    "eurobert": {**SMALL, **WORDS, "num_key_value_heads": 2},
}

OTHERS: dict[str, dict[str, Any]] = {
    "mpnet": SMALL,
    "deberta": {**SMALL, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "deberta-v2": {**SMALL, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "megatron-bert": SMALL,
    "roformer": SMALL,
    "convbert": SMALL,
    "rembert": SMALL,
    "esm": {**SMALL, "pad_token_id": 1, "mask_token_id": 3, "position_embedding_type": "rotary"},
    "layoutlm": SMALL,
}

HEADS = {
    "base": "AutoModel",
    "sequence": "AutoModelForSequenceClassification",
    "token": "AutoModelForTokenClassification",
    "answer": "AutoModelForQuestionAnswering",
    "words": "AutoModelForMaskedLM",
    "choice": "AutoModelForMultipleChoice",
}


def has(kind: str, head: str) -> bool:
    return type(AutoConfig.for_model(kind)) in getattr(transformers, HEADS[head])._model_mapping


ALL = [(kind, head) for kind in KINDS for head in HEADS if has(kind, head)]

MASKS = {
    "from the longest": [[1] * 14, [1] * 13 + [0], [1] * 9 + [0] * 5, [1] * 7 + [0] * 7, [1] * 2 + [0] * 12],
    "right": [[1] * 9 + [0] * 5, [1] * 3 + [0] * 11, [1] * 14, [1] + [0] * 13],
    "left": [[0] * 5 + [1] * 9, [0] * 11 + [1] * 3, [1] * 14, [0] * 13 + [1]],
    "hole": [[1] * 4 + [0] * 3 + [1] * 7, [1] * 3 + [0] * 11, [1, 0] * 7, [1] * 14],
    "full": [[1] * 14] * 4,
    "one row": [[1] * 9 + [0] * 5],
    "empty row": [[1] * 9 + [0] * 5, [0] * 14, [1] * 14, [1] * 3 + [0] * 11],
    "all empty": [[0] * 14] * 4,
}


def mask_of(name: str) -> Tensor:
    return torch.tensor(MASKS[name])


def model_of(kind: str, head: str = "base", **config: Any) -> Any:
    """Random weights, of which none is zero or one, large enough that a wrong attention shows."""
    values = KINDS.get(kind) or OTHERS[kind]
    torch.manual_seed(0)
    model = getattr(transformers, HEADS[head]).from_config(AutoConfig.for_model(kind, **{**values, **config}))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model.eval()


def pair(kind: str, head: str = "base", **config: Any) -> tuple[Any, Any]:
    """The same model without and with padding."""
    padded = model_of(kind, head, **config)
    free = copy.deepcopy(padded)
    apply(free, "on")
    apply(padded, "off")
    assert (free.padding_free, padded.padding_free) == (True, False)
    return free, padded


def inputs_of(model: Any, mask: Tensor, seed: int = 0) -> dict[str, Tensor]:
    words = torch.randint(10, 110, mask.shape, generator=torch.Generator().manual_seed(seed))
    return {"input_ids": words.where(mask.bool(), model.config.pad_token_id), "attention_mask": mask}


def run(model: Any, mask: Tensor, **more: Any) -> list[Tensor]:
    """What the model says of each text, and of each real token; nothing of the places of padding."""
    inputs = inputs_of(model, mask)
    if "MultipleChoice" in type(model).__name__:
        inputs = {name: value.view(2, 2, -1) for name, value in inputs.items()}
    out = model(**inputs, **more)
    names = ("last_hidden_state", "pooler_output", "logits", "start_logits", "end_logits", "prediction_logits")
    found = [out[name] for name in names if out.get(name) is not None]
    return [x[mask.bool()] if x.shape[:2] == mask.shape else x for x in found]


def apart(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """The largest difference, where the largest figure is 1 (or as it is where that is less)."""
    assert [x.shape for x in ours] == [x.shape for x in theirs]
    assert ours
    both = [(a.detach().double(), b.detach().double()) for a, b in zip(ours, theirs, strict=True)]
    return max(float((a - b).abs().max() / b.abs().max().clamp(min=1)) for a, b in both)


def gradients(model: Any, mask: Tensor, **more: Any) -> dict[str, Tensor]:
    """Of a loss that weighs all that the model says, each figure by another weight."""
    model.zero_grad()
    torch.manual_seed(1)
    sum((x * torch.randn_like(x)).sum() for x in run(model, mask, **more)).backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def same_gradients(free: Any, padded: Any, mask: Tensor) -> None:
    """In float64, but where the padded model's attention is eager: its softmax is always in float32."""
    exact = padded.config._attn_implementation == "sdpa"
    ours, theirs = (gradients(model.double() if exact else model, mask) for model in (free, padded))
    assert ours.keys() == theirs.keys()
    assert any(grad.abs().max() > 1 for grad in ours.values())
    for name, grad in ours.items():
        assert apart([grad], [theirs[name]]) <= (1e-11 if exact else 1e-4), name


@pytest.mark.parametrize(("kind", "head"), ALL)
def test_every_architecture_and_head_gives_the_same_answers_and_gradients(kind: str, head: str) -> None:
    free, padded = pair(kind, head)
    mask = mask_of("right")
    with torch.inference_mode():
        assert apart(run(free, mask), run(padded, mask)) <= 1e-5
    same_gradients(free, padded, mask)


def test_answers_without_borders_between_texts_are_far_off(monkeypatch: pytest.MonkeyPatch) -> None:
    free, padded = pair("bert")
    mask = mask_of("right")

    def one_text(module: Any, q: Tensor, k: Tensor, v: Tensor, *_: Any, **__: Any) -> tuple[Tensor, None]:
        return padding_free.sdpa(q, k, v).transpose(1, 2), None

    monkeypatch.setattr(padding_free, "attention", one_text)
    AttentionInterface.register(NAME, one_text)
    with torch.inference_mode():
        assert apart(run(free, mask), run(padded, mask)) > 0.3
    apply(free)
    assert not free.padding_free
    assert free.padded_because.startswith("a trial without padding differs by ")
    with torch.inference_mode():
        assert apart(run(free, mask), run(padded, mask)) == 0


@pytest.mark.parametrize("kind", OTHERS)
def test_an_architecture_that_can_not_stays_as_it_is_and_says_why(kind: str) -> None:
    padded = model_of(kind)
    model = copy.deepcopy(padded)
    apply(model)
    assert not model.padding_free
    assert kind in model.padded_because
    with pytest.raises(ModelError, match=f"model.padding_free  {kind}: .*use auto"):
        apply(model, "on")
    mask = mask_of("right")
    with torch.inference_mode():
        assert apart(run(model, mask), run(padded, mask)) == 0
    assert model.config._attn_implementation == padded.config._attn_implementation
    assert not [x for x in model.modules() if x._forward_pre_hooks or x._forward_hooks]


def test_a_decoder_that_looks_back_only_stays_as_it_is() -> None:
    model = model_of("bert", is_decoder=True)
    apply(model)
    assert not model.padding_free


def test_tokens_computed_are_the_real_ones_alone() -> None:
    seen = []
    for kind in ("bert", "modernbert"):
        free, _ = pair(kind)
        linear = next(x for x in free.modules() if isinstance(x, torch.nn.Linear))
        linear.register_forward_hook(lambda _, args, __: seen.append(tuple(args[0].shape)))
        run(free, mask_of("right"))
    assert seen == [(1, 27, 32), (1, 27, 32)]


@pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert", "eurobert"])
@pytest.mark.parametrize("name", [name for name in MASKS if name not in ("right", "all empty")])
def test_any_mask_gives_the_same_answers_and_gradients(kind: str, name: str) -> None:
    free, padded = pair(kind, "token")
    mask = mask_of(name)
    with torch.inference_mode():
        assert apart(run(free, mask), run(padded, mask)) <= 1e-5
    same_gradients(free, padded, mask)


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
@pytest.mark.parametrize("name", ["empty row", "all empty"])
def test_texts_without_tokens_give_numbers_everywhere(kind: str, name: str) -> None:
    free, _ = pair(kind, "sequence")
    logits = free(**inputs_of(free, mask_of(name))).logits
    logits.sum().backward()
    assert logits.isfinite().all()
    assert all(p.grad.isfinite().all() for p in free.parameters() if p.grad is not None)


@pytest.mark.parametrize("kind", ["bert", "roberta", "nomic_bert"])
def test_no_mask_and_masks_made_by_hand_are_taken(kind: str) -> None:
    free, padded = pair(kind)
    inputs = inputs_of(free, mask_of("right"))
    own = torch.rand(4, 1, 14, 14) > 0.4
    own |= torch.eye(14, dtype=torch.bool)
    with torch.inference_mode():
        for mask in (None, own, own.float().log().clamp(min=-1e4)):
            both = [[model(**{**inputs, "attention_mask": mask})[0]] for model in (free, padded)]
            assert apart(*both) <= 1e-5


@pytest.mark.parametrize("kind", ["bert", "roberta", "nomic_bert"])
def test_embeddings_positions_and_kinds_of_tokens_given_by_the_caller(kind: str) -> None:
    free, padded = pair(kind, type_vocab_size=2)
    mask = mask_of("right")
    torch.manual_seed(2)
    given = {
        "inputs_embeds": torch.randn(4, 14, 32),
        "position_ids": torch.stack([torch.randperm(14) + 2 for _ in range(4)]),
        "token_type_ids": torch.randint(0, 2, (4, 14)),
    }
    with torch.inference_mode():
        plain = [x[0][mask.bool()] for x in (free(attention_mask=mask, **given), padded(attention_mask=mask, **given))]
        for name in ("position_ids", "token_type_ids"):
            left = {key: value for key, value in given.items() if key != name}
            ours, theirs = (model(attention_mask=mask, **left)[0][mask.bool()] for model in (free, padded))
            assert apart([ours], [theirs]) <= 1e-5
            assert apart([ours], [plain[0]]) > 0.01
    assert apart([plain[0]], [plain[1]]) <= 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_states_of_all_layers_can_be_had(kind: str) -> None:
    free, padded = pair(kind)
    mask = mask_of("right")
    with torch.inference_mode():
        ours, theirs = (model(**inputs_of(model, mask), output_hidden_states=True) for model in (free, padded))
    assert len(ours.hidden_states) == free.config.num_hidden_layers + 1
    assert {x.shape for x in ours.hidden_states} == {(4, 14, 32)}
    pairs = zip((*ours.hidden_states, ours[0]), (*theirs.hidden_states, theirs[0]), strict=True)
    for a, b in pairs:
        assert apart([a[mask.bool()]], [b[mask.bool()]]) <= 1e-5


@pytest.mark.parametrize("kind", ["bert", "distilbert", "modernbert"])
def test_release_leaves_the_model_as_transformers_made_it(kind: str) -> None:
    free, padded = pair(kind)
    mask = mask_of("right")
    release(free)
    assert (free.padding_free, free.padded_because) == (False, "it was released")
    assert free.config._attn_implementation == padded.config._attn_implementation
    assert not [x for x in free.modules() if x._forward_pre_hooks or x._forward_hooks]
    with torch.inference_mode():
        assert apart(run(free, mask), run(padded, mask)) == 0
        for model in (free, padded):
            model.set_attn_implementation("eager")
        ours, theirs = (model(**inputs_of(model, mask), output_attentions=True) for model in (free, padded))
    assert [x.shape for x in ours.attentions] == [(4, 4, 14, 14)] * free.config.num_hidden_layers
    assert apart(list(ours.attentions), list(theirs.attentions)) == 0


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_attention_weights_come_from_eager_also_without_a_release(kind: str) -> None:
    free, padded = pair(kind)
    for model in (free, padded):
        model.set_attn_implementation("eager")
    with torch.inference_mode():
        ours, theirs = (
            model(**inputs_of(model, mask_of("right")), output_attentions=True).attentions for model in (free, padded)
        )
    assert apart(list(ours), list(theirs)) == 0


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_applied_twice_is_applied_once(kind: str) -> None:
    free, _ = pair(kind)
    hooks = [len(x._forward_pre_hooks) + len(x._forward_hooks) for x in free.modules()]
    apply(free, "on")
    assert [len(x._forward_pre_hooks) + len(x._forward_hooks) for x in free.modules()] == hooks
    apply(free, "off")
    assert free.config._attn_implementation == "sdpa"
    assert sum(len(x._forward_pre_hooks) + len(x._forward_hooks) for x in free.modules()) == 0


def test_fewer_layers_run_once_applied_again() -> None:
    free, padded = pair("modernbert")
    for model in (free, padded):
        model.layers = model.layers[:2]
    apply(free, "on")
    with torch.inference_mode():
        assert apart(run(free, mask_of("right")), run(padded, mask_of("right"))) <= 1e-5


@pytest.mark.parametrize("kind", ["bert", "albert", "distilbert", "modernbert"])
def test_training_with_dropout_brings_the_loss_down(kind: str) -> None:
    rates = {"attention_dropout": 0.1, "mlp_dropout": 0.1} if kind in ("modernbert", "distilbert") else {}
    free, _ = pair(kind, "sequence", initializer_range=0.02, **rates)
    free.train()
    inputs = {**inputs_of(free, mask_of("right")), "labels": torch.tensor([0, 1, 1, 0])}
    optimizer = torch.optim.Adam(free.parameters(), 3e-3)
    losses = []
    for _ in range(12):
        out = free(**inputs)
        assert out.logits.shape == (4, 2)
        out.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(out.loss.detach()))
    assert all(x == x for x in losses)
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])


def test_dropout_falls_on_real_tokens_and_on_attention() -> None:
    for rates in ({"hidden_dropout_prob": 0.0}, {"attention_probs_dropout_prob": 0.0}):
        free, _ = pair("bert", **rates)
        free.train()
        first, second = run(free, mask_of("right")), run(free, mask_of("right"))
        assert apart(first, second) > 0.1


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra", "distilbert", "modernbert", "gte"])
@pytest.mark.parametrize("reentrant", [False, True])
def test_gradient_checkpointing_gives_the_same_gradients(kind: str, reentrant: bool) -> None:
    free, padded = pair(kind, "sequence")
    for module in [*free.modules(), *padded.modules()]:
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for name in ("attention_probs_dropout_prob", "attention_dropout"):
        setattr(free.config, name, 0.0)
    for model in (free, padded):
        model.train()
    free.gradient_checkpointing_enable({"use_reentrant": reentrant})
    free.enable_input_require_grads()
    same_gradients(free, padded, mask_of("right"))


def test_bfloat16_autocast_is_as_close_as_with_padding() -> None:
    free, padded = pair("bert")
    mask = mask_of("right")
    with torch.inference_mode():
        exact = run(padded, mask)
        with torch.autocast("cpu", torch.bfloat16):
            ours, theirs = apart(run(free, mask), exact), apart(run(padded, mask), exact)
    assert 1e-4 < ours < 1.5 * theirs + 0.02
    with torch.autocast("cpu", torch.bfloat16):
        grads = gradients(free, mask)
    exact_grads = gradients(padded, mask)
    norm = sum(float(grad.norm()) for grad in exact_grads.values())
    assert sum(float((grads[name] - grad).norm()) for name, grad in exact_grads.items()) < 0.1 * norm


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_a_copy_runs_and_is_released_on_its_own(kind: str) -> None:
    free, padded = pair(kind)
    other = copy.deepcopy(free)
    mask = mask_of("right")
    with torch.inference_mode():
        expected = run(padded, mask)
        assert apart(run(other, mask), expected) <= 1e-5
        release(other)
        assert not [x for x in other.modules() if x._forward_pre_hooks or x._forward_hooks]
        assert apart(run(other, mask), expected) == 0
        assert [x for x in free.modules() if x._forward_pre_hooks]
        assert free.config._attn_implementation == NAME
        assert apart(run(free, mask), expected) <= 1e-5


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_a_saved_model_is_plain_transformers(kind: str, tmp_path: Path) -> None:
    free, padded = pair(kind, "sequence")
    free.save_pretrained(tmp_path / "free")
    padded.save_pretrained(tmp_path / "padded")
    for name in ("config.json", "model.safetensors"):
        assert (tmp_path / "free" / name).read_bytes() == (tmp_path / "padded" / name).read_bytes()
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path / "free")
    assert loaded.config._attn_implementation == "sdpa"
    with torch.inference_mode():
        assert apart(run(loaded, mask_of("right")), run(padded, mask_of("right"))) == 0


def in_two_threads(work: Any) -> None:
    threads = [threading.Thread(target=work, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_models_in_two_threads_give_their_own_answers() -> None:
    jobs = [(*pair("bert", "token"), mask_of("right")), (*pair("roberta", "token"), mask_of("hole"))]
    with torch.inference_mode():
        expected = [run(padded, mask) for _, padded, mask in jobs]
    worst = [1.0, 1.0]
    barrier = threading.Barrier(2)

    def work(which: int) -> None:
        free, _, mask = jobs[which]
        barrier.wait()
        with torch.inference_mode():
            worst[which] = max(apart(run(free, mask), expected[which]) for _ in range(30))

    in_two_threads(work)
    assert max(worst) <= 1e-5


def test_one_model_in_two_threads_keeps_their_batches_apart() -> None:
    free, padded = pair("bert", "token")
    masks = [mask_of("right"), mask_of("left")]
    with torch.inference_mode():
        expected = [run(padded, mask) for mask in masks]
    worst = [1.0, 1.0]
    barrier = threading.Barrier(2)

    def work(which: int) -> None:
        barrier.wait()
        with torch.inference_mode():
            worst[which] = max(apart(run(free, masks[which]), expected[which]) for _ in range(30))

    in_two_threads(work)
    assert max(worst) <= 1e-5


@pytest.mark.parametrize(("kind", "targets"), [("bert", ["query", "value"]), ("modernbert", ["Wqkv", "Wo"])])
def test_lora_adapters_get_the_same_gradients(kind: str, targets: list[str]) -> None:
    peft = pytest.importorskip("peft")
    both = []
    for model in pair(kind, "sequence"):
        torch.manual_seed(3)
        config = peft.LoraConfig(task_type="SEQ_CLS", target_modules=targets, init_lora_weights=False)
        both.append(peft.get_peft_model(model, config).eval())
    with torch.inference_mode():
        assert apart(*(run(model, mask_of("right")) for model in both)) <= 1e-5
    same_gradients(*both, mask_of("right"))
    assert [name for name, p in both[0].named_parameters() if "lora_A" in name and p.grad is not None]


def test_a_prefix_of_keys_runs_padded() -> None:
    peft = pytest.importorskip("peft")
    both = []
    for model in pair("bert", "token"):
        torch.manual_seed(3)
        config = peft.PrefixTuningConfig(task_type="TOKEN_CLS", num_virtual_tokens=3)
        both.append(peft.get_peft_model(model, config).eval())
    with torch.inference_mode():
        assert apart(*(run(model, mask_of("right")) for model in both)) <= 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "backend"), [("bert", "eager"), ("bert", "inductor"), ("modernbert", "inductor")])
def test_compiled_it_says_the_same(kind: str, backend: str) -> None:
    free, padded = pair(kind, "sequence")
    torch._dynamo.reset()
    compiled = torch.compile(free, backend=backend)
    with torch.inference_mode():
        for name in ("right", "one row"):
            inputs = inputs_of(free, mask_of(name))
            assert apart([compiled(**inputs).logits], [padded(**inputs).logits]) <= 1e-5


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_an_export_is_of_the_padded_model(kind: str) -> None:
    free, padded = pair(kind, "token")
    mask, other = mask_of("right"), mask_of("left")
    inputs = inputs_of(free, mask)
    free.requires_grad_(False)
    program = torch.export.export(free, (), inputs).module()
    with torch.inference_mode():
        expected = padded(**inputs_of(free, other)).logits[other.bool()]
        assert apart([program(**inputs_of(free, other)).logits[other.bool()]], [expected]) <= 1e-5
        traced = torch.jit.trace(
            lambda words, mask: free(input_ids=words, attention_mask=mask).logits, tuple(inputs.values())
        )
        assert apart([traced(*inputs_of(free, other).values())[other.bool()]], [expected]) <= 1e-5


def test_words_are_learned_with_labels_of_real_tokens() -> None:
    free, padded = pair("bert", "words")
    assert isinstance(free, AutoModelForMaskedLM._model_mapping[type(free.config)])
    mask = mask_of("right")
    inputs = inputs_of(free, mask)
    labels = inputs["input_ids"].where(mask.bool() & (torch.arange(14) % 3 == 0), -100)
    ours, theirs = (model.double()(**inputs, labels=labels).loss for model in (free, padded))
    assert apart([ours], [theirs]) < 1e-12


def heads(where: Layout, dtype: torch.dtype = torch.float32, device: str = "cpu") -> list[Tensor]:
    torch.manual_seed(4)
    shape = (1, len(where.places), 2, 8)
    return [torch.randn(shape, device=device).to(dtype).transpose(1, 2).requires_grad_() for _ in range(3)]


@pytest.mark.parametrize("name", ["right", "left", "hole", "empty row"])
def test_jagged_tensors_attend_as_padded_ones(name: str) -> None:
    where = layout(mask_of(name))
    assert where is not None
    found = []
    for attend in (padding_free._by_flash, padding_free._by_padding):
        qkv = heads(where)
        out = attend(*qkv, where, 1e-12, 0.3, None)
        assert out.shape == (1, len(where.places), 2, 8)
        (out * torch.linspace(-1, 1, out.numel()).view_as(out)).sum().backward()
        found.append([out.detach(), *(x.grad for x in qkv)])
    assert apart(*found) <= 1e-5


@pytest.mark.parametrize("window", [None, 3])
def test_texts_of_equal_length_attend_as_padded_ones(window: int | None) -> None:
    lengths = torch.tensor([9] * 5 + [4] * 6 + [1] * 4)
    where = layout(torch.arange(9) < lengths[:, None])
    assert where is not None
    assert where.runs == ((5, 9), (6, 4), (4, 1))
    found = []
    for how in (where, where._replace(runs=()), where._replace(runs=(), groups=())):
        qkv = heads(how)
        out = padding_free._by_padding(*qkv, how, 0.0, 0.3, window)
        (out * torch.linspace(-1, 1, out.numel()).view_as(out)).sum().backward()
        found.append([out.detach(), *(x.grad for x in qkv)])
    assert apart(found[0], found[1]) <= 1e-5
    assert apart(found[0], found[2]) <= 1e-5


def test_dropout_of_jagged_tensors_is_dropout() -> None:
    where = layout(mask_of("right"))
    assert where is not None
    qkv = heads(where)
    ones = torch.ones_like(qkv[2])
    torch.manual_seed(5)
    kept = torch.stack([padding_free._by_flash(qkv[0], qkv[1], ones, where, 0.3, None, None) for _ in range(200)])
    assert kept.std() > 0.1
    assert abs(float(kept.mean()) - 1) < 0.02


@pytest.mark.parametrize("window", [None, 3])
def test_flash_gets_the_texts_as_they_lie(window: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    where = layout(mask_of("right"))
    assert where is not None

    def varlen_attn(q: Tensor, k: Tensor, v: Tensor, starts: Tensor, ends: Tensor, most: int, _: int, **named: Any):
        """As its documentation has it, with torch's own attention for each text."""
        assert (starts.tolist(), ends.tolist(), most) == ([0, 9, 12, 26, 27], [0, 9, 12, 26, 27], 14)
        left, right = named["window_size"]
        assert left == right
        texts = []
        for begin, end in itertools.pairwise(starts):
            text = [x[begin:end].transpose(0, 1) for x in (q, k, v)]
            places = torch.arange(int(end - begin))
            near = (places[:, None] - places).abs() <= (left if left >= 0 else 99)
            texts.append(padding_free.sdpa(*text, attn_mask=near, scale=named["scale"]).transpose(0, 1))
        return torch.cat(texts)

    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", varlen_attn)
    qkv = heads(where)
    ours, theirs = (
        attend(*qkv, where, 0.0, 0.3, window) for attend in (padding_free._by_flash, padding_free._by_padding)
    )
    assert apart([ours], [theirs]) <= 1e-5


def test_flash_is_not_asked_for_a_window_and_dropout_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    where = layout(mask_of("right"))
    assert where is not None
    asked = []
    monkeypatch.setattr(padding_free, "_flash_fits", lambda _: True)
    for name in ("_by_flash", "_by_padding"):
        monkeypatch.setattr(padding_free, name, lambda *args, name=name: asked.append((name, *args[4:])))
    for dropout, window in ((0.0, None), (0.1, None), (0.0, 3), (0.1, 3)):
        padding_free.attention(torch.nn.Identity(), *heads(where), where, 0.3, dropout, window)
    flash, padding = "_by_flash", "_by_padding"
    assert asked == [(flash, 0.0, 0.3, None), (flash, 0.1, 0.3, None), (flash, 0.0, 0.3, 3), (padding, 0.1, 0.3, 3)]


def test_a_window_hides_what_is_far() -> None:
    mask = mask_of("right")
    narrow, _ = pair("modernbert")
    wide, _ = pair("modernbert", local_attention=64)
    with torch.inference_mode():
        assert apart(run(narrow, mask), run(wide, mask)) > 0.1


def test_the_trial_sees_a_window_that_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of("modernbert", local_attention=64)
    whole = padding_free.attention
    monkeypatch.setattr(padding_free, "attention", lambda *args, sliding_window=None, **named: whole(*args, **named))
    apply(model)
    assert model.padded_because.startswith("a trial without padding differs by ")


@pytest.mark.gpu
@pytest.mark.parametrize("window", [None, 3])
@pytest.mark.parametrize("dropout", [0.0, 1e-12])
def test_flash_attends_as_padding_does(window: int | None, dropout: float) -> None:
    where = layout(mask_of("right").cuda())
    assert where is not None
    found = []
    for dtype in (torch.bfloat16, torch.float32):
        qkv = heads(where, dtype, "cuda")
        assert padding_free._flash_fits(qkv[0]) is (dtype == torch.bfloat16)
        module = SimpleNamespace()
        out, _ = padding_free.attention(module, *qkv, where, 0.3, dropout, window)  # type: ignore[arg-type]
        out.float().square().sum().backward()
        found.append([out.detach(), *(x.grad for x in qkv)])
    assert apart(*found) < 0.05


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_on_a_card_is_as_close_as_with_padding(kind: str) -> None:
    free, padded = pair(kind)
    mask = mask_of("right").cuda()
    free, padded = free.cuda(), padded.cuda()
    inputs = {name: value.cuda() for name, value in inputs_of(free, mask.cpu()).items()}
    with torch.inference_mode():
        exact = padded(**inputs)[0][mask.bool()]
        with torch.autocast("cuda", torch.bfloat16):
            ours, theirs = (model(**inputs)[0][mask.bool()] for model in (free, padded))
    assert apart([ours], [exact]) < 1.5 * apart([theirs], [exact]) + 0.02
