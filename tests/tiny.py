"""The tiny BERT of the tests, and its vocabulary. Light to import: conftest.py does so in every process."""

from __future__ import annotations

from pathlib import Path

WORDS = Path(__file__).parent / "fixtures" / "words.txt"
TINY = {
    "model_type": "bert",
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}


def make_tokenizer(folder: Path) -> Path:
    """A WordPiece tokenizer of some hundred tokens, trained on WORDS, the same in every session."""
    from bertkit.data.tokenizer.train import TokenizerOptions, save, train

    words = WORDS.read_text("utf-8").splitlines()
    tokenizer = train(words, TokenizerOptions(vocab_size=400, reserved=0, min_frequency=1)).tokenizer
    tokenizer.model_max_length = 64
    save(tokenizer, folder)
    return folder


def make_bert(tokenizer_folder: Path, folder: Path) -> Path:
    """A folder with a random BERT of 2 layers of 32, without dropout, and its tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder)
    values = {key: value for key, value in TINY.items() if key != "model_type"}
    config = AutoConfig.for_model(
        "bert", **values, vocab_size=len(tokenizer), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    AutoModel.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
