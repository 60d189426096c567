"""A frozen sentence encoder: texts to embeddings. Those of a split are computed once and kept."""

from __future__ import annotations

import hashlib
import json
import time
from functools import cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np

from ..network.checkpoints import load_embedder
from ..network.layers import ChunkMean
from ..network.pieces import PieceReader, make_inputs
from ..network.prediction import Predictor
from ..training import Features
from .cache import load_or_compute

PROGRESS_SECONDS = 10.0
# Word pieces of a chunk: encoders trained on sentences do worse on pages (docs/explanation/defaults.md).
CHUNK = 64


class SentenceEncoder:
    """A checkpoint and how much of a text it reads: the embedding of a text is the mean of its chunks'.

    Args:
        handle: the checkpoint (:func:`load_embedder`).
        max_length: word pieces of a text that it reads.
        truncation: which pieces of a longer text it reads (:mod:`sentiment.model.text.truncation`).
    """

    def __init__(self, handle: str, max_length: int, truncation: str) -> None:
        self.embedder = load_embedder(handle)
        preprocessor = self.embedder.preprocessor
        limits = (preprocessor.sequence_length, getattr(self.embedder.backbone, "max_sequence_length", 0))
        chunk = min(filter(None, (CHUNK, max_length, *limits)))
        self.reader = PieceReader(preprocessor.tokenizer, max_length, truncation, chunk)
        ids = keras.Input((None,), dtype="int32")
        network = keras.Model(ids, self.embedder(make_inputs(self.embedder, ids, self.reader.padding)))
        self._predictor = Predictor(ChunkMean.wrap(network, chunk, self.reader.padding), self.reader.padding)

    def embed(self, texts: list[str]) -> np.ndarray:
        """Embeddings: float32 of shape (texts, size)."""
        return self._embed_pieces(self.reader.encode(texts))

    @lru_cache(maxsize=6)  # noqa: B019, every trial of a search reads them
    def embed_split(self, features: Features, split: str) -> np.ndarray:
        """Embeddings of a split, read from ``features.kept`` if any process has computed them before."""
        pieces = self.reader.encode(features.texts(split))
        chunk = self.reader.chunk if pieces.shape[1] > self.reader.chunk else None
        versions = [version(package) for package in ("keras", "keras-hub", "tensorflow")]
        content = json.dumps([self.digest, versions, pieces.shape, chunk]).encode() + pieces.tobytes()
        key = hashlib.sha256(content).hexdigest()
        return load_or_compute(features.kept / f"{key}.npy", lambda: self._embed_pieces(pieces, split))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that an embedding depends on except its pieces: weights, architecture and pooling."""
        config = self.embedder.backbone.get_config()
        numbers = {name: value for name, value in config.items() if isinstance(value, int | float)}  # heads, layers
        how = [numbers, self.embedder.pooling_mode, self.embedder.normalize]
        content = hashlib.sha256(json.dumps(how, sort_keys=True).encode())
        for weights in self.embedder.get_weights():
            content.update(weights.tobytes())
        return content.hexdigest()

    def save(self, folder: Path) -> None:
        """Write the checkpoint into a folder, which is then its handle."""
        self.embedder.save_to_preset(str(folder))

    def _embed_pieces(self, pieces: np.ndarray, split: str = "") -> np.ndarray:
        """Embeddings of encoded texts; for a split that takes long, with its progress on the console."""
        shown = time.monotonic()

        def show(done: int) -> None:
            nonlocal shown
            if split and done < len(pieces) and time.monotonic() - shown > PROGRESS_SECONDS:
                print(f"encoder: {done:,} of {len(pieces):,} texts of the {split} split embedded", flush=True)
                shown = time.monotonic()

        return self._predictor.predict(pieces, show).astype(np.float32)
