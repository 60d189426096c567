"""The plots of a comparison, matplotlib Figures."""

import numpy as np
from matplotlib import cm
from matplotlib.figure import Figure
from sklearn.metrics import auc, confusion_matrix, precision_recall_curve, roc_curve


def curves(labels, measured):
    """ROC and precision-recall curves of every family, averaged over the classes where there are more than two.

    Args:
        labels: int array of shape (documents,).
        measured: dict from a family's name to its probabilities of shape (documents, classes).
    """
    figure = Figure(figsize=(11, 5), layout="constrained")
    roc, precision_recall = figure.subplots(1, 2)
    for family, probabilities in measured.items():
        truth, score = _one_against_rest(labels, probabilities)
        false_positive, true_positive, _ = roc_curve(truth, score)
        precision, recall, _ = precision_recall_curve(truth, score)
        roc.plot(false_positive, true_positive, label=f"{family} (area {auc(false_positive, true_positive):.3f})")
        precision_recall.plot(recall, precision, label=f"{family} (area {auc(recall, precision):.3f})")
    roc.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    share = truth.mean()
    precision_recall.axhline(share, color="grey", linestyle=":", linewidth=1)
    roc.set(title="ROC, test split", xlabel="false positive rate", ylabel="true positive rate")
    precision_recall.set(title="Precision and recall, test split", xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    roc.legend(loc="lower right")
    precision_recall.legend(loc="lower left")
    return figure


def confusion(labels, probabilities, classes, title):
    """The confusion matrix with counts, rows the true classes.

    Args:
        labels: int array of shape (documents,).
        probabilities: float array of shape (documents, classes).
        classes: list of str.
        title: str.
    """
    counts = confusion_matrix(labels, probabilities.argmax(axis=1), labels=range(len(classes)))
    side = max(4.0, 0.7 * len(classes) + 2)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        axes.text(
            column, row, count, ha="center", va="center", color="white" if count > 0.6 * counts.max() else "black"
        )
    ticks = range(len(classes))
    axes.set_xticks(ticks, classes, rotation=0 if len(classes) < 4 else 45)
    axes.set_yticks(ticks, classes)
    axes.set(title=title, xlabel="predicted", ylabel="true")
    return figure


def learning_curves(histories):
    """Loss and accuracy by epoch of each family's best trial, training dashed and hollow, validation solid.

    Args:
        histories: dict from a family's name to a dict from a metric (loss, accuracy, val_loss, val_accuracy) to a
            list of (epoch, value).
    """
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    for axes, metric in zip(figure.subplots(1, 2), ("loss", "accuracy")):
        for number, (family, history) in enumerate(histories.items()):
            for key, style in ((metric, "--"), (f"val_{metric}", "-")):
                if not history[key]:  # a model that is not trained
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
        axes.set(title=f"{metric.capitalize()} by epoch (training hollow, validation full)", xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    return figure


def accuracy_intervals(rows):
    """Test accuracy of each family with its 95% interval, and its validation accuracy as a ring.

    Args:
        rows: list of dict, the rows of comparison.json, the winner first.
    """
    figure = Figure(figsize=(8, 1.2 + 0.6 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        axes.plot([row["test_accuracy_low"], row["test_accuracy_high"]], [place, place], color=f"C{place}", linewidth=3)
        axes.plot(row["test_accuracy"], place, "o", color=f"C{place}", markersize=9)
        axes.plot(row["validation_accuracy"], place, "o", color="black", markersize=9, fillstyle="none")
    axes.set_yticks(range(len(rows)), [row["family"] for row in rows])
    axes.invert_yaxis()
    axes.margins(y=0.3)
    axes.set(title="Accuracy on the test split with its 95% interval (ring: validation)", xlabel="accuracy")
    axes.grid(axis="x", alpha=0.3)
    return figure


def accuracy_and_cost(rows, fronts):
    """Test accuracy against latency and against model size; filled are the families that no other one beats in both.

    Args:
        rows: list of dict, the rows of comparison.json.
        fronts: dict from latency_ms_p50 and model_bytes to the families of the Pareto front.
    """
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    costs = (("latency_ms_p50", 1, "median milliseconds to predict one text"), ("model_bytes", 1e6, "megabytes"))
    for axes, (cost, unit, name) in zip(figure.subplots(1, 2, sharey=True), costs):
        for number, row in enumerate(rows):
            full = row["family"] in fronts[cost]
            x, y = row[cost] / unit, row["test_accuracy"]
            error = [[y - row["test_accuracy_low"]], [row["test_accuracy_high"] - y]]
            axes.errorbar(x, y, error, fmt="o", color=f"C{number}", fillstyle="full" if full else "none", capsize=3)
            axes.annotate(row["family"], (x, y), xytext=(8, 4), textcoords="offset points")
        front = sorted((row for row in rows if row["family"] in fronts[cost]), key=lambda row: row[cost])
        places = [row[cost] / unit for row in front]
        axes.plot(places, [row["test_accuracy"] for row in front], color="grey", linestyle=":", zorder=0)
        far = max(row[cost] for row in rows) > 20 * min(row[cost] for row in rows)
        axes.set(xscale="log" if far else "linear", xlabel=name)
        axes.margins(x=0.3)
        axes.grid(alpha=0.3)
    figure.axes[0].set(ylabel="accuracy")
    figure.suptitle("Accuracy on the test split against its cost (full: on the Pareto front)")
    return figure


def reliability(labels, measured):
    """How often a predicted class is right against the probability that it was given, of every family.

    Args:
        labels: int array of shape (documents,).
        measured: dict from a family's name to its probabilities of shape (documents, classes).
    """
    bins = int(np.clip(len(labels) // 40, 3, 10))  # with as many documents each
    figure = Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", linewidth=1)
    for family, probabilities in measured.items():
        sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
        parts = [part for part in np.array_split(np.argsort(sure), bins) if len(part)]
        axes.plot([sure[part].mean() for part in parts], [right[part].mean() for part in parts], "o-", label=family)
    low = 1 / probabilities.shape[1] - 0.15
    axes.set(
        title="Calibration, test split",
        xlabel="score",
        ylabel="share that is right",
        xlim=(low, 1.02),
        ylim=(low, 1.02),
    )
    axes.legend(loc="upper left")
    return figure


def trials(points, accuracies, family):
    """The trials of a search as parallel coordinates: a line a trial, over its hyperparameters to its validation accuracy.

    Args:
        points: list of dicts of str, the parameters of the trials.
        accuracies: list of float, in the same order.
        family: its name, for the title.
    """
    names = sorted({name for point in points for name in point})
    columns = [_scaled([point.get(name) for point in points]) for name in names]
    columns.append(_scaled([str(accuracy) for accuracy in accuracies]))
    figure = Figure(figsize=(max(5.0, 1.6 * len(columns)), 4), layout="constrained")
    axes = figure.subplots()
    order = np.argsort(accuracies)
    for rank, number in enumerate(order):
        heights = [np.nan if values[number] is None else values[number] for values, _ in columns]
        axes.plot(range(len(columns)), heights, "o-", color=cm.viridis(rank / max(len(order) - 1, 1)), markersize=3)
    for place, (_, ends) in enumerate(columns):
        axes.axvline(place, color="grey", linewidth=0.5)
        for height, end in ends:
            axes.annotate(end, (place, height), xytext=(3, 2), textcoords="offset points", fontsize=7)
    axes.set_xticks(range(len(columns)), [*names, "validation accuracy"], rotation=20, ha="right")
    axes.set_yticks([])
    axes.margins(x=0.12)
    axes.set(title=f"{family}: {len(points)} trials (the best is yellow)")
    return figure


def _scaled(texts):
    """The heights of values on an axis from 0 to 1, None where there is none, and what to write at which height."""
    known = [text for text in texts if text is not None]
    try:
        numbers = {text: float(text) for text in known}
        low, high = min(numbers.values()), max(numbers.values())
        if low > 0 and high / low > 50:
            numbers = {text: np.log(number) for text, number in numbers.items()}
        first, last = min(numbers.values()), max(numbers.values())
        heights = {text: (number - first) / ((last - first) or 1) for text, number in numbers.items()}
        ends = [(0, f"{low:.3g}"), (1, f"{high:.3g}")] if high > low else [(0, f"{low:.3g}")]
    except ValueError:
        kinds = sorted(set(known))
        heights = {kind: place / max(len(kinds) - 1, 1) for place, kind in enumerate(kinds)}
        ends = [(height, kind) for kind, height in heights.items()]
    return [heights.get(text) for text in texts], ends


def failure_rates(by_capability):
    """Failure rate of each behaviour test, families beside each other, in the order of the capabilities.

    Args:
        by_capability: dict from a family to what :func:`sentiment.evaluation.behaviour.report.by_capability` gave.
    """
    families = list(by_capability)
    names = [f"{row['capability']} ({row['kind']})" for row in by_capability[families[0]]]
    rates = np.array([[row["failure_rate"] for row in by_capability[family]] for family in families])
    figure = Figure(figsize=(3.5 + 1.2 * len(families), 1.5 + 0.3 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(rates.T, cmap="Reds", vmin=0, vmax=1, aspect="auto")
    for (family, capability), rate in np.ndenumerate(rates):
        axes.text(family, capability, f"{rate:.0%}", ha="center", va="center", color="white" if rate > 0.6 else "black")
    axes.set_xticks(range(len(families)), families)
    axes.set_yticks(range(len(names)), names)
    axes.set(title="Behaviour tests that fail")
    return figure


def _one_against_rest(labels, probabilities):
    """Truth and score of the positive class; of all classes one after the other where there are more than two."""
    classes = probabilities.shape[1]
    if classes == 2:
        return labels == 1, probabilities[:, 1]
    return (labels[:, None] == np.arange(classes)).ravel(), probabilities.ravel()
