"""The lines of a search's progress say what the best trial is best by."""

import pytest

from sentiment.model.training import ACCURACY, Criterion
from sentiment.search.progress import TrialProgress
from sentiment.search.trials import Outcome, loss_of

LOG_LOSS = Criterion("log_loss", lambda labels, probabilities: 0.0, higher_is_better=False)


@pytest.mark.parametrize(
    "metric, figures, expected",
    [
        (ACCURACY, [{"accuracy": 0.6}, {"accuracy": 0.7}], "best validation accuracy 0.700 by simple-02"),
        (
            ACCURACY,
            [{"accuracy": 0.6, "cross_validated_accuracy": 0.8}, {"accuracy": 0.7, "cross_validated_accuracy": 0.75}],
            "best cross-validated accuracy 0.800 by simple-01",
        ),
        (LOG_LOSS, [{"log_loss": 2.5}, {"log_loss": 3.0}], "best validation log loss 2.500 by simple-01"),
    ],
)
def test_it_names_the_metric_and_what_it_was_measured_on(metric, figures, expected, capsys):
    with TrialProgress("simple", 2, metric) as progress:
        for number, found in enumerate(figures, 1):
            loss = loss_of(found, metric)
            progress.show_trial(Outcome("run", f"simple-0{number}", {"C": number}, 1, found, loss))
    assert expected in capsys.readouterr().out.splitlines()[-1]
