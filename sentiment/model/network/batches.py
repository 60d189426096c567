"""The batches that networks are trained on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

IN_MEMORY = 50_000  # documents; a larger split is not copied but read batch by batch
SORTED_BATCHES = 8  # batches whose texts are sorted by length together


def make_batches(
    split: tuple[np.ndarray, ...], batch_size: int, padding: int | None = None, seed: int | None = None
) -> tf.data.Dataset:
    """A split in batches. If ``padding`` is given, texts of similar length share a batch, trimmed to the longest of
    them.

    On movie_reviews, with texts of up to 800 tokens, trimming reduces the time of an epoch of the transformer by a
    quarter (benchmarks/epochs.md).

    Args:
        split: token ids, int32 of shape (documents, length), and further arrays with a row for each document. More
            than ``IN_MEMORY`` documents are not copied, so that processes share memory-mapped arrays.
        batch_size: documents per batch.
        padding: the id that pads texts at their end; None to leave the batches as wide as the split.
        seed: shuffles the documents, differently in each epoch; None keeps their order, or sorts them.

    Returns:
        A dataset of tuples of tensors, with ``ceil(documents / batch_size)`` batches.
    """
    is_large = len(split[1]) > IN_MEMORY
    batches = tf.data.Dataset.range(len(split[1])) if is_large else tf.data.Dataset.from_tensor_slices(split)
    if seed is not None:
        batches = batches.shuffle(len(split[1]), seed=seed)

    def read(rows: Any) -> tuple:
        kinds = [tf.as_dtype(column.dtype) for column in split]
        columns = tf.numpy_function(lambda places: [column[places] for column in split], [rows], kinds)
        for column, whole in zip(columns, split):
            column.set_shape((None, *whole.shape[1:]))
        return tuple(columns)

    def gather(size: int) -> tf.data.Dataset:
        return batches.batch(size).map(read) if is_large else batches.batch(size)

    if padding is None:
        batches = gather(batch_size)
    else:

        def lengths(ids: Any) -> Any:
            return tf.math.count_nonzero(ids != padding, axis=1)

        def sort_by_length(*columns: Any) -> tuple:
            order = tf.argsort(lengths(columns[0]), stable=True)
            return tuple(tf.gather(column, order) for column in columns)

        def trim(ids: Any, *others: Any) -> tuple:
            return ids[:, : tf.maximum(tf.reduce_max(lengths(ids)), 1)], *others

        batches = gather(SORTED_BATCHES * batch_size).map(sort_by_length).rebatch(batch_size)
        if seed is not None:
            batches = batches.shuffle(SORTED_BATCHES, seed=seed)
        count = math.ceil(len(split[1]) / batch_size)
        batches = batches.map(trim).apply(tf.data.experimental.assert_cardinality(count))
    # When an iterator ends, it waits for tf.data's autotuner, which sleeps for twice as long each time (TensorFlow
    # 2.21): epochs of 12.6 s took 20.4 s.
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)
