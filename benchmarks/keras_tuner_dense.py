"""The peer of main.py: a plain Keras Tuner search over a dense network on movie_reviews, as courses and blogs do it.

Random search of 50 trials, 5 epochs each, over an embedding of 128, global average pooling, 1 to 3 dense layers of 64
to 256 units and dropout of 0.1 to 0.5, on the 10,000 most frequent words and 400 tokens a text. The test split is the
one of ``-P corpus=movie_reviews`` at its defaults. Prints one line of JSON.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import keras
import keras_tuner
import nltk
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sentiment.corpora.splits import clean, split

VOCABULARY, LENGTH, EPOCHS = 10_000, 400, 5


def build(hp):
    model = keras.Sequential([keras.layers.Embedding(VOCABULARY, 128), keras.layers.GlobalAveragePooling1D()])
    for layer in range(hp.Int("layers", 1, 3)):
        model.add(keras.layers.Dense(hp.Int(f"units_{layer}", 64, 256, step=64), activation="relu"))
        model.add(keras.layers.Dropout(hp.Float(f"dropout_{layer}", 0.1, 0.5, step=0.1)))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(
        keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")),
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    return model


def main(trials):
    started = time.time()
    corpus = nltk.corpus.movie_reviews
    texts = [corpus.raw(name) for name in corpus.fileids()]
    labels = [corpus.categories(name)[0] for name in corpus.fileids()]
    kept, _ = clean(pd.DataFrame({"id": corpus.fileids(), "text": texts, "label": labels}))
    parts = split(kept, 0.2, 0.1, seed=42, stratify=True)
    train, validation, test = (part["text"].tolist() for part in parts.values())
    y_train, y_validation, y_test = (np.array(part["label"] == "pos", dtype=int) for part in parts.values())
    vectorize = keras.layers.TextVectorization(max_tokens=VOCABULARY, output_sequence_length=LENGTH)
    vectorize.adapt(train)
    x_train, x_validation, x_test = (np.asarray(vectorize(part)) for part in (train, validation, test))
    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.RandomSearch(build, "val_accuracy", max_trials=trials, seed=42, directory=folder)
        tuner.search(x_train, y_train, validation_data=(x_validation, y_validation), epochs=EPOCHS, verbose=0)
        best = tuner.get_best_models()[0]
        validation_accuracy = best.evaluate(x_validation, y_validation, verbose=0)[1]
        test_accuracy = best.evaluate(x_test, y_test, verbose=0)[1]
    print(
        json.dumps(
            {
                "seconds": time.time() - started,
                "trials": trials,
                "validation_accuracy": validation_accuracy,
                "test_accuracy": test_accuracy,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
