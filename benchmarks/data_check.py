"""What the data check finds: flipped labels, and copies with edits; how long it takes.

    NLTK_DATA=… python benchmarks/data_check.py [--corpora sample movie_reviews path/to/folder/*.csv] [--seeds 3]
        [--sizes 10000 100000]
    # keeps its tables in data_check.md

Where cleanlab is installed (it need not be), its list for the same probabilities stands beside.
"""

import argparse
import statistics
import time
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from report import MACHINE, keep

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.splits import clean, normal_form, split
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.language import looks_english
from sentiment.quality.check import READ, SHORT, check_data
from sentiment.quality.label_errors import (
    FOLDS,
    confident_thresholds,
    find_off_diagonal,
    predict_out_of_fold,
    weigh,
)
from sentiment.quality.near_duplicates import find_pairs, group_near_duplicates, keep_together

FLIPPED = 0.05  # share of the labels
COPIES = 300  # planted for each kind of edit, in a corpus
SETTINGS = ((0.6, 30), (0.7, 0), (0.7, 30), (0.8, 30))  # similarity and least number of characters


def find_flipped(frame, seed):
    """Precision and recall of the lists for labels that were flipped at random."""
    random = np.random.default_rng(seed)
    parts = split(frame, 0.2, 0.2, 42, True)
    frame = pd.concat([part.assign(test=name == "test") for name, part in parts.items()])
    documents = [Cleaner().tokens(text) for text in frame["text"]]
    lexicon = np.median([len(tokens) for tokens in documents]) <= SHORT and looks_english(frame["text"].tolist())
    classes, true = np.unique(frame["label"].to_numpy(str), return_inverse=True)
    flipped = np.zeros(len(true), dtype=bool)
    flipped[random.choice(len(true), round(FLIPPED * len(true)), replace=False)] = True
    labels = np.where(flipped, (true + random.integers(1, len(classes), len(true))) % len(classes), true)
    test = frame["test"].to_numpy()
    probabilities = predict_out_of_fold(
        weigh([tokens[-READ:] for tokens in documents], test, lexicon), labels, test, FOLDS, seed
    )
    thresholds = confident_thresholds(probabilities[~test], labels[~test])
    rows = np.arange(len(labels))
    margin = probabilities.max(axis=1) - probabilities[rows, labels]
    lists = {"the check": find_off_diagonal(probabilities, labels, thresholds)}
    if find_spec("cleanlab"):
        from cleanlab.filter import find_label_issues

        lists["cleanlab"] = find_label_issues(labels, probabilities, n_jobs=1)
    top = np.argsort(-margin)[: flipped.sum()]
    found = {"accuracy": (probabilities.argmax(axis=1) == true).mean(), "top": flipped[top].mean()}
    for name, listed in lists.items():
        found[name] = (listed.mean(), flipped[listed].mean(), listed[flipped].mean())
    return found


