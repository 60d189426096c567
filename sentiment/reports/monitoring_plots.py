"""The plots of a monitoring report, matplotlib Figures."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sentiment.monitoring.drift import QUANTITIES

BINS = 30


def distributions(reference, observed):
    """What was observed (filled) over the test split (line), as shares of the texts, one picture a quantity.

    Args:
        reference: DataFrame with the columns of ``QUANTITIES``.
        observed: the same.
    """
    figure = Figure(figsize=(11, 6), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(2, 2).ravel(), QUANTITIES.items()):
        before, now = reference[name].dropna(), observed[name].dropna()
        axes.set(title=title, ylabel="share of texts")
        if name == "predicted":
            labels = sorted(set(before) | set(now))
            for part, style in ((now, {"alpha": 0.45}), (before, {"fill": False, "edgecolor": "black"})):
                shares = part.value_counts(normalize=True).reindex(labels, fill_value=0.0)
                axes.bar(labels, shares, **style)
            continue
        if now.empty:
            axes.text(0.5, 0.5, "not recorded", ha="center", va="center", transform=axes.transAxes)
            continue
        # A single giant would flatten the picture.
        low, high = min(before.min(), now.min()), max(before.quantile(0.99), now.quantile(0.99))
        bins = np.linspace(low, high if high > low else low + 1, BINS + 1)
        for part, style in ((now, {"alpha": 0.45}), (before, {"histtype": "step", "color": "black"})):
            values = part.clip(upper=bins[-1])
            axes.hist(values, bins, weights=np.full(len(values), 1 / len(values)), **style)
    figure.suptitle("Observed (filled) and the test split of the champion's corpus (line)")
    return figure


def trend(points, limits):
    """Metrics over the monitorings, one above the other where their scales differ.

    Args:
        points: dict from a metric's name to a list of (step, value).
        limits: dict from the beginning of a name to the value of a dashed line.
    """
    groups = [
        (title, {name: found for name, found in points.items() if name.startswith(title)})
        for title in ("quality/", "drift/psi", "requests/latency")
    ]
    groups = [(title, found) for title, found in groups if found]
    figure = Figure(figsize=(11, 2.6 * len(groups)), layout="constrained")
    for axes, (title, found) in zip(np.atleast_1d(figure.subplots(len(groups), 1)), groups):
        for name, values in found.items():
            axes.plot(*zip(*values), "o-", markersize=4, label=name.split("/")[1])
        for name, value in limits.items():
            if name.startswith(title):
                axes.axhline(value, color="grey", linestyle="--", linewidth=1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(title=title.rstrip("/"), xlabel="monitoring")
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
        axes.grid(alpha=0.3)
    return figure


def requests(parts):
    """Latency and number of requests over time.

    Args:
        parts: what :func:`sentiment.monitoring.figures.over_time` gave.
    """
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    latency, number = figure.subplots(2, 1, sharex=True)
    for column in ("p50", "p95"):
        latency.plot(parts["at"], parts[column], "o-", markersize=3, label=column)
    latency.set(title="Latency", ylabel="ms", ylim=(0, None))
    latency.legend()
    number.plot(parts["at"], parts["requests"], "o-", markersize=3, color="C2")
    number.set(title="Requests", ylabel="number", ylim=(0, None))
    figure.autofmt_xdate()
    return figure
