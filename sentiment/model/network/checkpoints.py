"""Pretrained encoders from KerasHub presets, ``hf://`` handles, or local folders with a Hugging Face checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from ...errors import UserError, describe_error, optional_package
from ..hub import HUB, find_checkpoint_file

# The modules of a Sentence-Transformers folder that KerasHub reads; it ignores others.
MODULES = {"Transformer", "Pooling", "Normalize"}
POOLING = "1_Pooling/config.json"


def load_checkpoint(handle: str) -> tuple[Any, Any]:
    """An encoder to be fine-tuned, and its tokenizer.

    Args:
        handle: name of a KerasHub preset, ``hf://owner/name``, or a folder.

    Returns:
        A ``keras_hub.models.Backbone`` and a ``keras_hub.tokenizers.Tokenizer``.

    Raises:
        UserError: no handle, keras-hub is missing, there is no such checkpoint, or the hub cannot be reached.
    """

    def load(keras_hub: Any) -> tuple[Any, Any]:
        return keras_hub.models.Backbone.from_preset(handle), keras_hub.tokenizers.Tokenizer.from_preset(handle)

    encoder, tokenizer = _load(handle, load, "finetuned", "text encoder", "bert_small_en_uncased")
    _follow_accents(tokenizer, handle)
    return encoder, tokenizer


@lru_cache(maxsize=1)  # a search validates its checkpoint before it uses it
def load_embedder(handle: str) -> Any:
    """A sentence encoder with its pooling and normalization, and its tokenizer.

    Args:
        handle: as for :func:`load_checkpoint`; a folder may be one of Sentence-Transformers. If the checkpoint has no
            pooling settings, the mean of the states is taken, normalized to length 1.

    Returns:
        A ``keras_hub.models.TextEmbedder``.

    Raises:
        UserError: as for :func:`load_checkpoint`, or KerasHub does not support the checkpoint's modules.
    """
    embedder = _load(
        handle,
        lambda keras_hub: keras_hub.models.TextEmbedder.from_preset(handle),
        "encoder",
        "sentence encoder",
        "all_minilm_l6_v2_en",
    )
    _check_modules(handle, embedder)
    _follow_accents(embedder.preprocessor.tokenizer, handle)
    return embedder


def _load(handle: str, load: Callable[[Any], Any], family: str, kind: str, example: str) -> Any:
    if not handle:
        raise UserError(
            f"{family} without pretrained: give the checkpoint of a {kind}, its folder, {HUB}owner/name or a "
            f"KerasHub preset such as pretrained={example}"
        )
    with optional_package(family, "keras-hub", "requirements-pretrained.txt"):
        import keras_hub
    folder = Path(handle)
    if not folder.is_dir() and (folder.is_absolute() or handle.startswith(".")):
        raise UserError(f"pretrained={handle}: there is no such folder")
    try:
        return load(keras_hub)
    except Exception as error:  # each hub's client and each format raises errors of its own
        reason = describe_error(error)[:300]
        if folder.is_dir():
            raise UserError(
                f"pretrained={handle} cannot be read as a checkpoint of a {kind} ({reason}): expected "
                "config.json, model.safetensors and the tokenizer's files"
            ) from error
        raise UserError(
            f"pretrained={handle} cannot be loaded ({reason}): if its hub cannot be reached from here, download the "
            "checkpoint elsewhere and give its folder, pretrained=path/to/checkpoint"
        ) from error


def _check_modules(handle: str, embedder: Any) -> None:
    """Raise UserError if a Sentence-Transformers checkpoint needs something that KerasHub leaves out."""
    kinds = [module["type"].rpartition(".")[2] for module in _read_json(handle, "modules.json", [])]
    pooling = _read_json(handle, POOLING, {})
    flags = [name for name, used in pooling.items() if name.startswith("pooling_mode_") and used]
    modes = [flag.removeprefix("pooling_mode_").removesuffix("_token").removesuffix("_tokens") for flag in flags]
    if "pooling_mode" in pooling:  # in place of the flags, since Sentence-Transformers 5
        modes = [pooling["pooling_mode"]]
    unknown = sorted(set(kinds) - MODULES)
    if modes and modes != [embedder.pooling_mode]:
        unknown.append(f"pooling by {modes}")
    if unknown:
        raise UserError(
            f"pretrained={handle} has {', '.join(unknown)}, which keras-hub does not support: expected a sentence "
            "encoder with mean, max or CLS pooling, such as all-MiniLM-L6-v2"
        )


def _follow_accents(tokenizer: Any, handle: str) -> None:
    """Strip accents as a BERT checkpoint's tokenizer does, by default if it lower-cases; KerasHub does not.

    Without it *café* is an unknown word to a checkpoint trained on *cafe*.
    """
    settings = _read_json(handle, "tokenizer_config.json", {})
    if settings and hasattr(tokenizer, "strip_accents"):
        given = settings.get("strip_accents")
        tokenizer.strip_accents = tokenizer.lowercase if given is None else given


def _read_json(handle: str, name: str, default: Any) -> Any:
    """The content of a checkpoint's file; the default if there is none, as in KerasHub's own presets."""
    try:
        file = find_checkpoint_file(handle, name)
    except FileNotFoundError:
        return default
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else default
