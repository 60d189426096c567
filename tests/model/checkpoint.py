"""A tiny BERT-style checkpoint in Hugging Face's format, made on the spot: random weights, a real tokenizer."""

import json

import numpy as np
from safetensors.numpy import save_file

SIZE, LAYERS, POSITIONS = 16, 1, 64


def write_checkpoint(folder, words, labels=("NEGATIVE", "POSITIVE"), seed=0):
    """Write a checkpoint of a text classifier with a vocabulary of these words into a folder, and return its path."""
    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"do_lower_case": True, "tokenizer_class": "BertTokenizer", "model_max_length": POSITIONS})
    )
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "vocab_size": len(vocabulary),
        "hidden_size": SIZE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 2,
        "intermediate_size": 2 * SIZE,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        "id2label": dict(enumerate(labels)),
        "label2id": {label: number for number, label in enumerate(labels)},
    }
    (folder / "config.json").write_text(json.dumps(config))
    random = np.random.default_rng(seed)
    weights = {}

    def add(name, *shape):
        weights[name] = random.normal(0, 0.3, shape).astype(np.float32)

    def dense(name, inputs, outputs):
        add(f"{name}.weight", outputs, inputs)
        weights[f"{name}.bias"] = np.zeros(outputs, np.float32)

    def norm(name):
        weights[f"{name}.weight"], weights[f"{name}.bias"] = np.ones(SIZE, np.float32), np.zeros(SIZE, np.float32)

    for name, rows in (("word", len(vocabulary)), ("position", POSITIONS), ("token_type", 2)):
        add(f"bert.embeddings.{name}_embeddings.weight", rows, SIZE)
    norm("bert.embeddings.LayerNorm")
    for number in range(LAYERS):
        layer = f"bert.encoder.layer.{number}"
        for part in ("query", "key", "value"):
            dense(f"{layer}.attention.self.{part}", SIZE, SIZE)
        dense(f"{layer}.attention.output.dense", SIZE, SIZE)
        norm(f"{layer}.attention.output.LayerNorm")
        dense(f"{layer}.intermediate.dense", SIZE, 2 * SIZE)
        dense(f"{layer}.output.dense", 2 * SIZE, SIZE)
        norm(f"{layer}.output.LayerNorm")
    dense("bert.pooler.dense", SIZE, SIZE)
    dense("classifier", SIZE, len(labels))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder
