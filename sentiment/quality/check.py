"""All checks of a corpus, and the results that ingest logs."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run

from sentiment.batches import Mapper, map_texts
from sentiment.corpora.corrections import LISTED_LABEL
from sentiment.corpora.labels import LABELLED_BY
from sentiment.corpora.splits import find_splits, hash_text
from sentiment.markdown import escape_prose
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.language import looks_english
from sentiment.quality.balance import describe_balance
from sentiment.quality.finding import Finding
from sentiment.quality.label_errors import describe_label_errors, find_label_errors
from sentiment.quality.language import describe_languages
from sentiment.quality.leakage import describe_leakage
from sentiment.quality.lengths import LENGTHS, count_lengths, describe_lengths
from sentiment.quality.near_duplicates import describe_near_duplicates, keep_together, list_near_duplicates
from sentiment.quality.personal_data import describe_personal_data
from sentiment.tracking import DATA_CHECK

# Texts of larger corpora that are checked word by word; the other checks read all texts.
SAMPLE = 20_000
# Tokens of a text that the label model reads: the last ones, where reviewers usually state their verdict.
READ = 400
NOTED = 3  # examples of a warning in the run's description, which is limited to 8,000 characters
SHORT = 100  # median number of tokens up to which VADER's scores help the model: they are means over sentences


@dataclass(frozen=True)
class DataCheck:
    """The results of the checks.

    Args:
        findings: warnings first.
        suspects: likely label errors, the likeliest first: columns id, text, label, suggested, probability and split.
        near_duplicates: the texts that have some, by group: columns id, text, label, split and group.
    """

    findings: list[Finding]
    suspects: pd.DataFrame
    near_duplicates: pd.DataFrame

    def metrics(self) -> dict[str, float]:
        """The metrics of the ingest run."""
        across = self.near_duplicates.groupby("group")["split"].nunique() > 1
        return {
            "label_suspects": len(self.suspects),
            "near_duplicates": len(self.near_duplicates),
            "near_duplicate_groups_across_splits": int(across.sum()),
        }

    def markdown(self) -> str:
        """A line for each finding, and a warning's first examples below it; the review card has them all."""
        lines = ["Data check:", ""]
        for found in self.findings:
            lines.append(f"- {'⚠ ' if found.warning else ''}**{found.title}**: {escape_prose(found.says)}")
            if found.warning:
                shown = [" ".join("; ".join(filter(None, cells)).split()) for cells in found.examples[1 : NOTED + 1]]
                lines += [f"    - `{line.replace('`', chr(39))}`" for line in shown]
        return "\n".join(lines)


