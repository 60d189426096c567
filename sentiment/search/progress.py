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
        self._best, self._by, self._point = -1.0, "", ""
        self._shown = ""
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

    def epoch(self, name, epoch, figures):
        """Show where the running trial stands; on a terminal only."""
        where = f"{name.split()[0]}, epoch {epoch}: {figures['val_accuracy']:.4f}"
        self._bar.set_postfix_str(f"{self._shown}{where}", refresh=self._live)

    def trial(self, outcome):
        """Count a trial that has ended, by its :class:`sentiment.search.trials.Outcome`."""
        number, _, point = outcome.name.partition(" ")
        if outcome.figures and 1 - outcome.loss > self._best:
            self._best, self._by, self._point = 1 - outcome.loss, number, point
        said, more = f"best {self._best:.4f} by {self._by}", self._point
        if outcome.figures is None:
            said, more = f"{number} failed" if outcome.error else f"{number} pruned", outcome.error or point
        self._shown = f"{said}, "
        self._bar.set_postfix_str(said if self._live else f"{said} ({more})", refresh=False)
        self._bar.update()
        if not self._live:
            print(self._bar, flush=True)
