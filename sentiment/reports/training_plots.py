"""Plots of training: text lengths, trials, epochs, training sizes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import cm
from matplotlib.figure import Figure

from sentiment.figures import integer_edges, new_figure


def draw_learning_curves(histories: Mapping[str, Mapping[str, Sequence[tuple[int, float]]]]) -> Figure:
    """Loss and accuracy by epoch of each family's best trial; training is dashed and hollow, validation solid.

    Args:
        histories: from a family to its metrics (loss, accuracy, val_loss, val_accuracy), lists of (epoch, value).
    """
    figure = new_figure(9.6, 4.2)
    for axes, metric in zip(figure.subplots(1, 2), ("loss", "accuracy")):
        for number, (family, history) in enumerate(histories.items()):
            for key, style in ((metric, "--"), (f"val_{metric}", "-")):
                if not history[key]:  # a family that is not trained in epochs
                    continue
                epochs, values = zip(*history[key])
                validation = style == "-"
                axes.plot(
                    epochs,
                    values,
                    style,
                    marker="o",
                    markersize=5,
                    fillstyle="full" if validation else "none",
                    color=f"C{number}",
                    label=family if validation else None,
                )
        axes.set(title=metric.capitalize(), xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if axes.lines:
            axes.legend()
    figure.suptitle("By epoch (hollow: training, filled: validation)")
    return figure


def draw_training_sizes(points: Sequence[Mapping[str, float]], family: str) -> Figure:
    """Accuracy by the number of training texts, with its 95% interval.

    Args:
        points: dicts with documents, accuracy, low and high, the fewest documents first.
        family: the family.
    """
    figure = new_figure(5.4, 3.6)
    axes = figure.subplots()
    documents, accuracy, low, high = (
        np.array([point[key] for point in points]) for key in ("documents", "accuracy", "low", "high")
    )
    axes.errorbar(documents, accuracy, yerr=(accuracy - low, high - accuracy), marker="o", capsize=3)
    axes.set(title=f"{family}, by training texts", xlabel="training texts", ylabel="accuracy", xlim=(0, None))
    axes.set_xticks(documents)
    return figure


def draw_lengths(lengths: Mapping[int, int], max_length: int) -> Figure:
    """Text lengths, and how much of a text a network reads.

    Args:
        lengths: how many texts have each number of tokens.
        max_length: tokens that a network reads of a text at once.
    """
    figure = new_figure(5.4, 3.6)
    axes = figure.subplots()
    tokens, counts = np.array(list(lengths)), np.array(list(lengths.values()))
    ascending = np.argsort(tokens)
    longest = tokens[ascending][np.searchsorted(np.cumsum(counts[ascending]), 0.99 * counts.sum())]
    edges = integer_edges(0, int(1.05 * max(longest, max_length)) + 1, 40, max_length)
    axes.hist(np.minimum(tokens, edges[-1]), bins=edges.tolist(), weights=counts)
    axes.axvline(max_length + 0.5, color="C3", linestyle="--", label=f"max_length {max_length}")
    axes.set(title="Lengths of the texts (the longest at the edge)", xlabel="tokens", ylabel="texts")
    axes.legend()
    return figure


def draw_trials(
    params: Sequence[Mapping[str, str]], values: Sequence[float], family: str, metric: str, higher_is_better: bool
) -> Figure:
    """The trials of a search in parallel coordinates: a line for each, down its hyperparameters to its metric.

    Args:
        params: the hyperparameters of each trial.
        values: of the metric that the best trial is chosen by, in the same order.
        family: the family, for the title.
        metric: name of the metric.
        higher_is_better: its direction.
    """
    names = sorted({name for trial in params for name in trial})
    columns = [_scale([trial.get(name) for trial in params]) for name in names]
    columns.append(_scale([str(value) for value in values]))
    figure = new_figure(5.6, 1 + 0.5 * len(columns))
    axes = figure.subplots()
    ascending = np.argsort(values if higher_is_better else -np.array(values))
    order = [number for number in ascending if np.isfinite(values[number])]  # the best last
    for rank, number in enumerate(order):
        widths = [np.nan if values[number] is None else values[number] for values, _ in columns]
        axes.plot(widths, range(len(columns)), "o-", color=cm.viridis(rank / max(len(order) - 1, 1)), markersize=3)
    for place, (_, ends) in enumerate(columns):
        axes.axhline(place, color="grey", linewidth=0.5)
        for width, end in ends:
            box = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"}
            above: dict[str, Any] = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center", "bbox": box}
            axes.annotate(end, (width, place), fontsize=8, **above)
    axes.set_yticks(range(len(columns)), [*names, metric])
    axes.set_xticks([])
    axes.invert_yaxis()
    axes.margins(x=0.08, y=0.1)
    axes.set(title=f"{family}: {len(params)} trials (yellow: the best)")
    return figure


def _scale(texts: Sequence[str | None]) -> tuple[list[float | None], list[tuple[float, str]]]:
    """The positions of values on an axis from 0 to 1 (None if missing), and its labels with their positions."""
    known = [text for text in texts if text is not None]
    try:
        numbers = {text: float(text) for text in known}
        low, high = min(numbers.values()), max(numbers.values())
        if low > 0 and high / low > 50:
            numbers = {text: np.log(number) for text, number in numbers.items()}
        first, last = min(numbers.values()), max(numbers.values())
        heights = {text: (number - first) / ((last - first) or 1) for text, number in numbers.items()}
        ends: list[tuple[float, str]] = [(0, _show(low)), (1, _show(high))] if high > low else [(0, _show(low))]
    except ValueError:
        kinds = sorted(set(known))
        heights = {kind: place / max(len(kinds) - 1, 1) for place, kind in enumerate(kinds)}
        ends = [(height, kind) for kind, height in heights.items()]
    return [None if text is None else heights[text] for text in texts], ends


def _show(number: float) -> str:
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"