def check_data(
    parts: Mapping[str, pd.DataFrame],
    groups: pd.Series,
    test_size: float,
    validation_size: float,
    seed: int,
    others: Sequence[Finding] = (),
    own_splits: bool = False,
    mapper: Mapper = map,
) -> DataCheck:
    """Check a corpus.

    Args:
        parts: the splits by name, with the columns id, text and label.
        groups: the representative of each text's group of near-duplicates, by text.
        test_size: as in :func:`sentiment.corpora.splits.split`.
        validation_size: the same.
        seed: the same, and of the sample and the label check's folds.
        others: findings from elsewhere.
        own_splits: whether the splits are the source's, so that near-duplicates were not kept together.
        mapper: what processes batches of all texts.
    """
    everything = pd.concat([part.assign(split=name) for name, part in parts.items()], ignore_index=True)
    share = min(1.0, SAMPLE / len(everything))
    random = np.random.default_rng(seed)  # the first rows may have other labelers: their texts are split separately
    drawn = {
        name: part.iloc[np.sort(random.choice(len(part), int(share * len(part)), replace=False))]
        for name, part in parts.items()
    }
    sample = pd.concat([part.assign(split=name) for name, part in drawn.items()], ignore_index=True)
    cleaner = Cleaner()
    documents = [cleaner.tokens(text) for text in sample["text"]]
    labels = sample["label"].to_numpy(str)
    in_test = (sample["split"] == "test").to_numpy()
    short = np.median([len(tokens) for tokens in documents]) <= SHORT
    # A model that reads VADER's scores doubts none of VADER's labels. Those of a vote name their labelers.
    by_vader = LABELLED_BY in sample and "vader" in " ".join(sample[LABELLED_BY].unique()).split()
    lexicon = short and not by_vader and looks_english(sample["text"].tolist())
    read = [tokens[-READ:] for tokens in documents]
    together = pd.factorize(keep_together(sample["text"].map(groups), sample["text"]))[0]
    found = find_label_errors(read, labels, in_test, lexicon, seed, together)
    suspects = sample.iloc[found["row"]][["id", "text", "label"]].reset_index(drop=True)
    suspects = suspects.assign(suggested=found["suggested"], probability=found["probability"].round(3))
    suspects["split"] = sample["split"].iloc[found["row"]].to_numpy()
    near_duplicates = list_near_duplicates(everything, groups)
    alone = None
    if not own_splits:
        # If some labels are human, their share of all texts decides.
        rows = everything if LABELLED_BY in everything else near_duplicates
        place = pd.Series(map_texts(partial(hash_text, seed=seed), rows["text"].array, mapper), rows.index, dtype=float)
        alone = find_splits(rows, place, test_size, validation_size)[near_duplicates.index]
    findings = [
        *others,
        describe_label_errors(suspects, len(sample), int(in_test.sum())),
        describe_near_duplicates(near_duplicates, alone),
        describe_leakage(documents, labels, sample["text"], sample["id"]),
        describe_balance(parts),
        describe_languages(parts["train"]["text"].tolist()),
        describe_lengths(count_lengths(documents)),
        describe_personal_data(everything["text"].array, mapper),
    ]
    return DataCheck(sorted(findings, key=lambda finding: not finding.warning), suspects, near_duplicates)


def log_check(check: DataCheck) -> None:
    """Log the findings as metrics and artifacts of the active run; the console names the warnings."""
    if warned := [found.title.lower() for found in check.findings if found.warning]:
        print(f"warning: data check: {', '.join(warned)}; see the run's description", file=sys.stderr)
    mlflow.log_metrics(check.metrics())
    mlflow.log_dict({"findings": [asdict(finding) for finding in check.findings]}, DATA_CHECK)
    for table, name in ((check.suspects, "label_suspects"), (check.near_duplicates, "near_duplicates")):
        table = table.assign(**{LISTED_LABEL: table["label"]})  # so that corrections= knows which labels were changed
        # Python's writer quotes a text with a \r from 3.13 on.
        mlflow.log_text(table.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC), f"profile/{name}.csv")


def read_check(ingest_run: Run, lengths: Mapping[int, int], max_length: int) -> list[Finding] | None:
    """The results of :func:`log_check`, with the texts that networks of this ``max_length`` cut, warnings first.

    Args:
        ingest_run: the run that checked the corpus.
        lengths: how many texts have each number of the tokens that networks read; empty if unknown.
        max_length: tokens of a text that a network reads at once.

    Returns:
        The findings, with none on lengths if these are unknown; None for a run of an earlier version of this project.
    """
    run_id = ingest_run.info.run_id
    if DATA_CHECK not in {file.path for file in MlflowClient().list_artifacts(run_id, str(Path(DATA_CHECK).parent))}:
        return None
    logged = mlflow.artifacts.load_dict(f"runs:/{run_id}/{DATA_CHECK}")["findings"]
    # Ingest's tokens are words, for each of which a network may read several, or fewer.
    findings = [Finding(**entry) for entry in logged if entry["title"] != LENGTHS]
    if lengths:
        findings.append(describe_lengths(lengths, max_length))
    return sorted(findings, key=lambda finding: not finding.warning)
