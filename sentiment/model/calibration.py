"""Temperature scaling: calibrated probabilities for networks."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

MIN_PROBABILITY = 1e-12  # before a logarithm is taken
MAX_LOG_TEMPERATURE = 3.0


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The temperature with the highest posterior density (Guo et al. 2017, section 4.2, for the likelihood).

    The prior of its logarithm is a standard normal distribution. It hardly matters if any document is misclassified;
    if none is, the likelihood alone would lead to probabilities of 0 and 1.

    Args:
        probabilities: float array of shape (documents, classes), of documents that the network was not trained on.
        labels: int array of shape (documents,), positions of the true classes.
        weights: of the documents, of shape (documents,); None if all weigh the same.

    Returns:
        A temperature above 0; above 1 for an overconfident network. It does not change the order of the classes.
    """

    def loss(log_temperature: float) -> float:
        scaled = scale_temperature(probabilities, np.exp(log_temperature))
        log_loss = float(np.average(log_losses(scaled, labels), weights=weights))
        return log_loss + log_temperature**2 / (2 * len(labels))  # the prior counts once, not for each document

    bounds = (-MAX_LOG_TEMPERATURE, MAX_LOG_TEMPERATURE)
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def log_losses(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The negative logarithm of the probability of each document's class: float array of shape (documents,)."""
    return -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], MIN_PROBABILITY))


def scale_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """The softmax of the log probabilities divided by a temperature: float64 of the same shape, rows sum to 1."""
    return softmax(np.log(np.maximum(probabilities, MIN_PROBABILITY)) / temperature, axis=1)
