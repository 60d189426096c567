"""The comparison as a table, for the console and for the run's description."""

COLUMNS = (
    ("family", "family", "{}"),
    ("validation_accuracy", "validation", "{:.4f}"),
    ("test_accuracy", "test", "{:.4f}"),
    ("interval", "95% interval", "{}"),
    ("f1_macro", "F1", "{:.4f}"),
    ("roc_auc", "ROC AUC", "{:.4f}"),
    ("log_loss", "log loss", "{:.4f}"),
    ("calibration_error", "ECE", "{:.3f}"),
    ("behaviour_failure_rate", "behaviour", "{:.0%} fail"),
    ("train_seconds", "train s", "{:.1f}"),
    ("latency_ms_p50", "p50 ms", "{:.1f}"),
    ("latency_ms_p95", "p95 ms", "{:.1f}"),
    ("model_mb", "MB", "{:.2f}"),
)


def cells(rows):
    """The header and a list of str for each row of comparison.json."""
    filled = [
        row
        | {
            "interval": f"{row['test_accuracy_low']:.3f} to {row['test_accuracy_high']:.3f}",
            "model_mb": row["model_bytes"] / 1e6,
        }
        for row in rows
    ]
    return [[title for _, title, _ in COLUMNS]] + [
        [form.format(row[key]) for key, _, form in COLUMNS] for row in filled
    ]


def console(rows):
    """The table with aligned columns."""
    lines = cells(rows)
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths))
        )
        for line in lines
    )


def markdown(rows):
    """The table in Markdown."""
    header, *body = cells(rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *body])


def verdict(comparison):
    """What won, why, and whether the test split can tell it from the others: a few sentences."""
    winner, *others = comparison["rows"]
    name = winner["family"]
    if not others:
        return f"{name} is the only family, with {winner['validation_accuracy']:.4f} validation accuracy."
    against = (_against(name, pair) for pair in comparison["pairs"] if name in (pair["first"], pair["second"]))
    return " ".join([f"{name} wins: {comparison['chosen']}.", *against])


def _against(name, pair):
    """What a pair says about one of its two, a sentence."""
    turned = -1 if name == pair["second"] else 1
    other = pair["second"] if turned == 1 else pair["first"]
    low, high = sorted((100 * turned * pair["low"], 100 * turned * pair["high"]))
    points = 100 * turned * pair["difference"]
    said = "a real difference" if pair["significant"] else "within noise"
    return (
        f"On the test split it is {abs(points):.1f} points {'ahead of' if points >= 0 else 'behind'} {other}, "
        f"{said} (95% interval {low:+.1f} to {high:+.1f}, p = {pair['p_holm']:.2g})."
    )


def lost_slices(comparison):
    """The slices on which another family is ahead of the winner, in Markdown; empty where there is none."""
    lost = sorted(comparison["lost_slices"], key=lambda row: -row["behind"])
    if not lost:
        return ""
    header = "| slice | documents | ahead | by points |\n| --- | --- | --- | --- |"
    lines = [f"| {row['slice']} | {row['documents']} | {row['family']} | {100 * row['behind']:.1f} |" for row in lost]
    return "\n".join([f"Where {comparison['winner']} is behind another family:", "", header, *lines])
