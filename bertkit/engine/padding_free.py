"""Run BERT-like encoders of transformers without padding: the same results, and no computation on padding.

A padded batch `(batch, token)` enters the embeddings as usual. Before the first layer its real tokens are packed into
one row `(1, real, hidden)`, so every linear layer, norm and activation computes real tokens alone. Only attention needs
to know where texts begin and end: transformers asks for the attention mask and gets a `Layout`, which it passes to
every layer. After the last layer the row is unpacked, with zeros at padding, so every head works unchanged. Rotary
position embeddings (ModernBERT) are packed too, before each layer.

Nothing is stored between calls; the layout is an argument of the call. So several models, threads, gradient
checkpointing (which calls the layers again in the backward pass) and data parallel work without further measures.

The price: one gather and one scatter per forward pass. On a CPU attention itself stays padded, in groups of texts of
similar length, with four gathers per layer; texts of equal length, of which a batch of short ones has many, need none.
In half precision on CUDA it runs on packed tokens.
A head that uses outputs at padding computes something else: a softmax over all tokens in question answering, or a first
token that is padding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from bertkit.engine.attention import attention as attention_with_dropout
from bertkit.engine.blocks import attend, attention_blocks
from bertkit.engine.layout import Layout, gather, layout, near, spread, visible
from bertkit.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "bertkit_padding_free"
sdpa = functional.scaled_dot_product_attention

ENCODERS = ("encoder", "transformer")
"""Names of the base model's module that holds all layers and no embeddings. Without one, the base model calls its
`layers` itself, with the rotations of its `rotary_emb`."""

TOLERANCE = 1e-4
"""Largest difference of a hidden state (of order 1) without and with padding; 1e-6 is usual."""


def attention(
    module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Layout | Tensor | None,
    scaling: float | None = None, dropout: float = 0.0, sliding_window: int | None = None, **_: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    """Attention as transformers calls it: `(1, head, real, size)` and a Layout -> `(1, real, head, size)`.

    If the encoder runs with padding, there is a mask or None instead of a Layout. A token attends to tokens that are
    less than `sliding_window` positions away.
    """
    if (shared := query.shape[1] // key.shape[1]) > 1:  # heads that share a key and a value
        key, value = key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1)
    if not isinstance(attention_mask, Layout):
        seen = _seen(attention_mask, sliding_window, query)
        return sdpa(query, key, value, seen, dropout, scale=scaling).transpose(1, 2).contiguous(), None
    run = _by_flash if _flash_fits(query) and not (dropout and sliding_window) else _by_padding
    return run(query, key, value, attention_mask, dropout, scaling, sliding_window), None


def _seen(mask: Tensor | None, window: int | None, like: Tensor) -> Tensor | None:
    """Which tokens a token attends to, as sdpa takes it: `(batch, 1, token or 1, token)`; None: to all."""
    if mask is not None and mask.dim() == 4:  # a mask of the caller's own, which transformers passes on unchanged
        return mask
    if mask is not None:
        return visible(mask, window)
    return None if window is None else near(like.shape[2], window, like.device)


def _by_padding(
    q: Tensor, k: Tensor, v: Tensor, where: Layout, dropout: float, scale: float | None, window: int | None
) -> Tensor:
    """Pad again for the attention alone, in groups of similar length; works on any device and in any precision. Texts
    of equal length are not padded at all.

    Parameters as `attention`, whose many are transformers' interface.
    """
    exact = q.dtype in (torch.float32, torch.float64)
    if dropout and q.device.type == "cpu" and exact:
        return attention_with_dropout(q, k, v, where, dropout, scale, window)
    _, heads, real, size = q.shape
    query, key, value = (x.transpose(1, 2).reshape(real, heads * size) for x in (q, k, v))
    blocks = attention_blocks(where, q.dtype, window)
    return attend(query, key, value, blocks, heads, dropout, scale).view(1, real, heads, size)


def _by_flash(
    q: Tensor, k: Tensor, v: Tensor, where: Layout, dropout: float, scale: float | None, window: int | None
) -> Tensor:
    """Flash attention on packed tokens: its variable-length form has no dropout, and jagged tensors have no window.
    A window counts real tokens here: a gap in the mask brings the tokens around it closer."""
    q, k, v = (x[0].transpose(0, 1) for x in (q, k, v))  # (real, head, size)
    if not dropout:
        from torch.nn.attention import varlen

        starts, longest, far = where.starts, where.longest, -1 if window is None else window - 1
        out: Any = varlen.varlen_attn(q, k, v, starts, starts, longest, longest, scale=scale, window_size=(far, far))
        return out[None]
    jagged = (torch.nested.nested_tensor_from_jagged(x, where.starts, max_seqlen=where.longest) for x in (q, k, v))
    q, k, v = (x.transpose(1, 2) for x in jagged)  # (batch, head, *, size)
    return sdpa(q, k, v, dropout_p=dropout, scale=scale).transpose(1, 2).values()[None]


def _flash_fits(query: Tensor) -> bool:
    """Whether flash attention supports this query: half precision, Ampere or later, head size a multiple of eight."""
    half = query.is_cuda and query.dtype in (torch.bfloat16, torch.float16) and query.shape[-1] % 8 == 0
    return half and torch.cuda.get_device_capability(query.device) >= (8, 0)


def _mask(*_: Any, attention_mask: Tensor | None = None, q_length: int = -1, **__: Any) -> Layout | Tensor | None:
    """The mask for our attention: a Layout, or the `(batch, key)` mask if the layers must run with padding."""
    prefixed = attention_mask is not None and attention_mask.shape[1] != q_length  # PEFT's, of keys and values alone
    return attention_mask if attention_mask is None or prefixed or _watched() else layout(attention_mask)


def _enter(module: torch.nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
    """Before the first layer: pack the real tokens."""
    if (where := _where(args, kwargs)) is None:
        return None
    if args:
        return (gather(args[0], where)[None], *args[1:]), kwargs
    return args, {**kwargs, "hidden_states": gather(kwargs["hidden_states"], where)[None]}


def _turn(layer: torch.nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
    """Before each layer with rotary embeddings: pack them, `(1 or batch, token, size)` -> `(1, real, size)`."""
    if (where := _where(args, kwargs)) is None:
        return None
    turns = (x.flatten(0, 1) for x in kwargs["position_embeddings"])
    return args, {**kwargs, "position_embeddings": tuple(x[where.places % len(x)][None] for x in turns)}


def _leave(module: torch.nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
    """After the last layer: unpack, with zeros at padding."""
    if (where := _where(args, kwargs)) is None:
        return None
    if isinstance(output, Tensor):
        return spread(output[0], where)
    if isinstance(output, tuple):
        return (spread(output[0][0], where), *output[1:])
    output.last_hidden_state = spread(output.last_hidden_state[0], where)
    return output


def _where(args: Any, kwargs: dict[str, Any]) -> Layout | None:
    mask = kwargs["attention_mask"] if "attention_mask" in kwargs else args[1] if len(args) > 1 else None
    return mask if isinstance(mask, Layout) else None


def _watched() -> bool:
    """Whether hidden states of the layers are requested, or the model is being traced for an export."""
    from transformers.utils.output_capturing import _active_collector

    return bool(_active_collector.get()) or torch.jit.is_tracing() or torch.compiler.is_exporting()


def apply(model: PreTrainedModel, mode: Literal["auto", "on", "off"] = "auto") -> None:
    """Make a model run without padding. Sets `model.padding_free` and, if that is False, `model.padded_because`.

    `auto` first runs a trial with the model's weights, which must give the same hidden states as with padding. Call it
    again after layers have been added or removed.

    Raises:
        ModelError: `on`, and the model can not.
    """
    release(model)
    model.padded_because = "model.padding_free is off"  # type: ignore[assignment]
    if mode == "off":
        return
    reason = _install(model) or _trial(model)
    if reason:
        release(model)
    model.padding_free, model.padded_because = not reason, reason  # type: ignore[assignment]
    if reason and mode == "on":
        todo = "use auto: batches of similar lengths have little padding"
        raise ModelError.at("model.padding_free", f"{model.config.model_type}: {reason}", todo)


def _install(model: Any) -> str:
    """Install hooks and attention. Returns why the architecture does not support them, or an empty text."""
    from transformers import AttentionInterface, AttentionMaskInterface

    parts = _parts(model)
    if not parts:
        return f"{model.config.model_type} keeps its layers in another way"
    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, _mask)
    model.padded_attention = model.config._attn_implementation
    try:
        model.set_attn_implementation(NAME)
    except ValueError:
        return f"{model.config.model_type} has an attention of its own"
    enter = parts[0].register_forward_pre_hook(_enter, with_kwargs=True)
    turned = parts if hasattr(model.base_model, "rotary_emb") else []
    turns = [part.register_forward_pre_hook(_turn, with_kwargs=True) for part in turned]
    model.padding_free_hooks = (enter, *turns, parts[-1].register_forward_hook(_leave, with_kwargs=True))
    return ""


def _parts(model: Any) -> list[torch.nn.Module]:
    """The modules that run on packed tokens: the encoder, or without one the layers; empty if there are none."""
    base = model.base_model
    encoder = next((module for name, module in base.named_children() if name in ENCODERS), None)
    if encoder is not None and getattr(base, "embeddings", None) is not None:
        return [encoder]
    return list(base.layers) if hasattr(base, "layers") and hasattr(base, "rotary_emb") else []


def release(model: Any) -> None:
    """Restore the model of transformers, for an export or for attention weights."""
    for hook in model.__dict__.pop("padding_free_hooks", ()):
        hook.remove()
    if model.config._attn_implementation == NAME:
        model.set_attn_implementation(model.padded_attention)
    model.padding_free, model.padded_because = False, "it was released"


def _trial(model: Any) -> str:
    """Run two short texts without and with padding. Returns how the results differ, or an empty text."""
    base, device = model.base_model, next(model.parameters()).device
    window = min(getattr(model.config, "sliding_window", None) or 0, 500)
    places = torch.arange(9 + window, device=device)
    mask = places < torch.tensor([[3], [len(places)]], device=device)  # (text, token)
    pad = model.config.pad_token_id
    words = (places % 7 + 1 + pad).expand(mask.shape) % model.config.vocab_size
    inputs = {"input_ids": words.where(mask, pad), "attention_mask": mask.long()}
    seen: list[Layout | None] = []
    enter = _parts(model)[0].register_forward_pre_hook(lambda _, a, k: seen.append(_where(a, k)), with_kwargs=True)
    training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            without = base(**inputs)[0]
            model.set_attn_implementation(model.padded_attention)
            padded = base(**inputs)[0]
    except Exception as error:  # an architecture that reads the mask itself may raise anything
        return f"{model.config.model_type} reads the attention mask itself ({type(error).__name__})"
    finally:
        enter.remove()
        model.set_attn_implementation(NAME)
        model.train(training)
    if not any(seen):
        return f"{model.config.model_type} makes an attention mask of its own"
    difference = float((without - padded)[mask].abs().max())
    return f"a trial without padding differs by {difference:.1g}" if not difference < TOLERANCE else ""
