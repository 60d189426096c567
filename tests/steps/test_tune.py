"""What a search takes over from an earlier one, in this process."""

import json

import mlflow
import pytest

from sentiment.errors import UserError
from sentiment.tracking import FEATURIZE_RUN, OUTPUT_DIGEST, PARAMETER_FILES
from sentiment.workflow.logged_parameters import log_parameters
from sentiment.workflow.parameters import TuneParameters
from steps.tune import digest_files, find_earlier_trials


def test_a_search_is_resumed_where_its_files_are_as_they_were(tracked, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("good 1 0\n")
    given = {"family": "lstm", "embedding": "glove", "embedding_file": str(vectors)}
    featurized = tracked.get_run(tracked.create_run("0", tags={OUTPUT_DIGEST: "features"}).info.run_id)
    files = json.dumps(digest_files(TuneParameters(**given)))
    tags = {"mlflow.project.entryPoint": "tune", FEATURIZE_RUN: featurized.info.run_id, PARAMETER_FILES: files}
    with mlflow.start_run(tags=tags) as earlier:
        log_parameters(TuneParameters(**given))
    resuming = TuneParameters(**given, resume_run=earlier.info.run_id)
    assert find_earlier_trials(earlier, featurized, resuming, digest_files(resuming)) == {}
    vectors.write_text("good 0 1\n")
    with pytest.raises(UserError, match=f"resume_run={earlier.info.run_id} read something else in embedding_file="):
        find_earlier_trials(earlier, featurized, resuming, digest_files(resuming))
