"""Time and memory of each step at 10,000, 100,000 and 1,000,000 texts of about 20 words.

    NLTK_DATA=… python benchmarks/growth.py [--sizes 10000 100000 1000000] [--trials 5] [--last predict] [--folder DIR]
    # prints the table and keeps it in growth.md; what was measured before, in --folder, is not run again

The steps run one after the other, each as a process of its own, with the defaults. A text is put together from pieces
of movie_reviews' reviews, of which two out of three have its label, and one text in four has a misspelled word: its
words follow Zipf's law, and new words and n-grams keep coming. CPU seconds are those of the process and of what it
started, imports included; the memory is the most that one of these processes had resident.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from nltk.corpus import movie_reviews
from report import MACHINE, PROJECT, keep

SIZES = (10_000, 100_000, 1_000_000)
PIECE = (3, 10)  # words
PIECES = 3
OWN = 2 / 3  # share of the pieces that are from reviews with the text's label
MISSPELLED = 1 / 4  # share of the texts with a word that may be new
# Kilobytes, of which Linux counts the resident set, in a MB.
UNIT = 1000


def write_corpus(path, size, seed=42):
    """Write ``size`` texts with their labels as CSV."""
    draw = random.Random(seed)
    words = {label: list(movie_reviews.words(categories=label)) for label in ("neg", "pos")}
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for _ in range(size):
            label = draw.choice(("neg", "pos"))
            text = []
            for _ in range(PIECES):
                source = words[label if draw.random() < OWN else draw.choice(("neg", "pos"))]
                start = draw.randrange(len(source) - PIECE[1])
                text += source[start : start + draw.randint(*PIECE)]
            if draw.random() < MISSPELLED:
                place = draw.randrange(len(text))
                letters = list(text[place])
                letters.insert(draw.randrange(len(letters) + 1), draw.choice("abcdefghijklmnopqrstuvwxyz"))
                letters.insert(draw.randrange(len(letters) + 1), draw.choice("abcdefghijklmnopqrstuvwxyz"))
                text[place] = "".join(letters)
            writer.writerow([" ".join(text), label])


def run_step(folder, step):
    """Run a step in a folder, and return its wall and CPU seconds and its memory in MB."""
    started = time.time()
    with open(folder / "log.txt", "a", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "steps", *step],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(PROJECT), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"},
            stdout=log,
            stderr=log,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(step)} ended with {process.returncode}, see {folder / 'log.txt'}")
    return {
        "wall": time.time() - started,
        "cpu": used.ru_utime + used.ru_stime,
        "mb": used.ru_maxrss / UNIT,
    }


def measure(folder, size, trials, last):
    """The steps' figures by name; those of an earlier call are read back."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "figures.json"
    found = json.loads(kept.read_text()) if kept.exists() else {}
    corpus = folder / "corpus.csv"
    if not corpus.exists():
        write_corpus(corpus, size)
    steps = {
        "ingest": ["ingest", f"--corpus={corpus}"],
        "featurize": ["featurize"],
        "tune (simple)": ["tune", f"--max_evals={trials}"],
        "compare": ["compare"],
        "register": ["register"],
        "predict": ["predict", f"--input={corpus}", "--output=scored.parquet", "--overwrite=true"],
    }
    for name, step in steps.items():
        if name not in found:
            found[name] = run_step(folder, step)
            kept.write_text(json.dumps(found))
            print(
                f"{size:>9,} {name:<16} " + ", ".join(f"{found[name][key]:,.0f} {key}" for key in found[name]),
                flush=True,
            )
        if step[0] == last:
            break
    return found


def tabulate(found):
    """The lines of the table: a row a step, three columns a size, and how CPU seconds a text grow to the largest."""
    *_, before, last = sorted(found)
    header = ["step", *(f"{size:,}: s | CPU s | MB" for size in sorted(found)), f"a text, to {before:,}"]
    lines = [f"| {' | '.join(header)} |", "|---" * (3 * len(found) + 2) + "|"]
    for step in found[before]:
        of_step = [found[size].get(step) for size in sorted(found)]
        cells = [f"{each[key]:,.0f}" if each else "" for each in of_step for key in ("wall", "cpu", "mb")]
        grown = f"{of_step[-1]['cpu'] / last / (of_step[-2]['cpu'] / before):.2f}" if of_step[-1] else ""
        lines.append(f"| {step} | {' | '.join(cells)} | {grown} |")
    return lines


def main(arguments):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments.folder or temporary)
        found = {size: measure(folder / str(size), size, arguments.trials, arguments.last) for size in arguments.sizes}
    keep(
        __file__,
        [
            "# From ten thousand to a million texts",
            "",
            f"{MACHINE}; texts of about 20 words put together from movie_reviews, `simple` with {arguments.trials} "
            "trials. Seconds, CPU seconds and the largest resident set of a process of each step; last, the CPU "
            "seconds a text at the largest size over those at the size before it.",
            "",
            *tabulate(found),
        ],
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--trials", type=int, default=5, help="of the search")
    parser.add_argument("--last", default="predict", help="the last step to measure")
    parser.add_argument("--folder", help="where the corpora, runs and figures are kept")
    main(parser.parse_args())
