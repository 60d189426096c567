"""Figures of matplotlib, as all plots begin."""

import matplotlib
from matplotlib.figure import Figure


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches."""
    matplotlib.rcParams["text.parse_math"] = False  # names of classes may have $ in them
    return Figure(figsize=(width, height), layout="constrained")