def edits(words, random, vocabulary):
    """Copies of a text of these words: with a typo, a word replaced, a word inserted, three words appended."""
    place = int(random.integers(len(words)))
    other, *more = random.choice(vocabulary, 4)
    word = words[place]
    typo = word[: len(word) // 2] + word[len(word) // 2 + 1 :]
    return {
        "a letter left out": [*words[:place], typo, *words[place + 1 :]],
        "a word replaced": [*words[:place], other, *words[place + 1 :]],
        "a word inserted": [*words[:place], other, *words[place:]],
        "three words appended": [*words, *more],
    }


def find_planted(frame, seed):
    """For each setting the share of planted copies that are found, by the edit, and the pairs among the originals."""
    random = np.random.default_rng(seed)
    forms = sorted({normal_form(text) for text in frame["text"]})
    vocabulary = np.array(sorted({word for form in forms for word in form.split()}))
    long_enough = [place for place, form in enumerate(forms) if len(form.split()) >= 6]
    chosen = random.choice(long_enough, min(COPIES, len(long_enough)), replace=False)
    copies = [
        (kind, place, " ".join(words))
        for place in chosen
        for kind, words in edits(forms[place].split(), random, vocabulary).items()
    ]
    found = {}
    for similarity, length in SETTINGS:
        of_kind = defaultdict(list)
        # One kind at a time, so that a copy is not found by way of another copy.
        for wanted in ("a letter left out", "a word replaced", "a word inserted", "three words appended"):
            planted = [(place, text) for kind, place, text in copies if kind == wanted]
            together = [*forms, *(text for _, text in planted)]
            pairs = {tuple(pair) for pair in find_pairs(together, similarity, length).tolist()}
            of_kind[wanted] = [(place, len(forms) + number) in pairs for number, (place, _) in enumerate(planted)]
        accidental = len(find_pairs(forms, similarity, length))
        found[similarity, length] = {kind: statistics.mean(hits) for kind, hits in of_kind.items()} | {
            "pairs": accidental
        }
    return found


def measure_seconds(texts):
    """Seconds of the grouping and of all checks for made-up texts of 20 words of the sample."""
    words = np.array(
        [word for _, text in zip(range(2_000), CorpusInput(Corpus("sample")).read()["text"]) for word in text.split()]
    )
    random = np.random.default_rng(0)
    made = pd.Series([" ".join(row) for row in random.choice(words, (texts, 20))])
    labels = random.choice(["negative", "positive"], texts)
    frame = pd.DataFrame({"id": [str(number) for number in range(texts)], "text": made, "label": labels})
    started = time.process_time()
    groups = group_near_duplicates(made)
    grouped = time.process_time()
    parts = split(frame, 0.2, 0.2, 42, True, keep_together(groups, made))
    divided = time.process_time()
    check_data(parts, pd.Series(groups.to_numpy(), index=made), 0.2, 0.2, 42)
    return grouped - started, time.process_time() - divided


def main(corpora, seeds, sizes):
    frames = {Path(corpus).stem: clean(CorpusInput(Corpus(corpus)).read())[0] for corpus in corpora}
    lines = [
        "# The data check",
        "",
        f"{MACHINE}. {FLIPPED:.0%} of the labels of a corpus flipped at random, means over {seeds} seeds. "
        "Listed: share of all texts on the list. Precision counts only flipped labels as errors; what else is listed "
        "are texts that the model gets wrong, and earlier errors. At the top: precision of the first 5%.",
        "",
        "| corpus | texts | accuracy of the model | at the top | list | listed | precision | recall |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, frame in frames.items():
        runs = [find_flipped(frame, seed) for seed in range(seeds)]
        accuracy, top = (statistics.mean(run[key] for run in runs) for key in ("accuracy", "top"))
        for which in [key for key in runs[0] if isinstance(runs[0][key], tuple)]:
            listed, precision, recall = (statistics.mean(run[which][place] for run in runs) for place in range(3))
            lines.append(
                f"| {name} | {len(frame)} | {accuracy:.3f} | {top:.2f} | {which} | {listed:.1%} | {precision:.2f} "
                f"| {recall:.2f} |"
            )
    keep(__file__, lines)
    lines += [
        "",
        f"Near-duplicates: share of {COPIES} planted copies of texts of six words and more found, by the edit, "
        "and the pairs that are found among the corpus's own texts (the last column; all of them are listed by ingest, "
        "and in rated_tweets they are copies with other words of emphasis).",
        "",
        "| corpus | similarity | least characters | letter left out | word replaced | word inserted "
        "| three words appended | own pairs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, frame in frames.items():
        for (similarity, length), shares in find_planted(frame, 0).items():
            pairs = shares.pop("pairs")
            cells = " | ".join(f"{share:.2f}" for share in shares.values())
            lines.append(f"| {name} | {similarity} | {length} | {cells} | {pairs} |")
    keep(__file__, lines)
    lines += [
        "",
        "Seconds of one processor, texts of 20 words:",
        "",
        "| texts | grouping of near-duplicates | all checks after it |",
        "|---|---|---|",
    ]
    for size in sizes:
        lines.append(f"| {size:,} | {' | '.join(f'{seconds:.1f}' for seconds in measure_seconds(size))} |")
    keep(__file__, lines)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--corpora", nargs="+", default=["sample"])
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    main(**vars(arguments.parse_args()))
