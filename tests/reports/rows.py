"""A row of comparison.json."""


def row(family, validation, test):
    return {
        "family": family,
        "validation_accuracy": validation,
        "test_accuracy": test,
        "test_accuracy_low": test - 0.04,
        "test_accuracy_high": test + 0.04,
        "f1_macro": test,
        "roc_auc": 0.9,
        "log_loss": 0.3,
        "calibration_error": 0.02,
        "behaviour_failure_rate": 0.25,
        "train_seconds": 12.0,
        "latency_ms_p50": 1.5,
        "latency_ms_p95": 2.0,
        "model_bytes": 1_500_000,
    }
