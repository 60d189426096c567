"""Pretrained encoders from KerasHub presets, ``hf://`` handles, or local folders with a Hugging Face checkpoint."""

from pathlib import Path
from typing import Any

from ...errors import UserError


def load_checkpoint(handle: str) -> tuple[Any, Any]:
    """An encoder and its tokenizer.

    Args:
        handle: name of a KerasHub preset, ``hf://owner/name``, or a folder.

    Returns:
        A ``keras_hub.models.Backbone`` and a ``keras_hub.tokenizers.Tokenizer``.

    Raises:
        UserError: no handle, keras-hub is missing, there is no such checkpoint, or the hub cannot be reached.
    """
    if not handle:
        raise UserError(
            "finetuned without pretrained: give the checkpoint of a text encoder, its folder, hf://owner/name or a "
            "KerasHub preset such as pretrained=bert_small_en_uncased"
        )
    try:
        import keras_hub
    except ModuleNotFoundError as missing:
        raise UserError("finetuned needs keras-hub: pip install -r requirements-pretrained.txt") from missing
    folder = Path(handle)
    if not folder.is_dir() and (folder.is_absolute() or handle.startswith(".")):
        raise UserError(f"pretrained={handle}: there is no such folder")
    try:
        return (
            keras_hub.models.Backbone.from_preset(handle),
            keras_hub.tokenizers.Tokenizer.from_preset(handle),
        )
    except Exception as error:  # each hub's client and each format raises errors of its own
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        if folder.is_dir():
            raise UserError(
                f"pretrained={handle} cannot be read as a checkpoint of a text encoder ({reason}): expected "
                "config.json, model.safetensors and the tokenizer's files"
            ) from error
        raise UserError(
            f"pretrained={handle} cannot be loaded ({reason}): if its hub cannot be reached from here, download the "
            "checkpoint elsewhere and give its folder, pretrained=path/to/checkpoint"
        ) from error
