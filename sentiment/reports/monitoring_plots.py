"""The plots of a monitoring report."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sentiment.figures import integer_edges, new_figure, shorten
from sentiment.monitoring.drift import QUANTITIES
from sentiment.monitoring.monitoring_run import CHAMPION

BINS = 30
MOST_CLASSES = 15  # that are plotted, the most frequent ones
MEASURES = {"words": "words", "unknown": "share of a text's words", "score": "score"}
SAME = "quality/recall_macro"  # by definition the balanced accuracy
UNITS = {"h": 3600, "min": 60, "s": 1}  # seconds, the longest first


def draw_distributions(reference: pd.DataFrame, observed: pd.DataFrame) -> Figure:
    """Each quantity as observed (filled) and on the test split (line), as shares of the texts.

    Args:
        reference: DataFrame with the columns in ``QUANTITIES``.
        observed: the same.
    """
    figure = new_figure(9.6, 6)
    for axes, (name, title) in zip(figure.subplots(2, 2).ravel(), QUANTITIES.items()):
        before, now = reference[name].dropna(), observed[name].dropna()
        bar_styles: tuple[tuple[pd.Series, dict[str, Any]], ...]
        if name == "predicted":
            frequent = pd.concat([now, before]).value_counts()
            labels = sorted(frequent.index[:MOST_CLASSES])
            more = f", the {MOST_CLASSES} most frequent of {len(frequent)}" if len(frequent) > MOST_CLASSES else ""
            axes.set(title=f"{title}{more}", xlabel="share of texts")
            bar_styles = (now, {"alpha": 0.45}), (before, {"fill": False, "edgecolor": "black"})
            for part, style in bar_styles:
                shares = part.value_counts(normalize=True).reindex(labels, fill_value=0.0)
                axes.barh(range(len(labels)), shares, **style)
            axes.set_yticks(range(len(labels)), map(shorten, labels), fontsize=8)
            axes.invert_yaxis()
            continue
        axes.set(title=title, xlabel=f"{MEASURES[name]} (the largest 1% in the last bar)", ylabel="share of texts")
        if now.empty:
            axes.text(0.5, 0.5, "not recorded", ha="center", va="center", transform=axes.transAxes)
            continue
        # The axis ends at the 99th percentile, so that a single outlier does not flatten the plot.
        low, high = min(before.min(), now.min()), max(before.quantile(0.99), now.quantile(0.99))
        if name == "words":
            bins = integer_edges(int(low), int(high), BINS)
        else:
            bins = np.linspace(low, high if high > low else low + 1, BINS + 1)
        bar_styles = (now, {"alpha": 0.45}), (before, {"histtype": "step", "color": "black"})
        for part, style in bar_styles:
            values = part.clip(upper=bins[-1])
            axes.hist(values, bins, weights=np.full(len(values), 1 / len(values)), **style)
    figure.suptitle("Observed texts (filled) and the test split of the champion's corpus (line)")
    return figure


def draw_history(points: Mapping[str, Sequence[tuple[int, float]]], limits: Mapping[str, float]) -> Figure:
    """Metrics over the monitorings; quality, drift and latency have an axis each. A new champion is a vertical line.

    Args:
        points: from a metric to its (step, value).
        limits: from a prefix of metric names to the value of a dashed line.
    """
    groups = [
        (title, {name: found for name, found in points.items() if name.startswith(title) and name != SAME})
        for title in ("quality/", "drift/psi", "requests/latency")
    ]
    groups = [(title, found) for title, found in groups if found]
    champions = points.get(CHAMPION, ())
    changes = [now for before, now in zip(champions, champions[1:]) if now[1] != before[1]]
    figure = new_figure(5.4, 3.2 * len(groups))
    for axes, (title, found) in zip(np.atleast_1d(figure.subplots(len(groups), 1)), groups):
        for name, values in found.items():
            axes.plot(*zip(*values), "o-", markersize=4, label=name.split("/")[1])
        for name, value in limits.items():
            if name.startswith(title):
                axes.axhline(value, color="grey", linestyle="--", linewidth=1, label=f"limit {value:g}")
        beside = axes.get_xaxis_transform()
        for step, version in changes:
            axes.axvline(step - 0.5, color="grey", linestyle=":", linewidth=1)
            axes.text(step - 0.5, 0.03, f"version {version:.0f}", transform=beside, ha="right", rotation=90, fontsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.ticklabel_format(axis="y", useOffset=False)
        axes.set(title=title.rstrip("/"), xlabel="monitoring")
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=3)
        axes.grid(alpha=0.3)
    return figure


def draw_requests(intervals: pd.DataFrame) -> Figure:
    """Latency and number of requests over time.

    Args:
        intervals: what :func:`sentiment.monitoring.metrics.requests_over_time` returned.
    """
    figure = new_figure(9.6, 4)
    latency, number = figure.subplots(1, 2)
    for column in ("p50", "p95"):
        latency.plot(intervals["at"], intervals[column], "o-", markersize=3, label=column)
    length = describe_duration(intervals["seconds"].iloc[0])
    latency.set(title="Latency", xlabel="UTC", ylabel="ms", ylim=(0, None))
    latency.legend()
    number.plot(intervals["at"], intervals["requests"], "o-", markersize=3, color="C2")
    number.set(title="Requests", xlabel="UTC", ylabel=f"requests per {length}", ylim=(0, None))
    number.set_xlim(latency.get_xlim())
    figure.autofmt_xdate()
    return figure


def describe_duration(seconds: float) -> str:
    """A duration in its largest unit, to three digits: 36 min."""
    unit, length = next((unit, length) for unit, length in UNITS.items() if seconds >= length)
    return f"{seconds / length:.3g} {unit}"
