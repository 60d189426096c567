"""What an epoch takes with different batches of the same reviews, by the networks that read the words in their order.

    NLTK_DATA=… python benchmarks/epochs.py            # prints the table and keeps it in benchmarks/epochs.md

``as tutorials do it``: a ``tf.data`` dataset, shuffled and batched. ``in order``: ours without sorting. ``of like
length``: ours as it is. The three take turns, REPEATS times; a run's figure is the median of its epochs after the
first, which traces.
"""

import statistics
import time
from collections import Counter

import numpy as np
from nltk.corpus import movie_reviews
from report import MACHINE, keep

from sentiment.model.families import get_family
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.vocabulary import PADDING, Vocabulary

EPOCHS, REPEATS, TOKENS, BATCH = 4, 3, 800, 32
KINDS = ("as tutorials do it", "in order", "of like length")


def epoch_seconds(family, split, kind, vocabulary):
    import keras
    import tensorflow as tf

    from sentiment.model.network.adam import FusedAdam
    from sentiment.model.network.batches import make_batches
    from sentiment.model.network.training_loop import reset

    reset(42)
    chosen = get_family(family)
    network = chosen.build(chosen.defaults, vocabulary, 2)
    network.compile(optimizer=FusedAdam(1e-3), loss="sparse_categorical_crossentropy")
    if kind == "as tutorials do it":
        batches = tf.data.Dataset.from_tensor_slices(split).shuffle(len(split[1]), seed=42).batch(BATCH)
    else:
        batches = make_batches(split, BATCH, PADDING if kind == "of like length" else None, seed=42)
    ends = []
    clock = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
    network.fit(batches, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[clock])
    return statistics.median(np.diff(ends))


def main():
    get_family("lstm").prepare()
    cleaner = Cleaner()
    documents = [cleaner.tokens(movie_reviews.raw(name)) for name in movie_reviews.fileids()]
    labels = np.array([name.startswith("pos") for name in movie_reviews.fileids()], dtype=np.int32)
    vocabulary = Vocabulary.learn(Counter(token for tokens in documents for token in tokens), 10_000)
    rows = []
    split = vocabulary.encode(documents, TOKENS, "last"), labels
    for family in ("lstm", "transformer"):
        found = {kind: [] for kind in KINDS}
        for _ in range(REPEATS):
            for kind in KINDS:
                found[kind].append(epoch_seconds(family, split, kind, vocabulary))
        seconds = [statistics.median(found[kind]) for kind in KINDS]
        ratios = [seconds[0] / later for later in seconds[1:]]
        rows.append(f"| {family} | {' | '.join(f'{value:.2f}' for value in (*seconds, *ratios))} |")
        print(rows[-1], flush=True)
    keep(
        __file__,
        [
            "# Seconds an epoch",
            "",
            f"{MACHINE}; {len(documents):,} reviews of movie_reviews, {TOKENS} tokens, batches of {BATCH}, "
            f"medians of {REPEATS} runs of {EPOCHS} epochs.",
            "",
            f"| family | {' | '.join(KINDS)} | times as fast in order | of like length |",
            f"|---|{'---|' * (len(KINDS) + 2)}",
            *rows,
        ],
    )


if __name__ == "__main__":
    main()
