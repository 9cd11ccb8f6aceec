"""Any BERT-like encoder without padding, exactly: transformers' models as they are, and no token computed in vain.

A padded batch of `(batch, token)` enters the embeddings as ever. Before the first layer its real tokens are gathered
into one row `(1, real, hidden)`; every linear layer, norm and activation then sees real tokens alone. Only attention
must know where texts begin and end: transformers asks us for the mask that it takes, and gets a `Layout`, which it
hands to every layer. After the last layer the row is spread again, so that every head works as it is; places of padding
hold zeros there. Where positions are rotations (ModernBERT), those too are gathered, before each layer.

Nothing is kept between calls, neither on the model nor beside it: the layout travels with the call. So two models, two
threads, gradient checkpointing (which calls the layers again in the backward pass) and data parallel need no care.

The price: one gather and one scatter a forward pass, and on a processor three scatters and a gather a layer. Attention
itself stays padded there, among texts of like length; in half precision on CUDA it runs on the tokens as they lie. What
a head computes of the places of padding is another: question answering's softmax over all places, or a first place that
is padding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from bertkit.engine.layout import Layout, gather, layout, spread
from bertkit.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

NAME = "bertkit_padding_free"
sdpa = functional.scaled_dot_product_attention

ENCODERS = ("encoder", "transformer")
"""Names of the module, below the base model, that holds all layers and nothing of the embeddings. Without one, the
base model calls its `layers` itself, with the rotations of its `rotary_emb`."""

TOLERANCE = 1e-4
"""Largest difference between a hidden state (of order 1) without padding and the padded one; usual is 1e-6."""


def attention(
    module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Layout | Tensor | None,
    scaling: float | None = None, dropout: float = 0.0, sliding_window: int | None = None, **_: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    """Attention as transformers calls it: `(1, head, real, size)` and a Layout -> `(1, real, head, size)`.

    Where the encoder runs padded after all, there is no Layout but a mask, or None. A token sees those that are less
    than `sliding_window` places away.
    """
    if (shared := query.shape[1] // key.shape[1]) > 1:  # heads that share a key and a value
        key, value = key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1)
    if not isinstance(attention_mask, Layout):
        seen = _seen(attention_mask, sliding_window, query)
        return sdpa(query, key, value, seen, dropout, scale=scaling).transpose(1, 2).contiguous(), None
    run = _by_flash if _flash_fits(query) and not (dropout and sliding_window) else _by_padding
    return run(query, key, value, attention_mask, dropout, scaling, sliding_window), None


def _seen(mask: Tensor | None, window: int | None, like: Tensor) -> Tensor | None:
    """Which tokens a token attends to, as sdpa takes it: `(batch, 1, token or 1, token)`; None where to all."""
    if mask is not None and mask.dim() == 4:  # a caller's own, which transformers takes as it is
        return mask
    keys = None if mask is None else mask.bool()[:, None, None, :]
    if window is None:
        return keys
    places = torch.arange(like.shape[2] if mask is None else mask.shape[1], device=like.device)
    near = (places[:, None] - places).abs() < window  # (token, token)
    return near if keys is None else near & keys


def _by_padding(
    q: Tensor, k: Tensor, v: Tensor, where: Layout, dropout: float, scale: float | None, window: int | None
) -> Tensor:
    """Padded again for the attention alone, by groups of like length; right on any device and in any precision."""
    if where.groups:
        sizes = [len(group.places) for group in where.groups]
        parts = zip(q.split(sizes, 2), k.split(sizes, 2), v.split(sizes, 2), where.groups, strict=True)
        return torch.cat([_by_padding(*part, dropout, scale, window) for part in parts], 1)
    _, heads, real, size = q.shape
    packed = (x.transpose(1, 2).reshape(real, heads * size) for x in (q, k, v))
    q, k, v = (spread(x, where).view(*where.mask.shape, heads, size).transpose(1, 2) for x in packed)
    out = sdpa(q, k, v, _seen(where.mask, window, q), dropout, scale=scale)  # (batch, head, token, size)
    return gather(out.transpose(1, 2), where).view(1, real, heads, size)


def _by_flash(
    q: Tensor, k: Tensor, v: Tensor, where: Layout, dropout: float, scale: float | None, window: int | None
) -> Tensor:
    """Flash attention on the tokens as they lie; its variable-length form takes no dropout, jagged tensors no window.
    A window counts real tokens here: a hole in a mask brings the tokens around it closer."""
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
    """Whether flash attention takes this query: half precision on a card from Ampere on, sizes in steps of eight."""
    half = query.is_cuda and query.dtype in (torch.bfloat16, torch.float16) and query.shape[-1] % 8 == 0
    return half and torch.cuda.get_device_capability(query.device) >= (8, 0)


def _mask(*_: Any, attention_mask: Tensor | None = None, q_length: int = -1, **__: Any) -> Layout | Tensor | None:
    """The mask that our attention takes: the Layout, or where the layers must run padded, the `(batch, key)` mask."""
    prefixed = attention_mask is not None and attention_mask.shape[1] != q_length  # PEFT's, of keys and values alone
    return attention_mask if attention_mask is None or prefixed or _watched() else layout(attention_mask)


def _enter(module: torch.nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
    """Before the first layer: real tokens alone."""
    if (where := _where(args, kwargs)) is None:
        return None
    if args:
        return (gather(args[0], where)[None], *args[1:]), kwargs
    return args, {**kwargs, "hidden_states": gather(kwargs["hidden_states"], where)[None]}


def _turn(layer: torch.nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
    """Before each layer with rotations: `(1 or batch, token, size)` -> `(1, real, size)`."""
    if (where := _where(args, kwargs)) is None:
        return None
    turns = (x.flatten(0, 1) for x in kwargs["position_embeddings"])
    return args, {**kwargs, "position_embeddings": tuple(x[where.places % len(x)][None] for x in turns)}


def _leave(module: torch.nn.Module, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
    """After the last layer: padded as before, with zeros in the places of padding."""
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
    """Whether hidden states of the layers are asked for, which are read between them, or an export follows them."""
    from transformers.utils.output_capturing import _active_collector

    return bool(_active_collector.get()) or torch.jit.is_tracing() or torch.compiler.is_exporting()


def apply(model: PreTrainedModel, wish: Literal["auto", "on", "off"] = "auto") -> None:
    """Make a model run without padding; sets `model.padding_free` and, where it is False, `model.padded_because`.

    `auto` does so where a trial with the very weights shows the same hidden states as with padding. To be called again
    where layers have been added or taken away.

    Raises:
        ModelError: `on`, and the model can not.
    """
    release(model)
    model.padded_because = "model.padding_free is off"  # type: ignore[assignment]
    if wish == "off":
        return
    because = _install(model) or _trial(model)
    if because:
        release(model)
    model.padding_free, model.padded_because = not because, because  # type: ignore[assignment]
    if because and wish == "on":
        todo = "write auto, which takes batches of similar lengths"
        raise ModelError.at("model.padding_free", f"{model.config.model_type}: {because}", todo)


def _install(model: Any) -> str:
    """Hooks and attention; or what this architecture lacks for them."""
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
    """What runs on real tokens alone: the encoder, or where there is none, its layers; else nothing."""
    base = model.base_model
    encoder = next((module for name, module in base.named_children() if name in ENCODERS), None)
    if encoder is not None and getattr(base, "embeddings", None) is not None:
        return [encoder]
    return list(base.layers) if hasattr(base, "layers") and hasattr(base, "rotary_emb") else []


def release(model: Any) -> None:
    """Leave the model as transformers made it: for an export, or where attention weights are asked for."""
    for hook in model.__dict__.pop("padding_free_hooks", ()):
        hook.remove()
    if model.config._attn_implementation == NAME:
        model.set_attn_implementation(model.padded_attention)
    model.padding_free, model.padded_because = False, "it was released"


def _trial(model: Any) -> str:
    """Run two short texts without and with padding; what is wrong with the first, or nothing."""
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
    except Exception as error:  # an architecture that reads the mask itself fails in any way
        return f"{model.config.model_type} reads the attention mask itself ({type(error).__name__})"
    finally:
        enter.remove()
        model.set_attn_implementation(NAME)
        model.train(training)
    if not any(seen):
        return f"{model.config.model_type} makes an attention mask of its own"
    difference = float((without - padded)[mask].abs().max())
    return f"a trial without padding differs by {difference:.1g}" if not difference < TOLERANCE else ""
