"""Temperature scaling: probabilities of a network that mean what they say."""

import numpy as np
from scipy.optimize import minimize_scalar

SMALLEST = 1e-12  # probability, before its logarithm is taken
WIDEST = 3.0  # bound of the temperature's logarithm


def fit_temperature(probabilities, labels, weights=None):
    """The temperature that makes the labels most likely (Guo et al. 2017, section 4.2).

    Args:
        probabilities: float array of shape (documents, classes), of documents that the network was not trained on.
        labels: int array of shape (documents,), positions of the true classes.
        weights: how much each document counts, of shape (documents,); None for all the same.

    Returns:
        A float above 0: above 1 for a network that is too sure of itself. No class changes its rank by it.
    """
    rows = np.arange(len(labels))

    def negative_log_likelihood(log_temperature):
        scaled = at_temperature(probabilities, np.exp(log_temperature))
        return -np.average(np.log(np.maximum(scaled[rows, labels], SMALLEST)), weights=weights)

    return float(np.exp(minimize_scalar(negative_log_likelihood, bounds=(-WIDEST, WIDEST), method="bounded").x))


def at_temperature(probabilities, temperature):
    """The softmax of the log probabilities divided by a temperature: float64 of the same shape, rows summing to 1."""
    logits = np.log(np.maximum(probabilities, SMALLEST)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
