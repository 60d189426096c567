"""The plots of a comparison."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import auc, confusion_matrix, precision_recall_curve, roc_curve

from sentiment.corpora.labels import NUMBER
from sentiment.evaluation.comparison import EvaluatedModel, EvaluationData
from sentiment.figures import new_figure, shorten
from sentiment.reports.training_plots import draw_learning_curves, draw_training_sizes

MOST_POINTS = 50_000  # of a curve; if it has more, DRAWN are drawn
DRAWN = 2_000
MOST_CLASSES = 50  # of a readable confusion matrix
WIDE = 12  # characters of a class name that fits below its column


def draw_comparison(
    comparison: Mapping[str, Any],
    models: Sequence[EvaluatedModel],
    data: EvaluationData,
    histories: Mapping[str, Mapping[str, Sequence[tuple[int, float]]]],
) -> dict[str, Figure]:
    """Every plot of a comparison, by name. All of them have the families in the same order, and so in the same colours.

    Args:
        comparison: the content of comparison.json.
        models: the models that were compared, the winner first.
        data: what they were compared on.
        histories: as in :func:`sentiment.reports.training_plots.draw_learning_curves`.
    """
    probabilities = {model.family: model.probabilities for model in models}
    sizes = comparison["training_sizes"]
    has_epochs = any(len(history["val_loss"]) > 1 for history in histories.values())
    return (
        ({"training_size": draw_training_sizes(**sizes)} if sizes["points"] else {})
        | ({"learning_curves": draw_learning_curves(histories)} if has_epochs else {})
        | {
            "accuracy": draw_accuracy_intervals(comparison["rows"]),
            "accuracy_and_cost": draw_accuracy_and_cost(comparison["rows"], comparison["pareto_front"]),
            "behaviour": draw_failure_rates(comparison["behaviour"]),
            "calibration": draw_reliability(data.labels, probabilities),
            "roc_and_precision_recall": draw_curves(data.labels, probabilities, data.classes),
        }
        | {
            f"confusion_{family}": draw_confusion(data.labels, found, data.classes, f"{family}, test split")
            for family, found in probabilities.items()
        }
    )


def draw_curves(labels: np.ndarray, probabilities: Mapping[str, np.ndarray], classes: Sequence[str]) -> Figure:
    """ROC and precision-recall curves of every family, micro-averaged if there are more than two classes.

    Args:
        labels: int array of shape (documents,).
        probabilities: from a family to an array of shape (documents, classes).
        classes: class names; of two the second is the positive one.
    """
    figure = new_figure(9.6, 4.6)
    roc, precision_recall = figure.subplots(1, 2)
    for family, found in probabilities.items():
        truth, score = _binarize(labels, found)
        false_positive, true_positive, _ = roc_curve(truth, score)
        precision, recall, _ = precision_recall_curve(truth, score)
        drawn = [_thin(*curve) for curve in ((false_positive, true_positive), (recall, precision))]
        roc.plot(*drawn[0], label=f"{family} (area {auc(false_positive, true_positive):.3f})")
        precision_recall.plot(*drawn[1], label=f"{family} (area {auc(recall, precision):.3f})")
    roc.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    share = truth.mean()
    precision_recall.axhline(share, color="grey", linestyle=":", linewidth=1)
    two = len(classes) == 2
    averaged, positive = "" if two else ", micro-averaged", f" (positive class: {shorten(classes[1])})" if two else ""
    title, x = f"ROC, test split{averaged}", f"false positive rate{positive}"
    roc.set(title=title, xlabel=x, ylabel="true positive rate")
    title = f"Precision and recall, test split{averaged}"
    precision_recall.set(title=title, xlabel=f"recall{positive}", ylabel="precision", ylim=(0, 1.02))
    roc.legend(loc="lower right")
    precision_recall.legend(loc="lower left")
    return figure


def _thin(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """The points of a curve, or ``DRAWN`` of them at even distances and its ends; the area is that of all."""
    count = len(columns[0])
    if count <= MOST_POINTS:
        return columns
    kept = np.linspace(0, count - 1, DRAWN).round().astype(int)
    return tuple(column[kept] for column in columns)


def draw_confusion(labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], title: str) -> Figure:
    """The confusion matrix with its counts, except for 0; rows are the true classes.

    With over ``MOST_CLASSES`` classes it shows those with the most mistakes, and says so.

    Args:
        labels: int array of shape (documents,).
        probabilities: float array of shape (documents, classes).
        classes: class names.
        title: title of the plot.
    """
    counts = confusion_matrix(labels, probabilities.argmax(axis=1), labels=range(len(classes)))
    if all(map(NUMBER.fullmatch, classes)):  # 10 comes after 9, and not after 1
        order = np.argsort([float(name) for name in classes], kind="stable")
        counts, classes = counts[np.ix_(order, order)], [classes[place] for place in order]
    if len(classes) > MOST_CLASSES:
        mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
        shown = np.sort(np.argsort(-mistakes, kind="stable")[:MOST_CLASSES])
        title += f", the {MOST_CLASSES} classes with the most mistakes of {len(classes)}"
        counts, classes = counts[np.ix_(shown, shown)], [classes[place] for place in shown]
    side = max(5.0, 0.7 * len(classes) + 2)
    figure = new_figure(side, side)
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues")
    for row, column in zip(*counts.nonzero()):
        count = counts[row, column]
        color = "white" if count > 0.6 * counts.max() else "black"
        # The layout need not measure what is inside the axes: with many classes that takes seconds.
        axes.text(column, row, count, ha="center", va="center", color=color, in_layout=False)
    ticks = range(len(classes))
    names = [shorten(name) for name in classes]
    turned = len(names) > 3 or max(map(len, names)) > WIDE
    # Turned about its end, a name ends below its own column.
    style: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if turned else {}
    axes.set_xticks(ticks, names, **style)
    axes.set_yticks(ticks, names)
    axes.set(title=f"Confusion matrix, texts\n{title}", xlabel="predicted", ylabel="true")
    return figure


def draw_accuracy_intervals(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Test accuracy of each family with its 95% interval, and its validation accuracy as a ring.

    Args:
        rows: rows of comparison.json, the winner first.
    """
    figure = new_figure(5.4, 1.2 + 0.6 * len(rows))
    axes = figure.subplots()
    for place, row in enumerate(rows):
        axes.plot([row["test_accuracy_low"], row["test_accuracy_high"]], [place, place], color=f"C{place}", linewidth=3)
        axes.plot(row["test_accuracy"], place, "o", color=f"C{place}", markersize=9)
        axes.plot(row["validation_accuracy"], place, "o", color="black", markersize=9, fillstyle="none")
    axes.set_yticks(range(len(rows)), [row["family"] for row in rows])
    axes.invert_yaxis()
    axes.margins(y=0.3)
    axes.set(title="Test split with 95% interval (ring: validation)", xlabel="accuracy")
    axes.grid(axis="x", alpha=0.3)
    return figure


