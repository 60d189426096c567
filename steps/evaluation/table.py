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


def verdict(rows):
    """What won and by how much, in a sentence; ``rows`` has the winner first."""
    winner, *others = rows
    if not others:
        return f"{winner['family']} is the only family, with {winner['validation_accuracy']:.4f} validation accuracy."
    second = others[0]
    ahead = 100 * (winner["validation_accuracy"] - second["validation_accuracy"])
    on_test = 100 * (winner["test_accuracy"] - second["test_accuracy"])
    chosen = f"{winner['family']} wins by validation accuracy, "
    chosen += (
        f"{ahead:.1f} points ahead of {second['family']}"
        if ahead
        else f"level with {second['family']} and with the lower log loss"
    )
    return f"{chosen}; on the test split it is {abs(on_test):.1f} points {'ahead' if on_test >= 0 else 'behind'}."
