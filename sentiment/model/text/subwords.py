"""Subwords of words or raw texts, which a network's vocabulary can consist of instead of words."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UserError, describe_error, optional_package
from ..hub import HUB, find_checkpoint_file
from .tweets import replace_surrogates

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FILE = "tokenizer.json"
UNKNOWN_CHARACTER = "[UNK]"


class Subwords:
    """Splits documents with a tokenizer of the library tokenizers.

    Args:
        content: of its file ``tokenizer.json``.
        raw_text: whether it splits raw texts, as a checkpoint's tokenizer does, or the words of a cleaner.
    """

    requirements = ("tokenizers",)

    def __init__(self, content: str, raw_text: bool) -> None:
        self.content = content
        self.raw_text = raw_text

    @classmethod
    def learn(cls, documents: Iterable[list[str]], size: int) -> Subwords:
        """Byte pair encoding (Sennrich, Haddow and Birch 2016) of words; it never merges across them.

        The library's other trainers, and this one with a prefix for the inside of words, differ from run to run.

        Args:
            documents: the words of only the training split.
            size: maximum number of subwords, unless the words have more distinct characters.
        """
        library = _import_library()
        tokenizer = library.Tokenizer(library.models.BPE(unk_token=UNKNOWN_CHARACTER))
        tokenizer.pre_tokenizer = library.pre_tokenizers.Metaspace()  # marks where a word starts
        trainer = library.trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            special_tokens=[UNKNOWN_CHARACTER],
            show_progress=False,
        )
        tokenizer.train_from_iterator((" ".join(words) for words in documents), trainer)
        return cls(tokenizer.to_str(), raw_text=False)

    @classmethod
    def of_checkpoint(cls, handle: str) -> Subwords:
        """The tokenizer of a Hugging Face checkpoint.

        Args:
            handle: a folder with ``tokenizer.json``, or ``hf://owner/name``.

        Raises:
            UserError: there is no such tokenizer, or the hub cannot be reached.
        """
        _import_library()
        tokenizer = cls(_read_tokenizer(handle), raw_text=True)
        try:
            tokenizer.split(["a"])
        except Exception as error:  # the library raises bare exceptions
            raise UserError(f"pretrained={handle}: its {FILE} cannot be read: {error}") from error
        return tokenizer

    @classmethod
    def load(cls, folder: Path, raw_text: bool) -> Subwords:
        """Read what :meth:`save` wrote."""
        return cls((folder / FILE).read_text(encoding="utf-8"), raw_text)

    def save(self, folder: Path) -> None:
        (folder / FILE).write_text(self.content, encoding="utf-8")

    def split(self, documents: list[Any]) -> list[list[str]]:
        """The subwords of each document, in order, without start and end markers.

        Args:
            documents: raw texts if ``raw_text``, else the words of each text.
        """
        valid = [
            replace_surrogates(given) if self.raw_text else list(map(replace_surrogates, given)) for given in documents
        ]
        encoded = self._tokenizer.encode_batch(valid, is_pretokenized=not self.raw_text, add_special_tokens=False)
        # A vocabulary is a file of lines.
        return [[token.replace("\n", "⏎") for token in one.tokens] for one in encoded]

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = _import_library().Tokenizer.from_str(self.content)
        tokenizer.no_truncation()  # a checkpoint's file may have both
        tokenizer.no_padding()
        return tokenizer


def _import_library() -> Any:
    with optional_package("tokens=subword or tokens=checkpoint", "tokenizers", "requirements-tokenizers.txt"):
        import tokenizers
    return tokenizers


def _read_tokenizer(handle: str) -> str:
    if not handle:
        raise UserError(
            f"tokens=checkpoint without pretrained: give the folder of a Hugging Face checkpoint, or {HUB}owner/name"
        )
    try:
        file = find_checkpoint_file(handle, FILE)
    except (OSError, ValueError) as error:
        reason = describe_error(error)[:300]
        raise UserError(
            f"pretrained={handle}: its {FILE} cannot be loaded ({reason}): if the hub cannot be reached from here, "
            "download the checkpoint elsewhere and give its folder, pretrained=path/to/checkpoint"
        ) from error
    if not file.is_file():
        raise UserError(
            f"pretrained={handle} has no {FILE}: expected the folder of a Hugging Face checkpoint; of an older one "
            "AutoTokenizer.from_pretrained(folder).save_pretrained(folder) of transformers writes that file"
        )
    return file.read_text(encoding="utf-8")
