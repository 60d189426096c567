"""The progress of a search on the console: a bar on a terminal; otherwise, or if the terminal is shared, lines."""

from __future__ import annotations

import io
import math
import os
import sys
from typing import TYPE_CHECKING, Self

from tqdm import tqdm

from sentiment.model.space import format_params
from sentiment.search.trials import CROSS_VALIDATED

if TYPE_CHECKING:
    from sentiment.model.training import Criterion
    from sentiment.search.trials import Outcome

SHARED_CONSOLE = "SENTIMENT_SHARED_CONSOLE"  # set by main, which tunes several families on one terminal


class TrialProgress:
    """The progress of a search, with the best trial so far.

    Args:
        name: what is tuned, at the start of the line.
        total: number of trials.
        metric: the best one is chosen by it.
    """

    def __init__(self, name: str, total: int, metric: Criterion) -> None:
        self._metric = metric
        self._best, self._best_trial, self._best_params = -math.inf, "", ""
        self._status = self._kind = ""
        self._live = sys.stderr.isatty() and SHARED_CONSOLE not in os.environ
        self._bar = tqdm(
            total=total,
            desc=f"tune {name}",
            unit="trial",
            bar_format=None if self._live else "{desc}: {n_fmt}/{total_fmt} trials in {elapsed}{postfix}",
            file=sys.stderr if self._live else io.StringIO(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show_epoch(self, name: str, epoch: int, figures: dict[str, float]) -> None:
        """Show how far the running trial is; only on a terminal."""
        current = f"{name}, epoch {epoch}: {figures['val_accuracy']:.3f}"
        self._bar.set_postfix_str(f"{self._status}{current}", refresh=self._live)

    def show_trial(self, outcome: Outcome) -> None:
        """Count a trial that has ended."""
        number, params = outcome.name, format_params(outcome.params)
        if outcome.figures and outcome.loss is not None and 1 - outcome.loss > self._best:
            self._best, self._best_trial, self._best_params = 1 - outcome.loss, number, params
            cross_validated = CROSS_VALIDATED + self._metric.name in outcome.figures
            self._kind = "cross-validated" if cross_validated else "validation"
        name, value = self._metric.name.replace("_", " "), self._metric.score(self._best)
        status, details = f"best {self._kind} {name} {value:.3f} by {self._best_trial}", self._best_params
        if outcome.figures is None:
            status = f"{number} failed" if outcome.error else f"{number} pruned"
            details = outcome.error or params
        self._status = f"{status}, "
        self._bar.set_postfix_str(status if self._live else f"{status} ({details})", refresh=False)
        self._bar.update()
        if not self._live:
            print(self._bar, flush=True)
