"""Whether a model is to take the champion's place."""

import json

import pandas as pd

from steps.registry import promotion
from steps.workflow.fingerprint import OUTPUT_DIGEST
from steps.workflow.upstream import artifacts, checked_run


def weighed(champion, winner, compare_run, force):
    """Weigh the winner of a comparison against the champion, on the winner's test split.

    Args:
        champion: the champion's ``ModelVersion``, or None.
        winner: the winner's row of comparison.json.
        compare_run: the compare run, an ``mlflow.entities.Run``.
        force: whether it takes the place of a champion that it cannot be compared with.

    Returns:
        A tuple of whether it is to be champion, and the reason in words.
    """
    if champion is None:
        return True, "there was no champion"
    if champion.tags.get(promotion.COMPARISON) == compare_run.data.tags.get(OUTPUT_DIGEST):
        return False, f"champion version {champion.version} is the same model"
    ours, theirs = (
        json.loads(text) for text in (compare_run.data.tags["classes"], champion.tags.get("classes", "null"))
    )
    if theirs is not None and theirs != ours:
        other = f"champion version {champion.version} knows other classes ({', '.join(theirs)}; these are {', '.join(ours)})"
        if force:
            return True, f"{other}, and force=true"
        return False, f"{other}, so that the two cannot be compared: -P force=true puts it in its place all the same"
    ingest_run = checked_run("ingest_run", compare_run.data.tags["ingest_run"], "ingest")
    test = pd.read_parquet(artifacts(ingest_run.info.run_id, "dataset/test.parquet"))
    former = promotion.accuracy(f"models:/{champion.name}/{champion.version}", test)
    return winner["test_accuracy"] > former, (
        f"test accuracy {winner['test_accuracy']:.4f} against {former:.4f} of version {champion.version} "
        f"on the same {len(test)} documents"
    )
