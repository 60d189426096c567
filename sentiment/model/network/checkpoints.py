"""Pretrained encoders, by KerasHub: its presets, ``hf://`` handles, or a local folder with a Hugging Face checkpoint."""

from pathlib import Path

from ...errors import UserError


def load_checkpoint(handle):
    """An encoder and its tokenizer.

    Args:
        handle: name of a KerasHub preset, ``hf://owner/name``, or a folder.

    Returns:
        A tuple of a ``keras_hub.models.Backbone`` and a ``keras_hub.tokenizers.Tokenizer``.

    Raises:
        UserError: keras-hub is missing, there is no such checkpoint, or its hub cannot be reached.
    """
    try:
        import keras_hub
    except ModuleNotFoundError as missing:
        raise UserError("pretrained needs keras-hub: pip install -r requirements-pretrained.txt") from missing
    folder = Path(handle)
    if not folder.is_dir() and (folder.is_absolute() or handle.startswith(".")):
        raise UserError(f"pretrained={handle}: there is no such folder")
    try:
        return (
            keras_hub.models.Backbone.from_preset(handle),
            keras_hub.tokenizers.Tokenizer.from_preset(handle),
        )
    except Exception as error:  # each hub's client and each format raises its own
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        if folder.is_dir():
            raise UserError(
                f"pretrained={handle} cannot be read as a checkpoint of a text encoder ({reason}): expected config.json, "
                "model.safetensors and the tokenizer's files"
            ) from error
        raise UserError(
            f"pretrained={handle} cannot be loaded ({reason}): if its hub cannot be reached from here, download the "
            "checkpoint elsewhere and give its folder, pretrained=path/to/checkpoint"
        ) from error
