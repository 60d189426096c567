"""What a person sees while trials run: a bar on a terminal, a line a trial where the output is shared or kept."""

import io
import os
import sys

from tqdm import tqdm

SHARED_CONSOLE = "SENTIMENT_SHARED_CONSOLE"  # set by main, which tunes several families on one terminal


class TrialProgress:
    """The progress of a search, with the best trial so far.

    Args:
        name: what is tuned, at the head of the line.
        total: number of trials.
    """

    def __init__(self, name, total):
        self._best = ""
        self._live = sys.stderr.isatty() and SHARED_CONSOLE not in os.environ
        self._bar = tqdm(
            total=total,
            desc=f"tune {name}",
            unit="trial",
            bar_format=None if self._live else "{desc}: {n_fmt}/{total_fmt} trials in {elapsed}{postfix}",
            file=sys.stderr if self._live else io.StringIO(),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._bar.close()

    def epoch(self, trial, epoch, accuracy):
        """Show where the running trial stands; on a terminal only."""
        self._bar.set_postfix_str(f"{self._best}trial {trial}, epoch {epoch}: {accuracy:.4f}", refresh=self._live)

    def trial(self, outcome, details):
        """Count a trial.

        Args:
            outcome: what to show behind the bar: the best so far, or that the trial failed.
            details: more of it, for a line, which has more room than a bar.
        """
        self._best = f"{outcome}, "
        self._bar.set_postfix_str(outcome if self._live else f"{outcome} ({details})", refresh=False)
        self._bar.update()
        if not self._live:
            print(self._bar, flush=True)