def draw_accuracy_and_cost(rows: Sequence[Mapping[str, Any]], fronts: Mapping[str, Sequence[str]]) -> Figure:
    """Test accuracy against latency and against model size; families on the Pareto front are filled.

    Args:
        rows: rows of comparison.json.
        fronts: from latency_ms_p50 and model_bytes to the families on the Pareto front.
    """
    figure = new_figure(9.6, 4.2)
    costs = (("latency_ms_p50", 1, "median milliseconds to predict one text"), ("model_bytes", 1e6, "megabytes"))
    for axes, (cost, unit, name) in zip(figure.subplots(1, 2), costs):
        for number, row in enumerate(rows):
            full = row["family"] in fronts[cost]
            x, y = row[cost] / unit, row["test_accuracy"]
            error = [[y - row["test_accuracy_low"]], [row["test_accuracy_high"] - y]]
            axes.errorbar(x, y, error, fmt="o", color=f"C{number}", fillstyle="full" if full else "none", capsize=3)
        front = sorted((row for row in rows if row["family"] in fronts[cost]), key=lambda row: row[cost])
        places = [row[cost] / unit for row in front]
        axes.plot(places, [row["test_accuracy"] for row in front], color="grey", linestyle=":", zorder=0)
        far = max(row[cost] for row in rows) > 20 * min(row[cost] for row in rows)
        axes.set(xscale="log" if far else "linear", xlabel=name, ylabel="accuracy")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.margins(x=0.3)
        axes.grid(alpha=0.3)
        axes.autoscale_view()
        for row in rows:
            point = row[cost] / unit, row["test_accuracy"]
            right = (axes.transData - axes.transAxes).transform(point)[0] > 2 / 3  # where a name would cross the frame
            side: dict[str, Any] = {"xytext": (-8, 4), "ha": "right"} if right else {"xytext": (8, 4)}
            axes.annotate(row["family"], point, textcoords="offset points", **side)
    figure.suptitle("Accuracy on the test split against cost (filled: on the Pareto front)")
    return figure


def draw_reliability(labels: np.ndarray, probabilities: Mapping[str, np.ndarray]) -> Figure:
    """Share of correct predictions against the predicted probability, of every family.

    Args:
        labels: int array of shape (documents,).
        probabilities: from a family to an array of shape (documents, classes).
    """
    bins = int(np.clip(len(labels) // 40, 3, 10))  # of the same number of documents
    figure = new_figure(5.5, 5)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    low = 1.0
    for family, found in probabilities.items():
        confidence, correct = found.max(axis=1), found.argmax(axis=1) == labels
        parts = [part for part in np.array_split(np.argsort(confidence), bins) if len(part)]
        points = [(confidence[part].mean(), correct[part].mean()) for part in parts]
        axes.plot(*zip(*points), "o-", label=family)
        low = max(0.0, min(low, 1 / found.shape[1] - 0.15, min(map(min, points)) - 0.03))
    axes.set(
        title="Calibration, test split",
        xlabel="score",
        ylabel="share of correct predictions",
        xlim=(low, 1.02),
        ylim=(low, 1.02),
    )
    axes.legend(loc="upper left")
    return figure


def draw_failure_rates(behaviour: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """Failure rate of each capability's behaviour tests, a column for each family.

    Args:
        behaviour: from a family to its failures by capability, as in comparison.json.
    """
    families = list(behaviour)
    names = [f"{row['capability']} ({row['kind']})" for row in behaviour[families[0]]]
    rates = np.array([[row["failure_rate"] for row in behaviour[family]] for family in families])
    figure = new_figure(4.2 + 1.2 * len(families), 1.5 + 0.3 * len(names))
    axes = figure.subplots()
    axes.imshow(rates.T, cmap="Reds", vmin=0, vmax=1, aspect="auto")
    for (family, capability), rate in np.ndenumerate(rates):
        axes.text(family, capability, f"{rate:.0%}", ha="center", va="center", color="white" if rate > 0.6 else "black")
    axes.set_xticks(range(len(families)), families)
    axes.set_yticks(range(len(names)), names)
    axes.set(title="Failed behaviour tests")
    return figure


def _binarize(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Truth and score of the positive class, or, with more than two classes, of all classes one after the other."""
    classes = probabilities.shape[1]
    if classes == 2:
        return labels == 1, probabilities[:, 1]
    return (labels[:, None] == np.arange(classes)).ravel(), probabilities.ravel()
