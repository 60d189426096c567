"""The comparison as a table and in words, for the console, MLflow's notes and the review card."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sentiment.evaluation.metrics import METRICS, Metric
from sentiment.evaluation.truth import summarize_truth
from sentiment.markdown import to_markdown
from sentiment.tracking import SEARCH_TEXTS

CONSOLE_WIDTH = 100  # characters
Rows = Sequence[Mapping[str, Any]]  # rows of comparison.json


def cells(rows: Rows, metrics: Iterable[Metric] | None = None) -> list[list[str]]:
    """A header and a line for each row, one cell per metric; the 95% interval of the accuracy follows it.

    Args:
        rows: rows of comparison.json.
        metrics: the columns; all metrics by default.
    """
    shown = list(METRICS.values() if metrics is None else metrics)
    lines = [["family"]] + [[row["family"]] for row in rows]
    for metric in shown:
        columns = [[metric.title] + [metric.show(row) for row in rows]]
        if metric.name == "accuracy":
            columns.append(["95% interval"] + [_interval(row) for row in rows])
        for column in columns:
            for line, cell in zip(lines, column):
                line.append(cell)
    return lines


def comparison_cells(comparison: Mapping[str, Any]) -> list[list[str]]:
    """The cells of comparison.json, with a row for the majority class and a column for the selection metric.

    Comparisons of earlier releases have neither.
    """
    rows = [*comparison["rows"], *([comparison["baseline"]] if "baseline" in comparison else [])]
    metrics, metric = list(METRICS.values()), METRICS[comparison.get("metric", "accuracy")]
    if metric.name != "accuracy":
        title = f"validation {metric.title}"
        metrics.insert(1, Metric(f"validation_{metric.name}", title, metric.format, metric.higher_is_better))
    return cells(rows, metrics)


def classes(names: Sequence[str], scores: Sequence[Mapping[str, float]]) -> list[list[str]]:
    """A header and a line for each class (:func:`sentiment.evaluation.metrics.class_scores`)."""
    lines = [[f"{score[key]:.3f}" for key in ("precision", "recall", "f1")] for score in scores]
    header = ["class", "precision", "recall", "F1", "texts"]
    return [header, *([name, *line, f"{score['documents']:.0f}"] for name, line, score in zip(names, lines, scores))]


def console(comparison: Mapping[str, Any]) -> str:
    """The table with aligned columns."""
    lines = comparison_cells(comparison)
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths))
        )
        for line in lines
    )


def console_report(comparison: Mapping[str, Any]) -> str:
    """The table, and below it the verdict, wrapped."""
    return f"\n{console(comparison)}\n\n{textwrap.fill(verdict(comparison), CONSOLE_WIDTH)}"


def markdown(comparison: Mapping[str, Any]) -> str:
    """The table in Markdown."""
    return to_markdown(comparison_cells(comparison))


def verdict(comparison: Mapping[str, Any]) -> str:
    """Label sources, the winner, why it won, whether its lead is significant, ensemble weights, in sentences."""
    winner, *others = comparison["rows"]
    name = winner["family"]
    metric = comparison.get("metric", "accuracy")
    points = "points" if metric == "accuracy" else "points of accuracy"  # the pairs are compared by that
    said = truth(comparison)
    if others:
        said += [f"{name} wins: {comparison['chosen']}."]
    else:
        figure = winner[f"validation_{metric}"]
        said += [f"{name} is the only family, with {figure:.4f} validation {metric.replace('_', ' ')}."]
    pairs = [pair for pair in comparison["pairs"] if name in (pair["first"], pair["second"])]
    said += [_describe_pair(name, pair, points) for pair in pairs]
    if baseline := comparison.get("baseline"):
        always = f"always answering {baseline['class']!r}"
        said.append(_describe_pair(name, baseline["lead"] | {"first": name, "second": always}, points))
    for row in comparison["rows"]:
        if sample := row.get(SEARCH_TEXTS):
            said.append(f"The hyperparameters of {row['family']} were chosen on a sample of {sample:,} training texts.")
        if weights := row.get("weights"):
            shares = (f"{weight:.2f} {family}" for family, weight in sorted(weights.items(), key=lambda pair: -pair[1]))
            said.append(f"The {row['family']} is {' + '.join(shares)}.")
    return " ".join(said)


def truth(comparison: Mapping[str, Any]) -> list[str]:
    """Who gave the test labels, in sentences, and what that means; none for a corpus without labelers."""
    found = comparison.get("truth")  # comparisons of earlier releases have none
    if not found:
        return []
    labelers = ", ".join(found["labelers"]) or "the labelers"
    who = summarize_truth(found) or f"all {found['documents']} test labels are human"
    said = [f"{who[0].upper()}{who[1:]}."]
    left_out = f" that no labeler was trained on ({count} are left out)" if (count := found.get("left_out")) else ""
    if "accuracy" not in found and left_out:
        return [*said, "A labeler was trained on all human-labelled test texts, so no accuracy on them is reported."]
    if "accuracy" not in found:
        return [*said, f"All metrics measure agreement with {labelers}, not with human labels."]
    name, accuracy = comparison["winner"], found["accuracy"]
    said.append(
        f"On human labels{left_out} the accuracy of {name} is {accuracy[name]:.3f}, that of {labelers} alone "
        f"{accuracy['labelers']:.3f}."
    )
    return said


def lost_slices(comparison: Mapping[str, Any]) -> str:
    """The slices on which another family is more accurate than the winner, in Markdown; empty if there are none."""
    lost = sorted(comparison["lost_slices"], key=lambda row: -row["behind"])
    if not lost:
        return ""
    lines = [["slice", "documents", "most accurate family", "points behind"]]
    lines += [[row["slice"], str(row["documents"]), row["family"], f"{100 * row['behind']:.1f}"] for row in lost]
    return f"Slices on which {comparison['winner']} is not the most accurate family:\n\n{to_markdown(lines)}"


def _interval(row: Mapping[str, Any]) -> str:
    return f"{row['test_accuracy_low']:.3f} to {row['test_accuracy_high']:.3f}"


def _describe_pair(name: str, pair: Mapping[str, Any], points: str) -> str:
    """One sentence on a pair of families, seen from the family ``name``; ``points`` is the unit of their lead."""
    sign = -1 if name == pair["second"] else 1
    other = pair["second"] if sign == 1 else pair["first"]
    low, high = sorted((100 * sign * pair["low"], 100 * sign * pair["high"]))
    ahead = 100 * sign * pair["difference"]
    where = f"{abs(ahead):.1f} {points} {'ahead of' if ahead > 0 else 'behind'}" if ahead else "level with"
    significance = "a real difference" if pair["significant"] else "within noise"
    return (
        f"On the test split it is {where} {other}, {significance} "
        f"(95% interval {low:+.1f} to {high:+.1f}, p = {pair['p_corrected']:.2g})."
    )
