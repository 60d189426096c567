"""What identifies the content of a comparison."""

from types import SimpleNamespace

import numpy as np

from sentiment.evaluation.comparison import EvaluatedModel, digest_comparison
from tests.reports.rows import row


def evaluated(family, *digests, **more):
    runs = [
        SimpleNamespace(info=SimpleNamespace(run_id="r"), data=SimpleNamespace(tags={"step.output_digest": digest}))
        for digest in digests
    ]
    return EvaluatedModel(runs, row(family, 0.9, 0.86) | more, np.empty(0), np.empty(0), np.empty(0), np.empty(0), [])


def test_the_same_members_with_the_same_weights_are_the_same_ensemble():
    def digest(members, weights):
        return digest_comparison([evaluated("ensemble", *members, weights=weights), evaluated("simple", "s")])

    weights = {"lstm": 0.4, "simple": 0.6}
    assert digest("ls", weights) == digest("sl", weights)  # in whatever order their searches are named
    assert digest("ls", weights) != digest("lS", weights)
    assert digest("ls", weights) != digest("ls", {"lstm": 0.5, "simple": 0.5})
