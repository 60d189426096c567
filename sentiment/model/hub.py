"""Files of checkpoints: in a folder, or on the Hugging Face hub, ``hf://owner/name``."""

from pathlib import Path

HUB = "hf://"


def find_checkpoint_file(handle: str, name: str) -> Path:
    """The path of a checkpoint's file, which need not exist; one on the hub is downloaded.

    Raises:
        FileNotFoundError: the checkpoint on the hub has no such file, or the hub cannot be reached.
        OSError, ValueError: there is no such checkpoint, or it is private or gated.
    """
    if not handle.startswith(HUB):
        return Path(handle) / name
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    try:
        return Path(hf_hub_download(handle.removeprefix(HUB), name))
    except EntryNotFoundError as error:
        raise FileNotFoundError(str(error)) from error
