"""Matplotlib figures with common settings, and helpers for their axes."""

import math
import warnings

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names

# Fonts of systems and distributions for what the default one lacks: Chinese, Japanese, Korean, emoji.
FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    *("PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic"),
    *("Noto Emoji", "Segoe UI Emoji", "Symbola"),
)
LONGEST = 25  # characters of a name beside an axis


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches."""
    matplotlib.rcParams["text.parse_math"] = False  # names of classes may have $ in them
    installed = set(get_font_names())
    matplotlib.rcParams["font.family"] = ["sans-serif", *(font for font in FONTS if font in installed)]
    warnings.filterwarnings("ignore", message="Glyph .* missing from")  # matplotlib draws a box instead
    return Figure(figsize=(width, height), layout="constrained")


def shorten(name: str) -> str:
    """A name, such as that of a class, cut to fit beside an axis."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def integer_edges(low: int, high: int, most: int, edge: int | None = None) -> np.ndarray:
    """Edges of the bins of a histogram of whole numbers, with equally many in each except the first.

    Args:
        low: the smallest number.
        high: the largest number.
        most: bins, at most one or two more.
        edge: a number that a bin ends with.

    Returns:
        float64 array, halfway between whole numbers.
    """
    step = max(1, math.ceil((high - low + 1) / most))
    before = low - 1 if edge is None else edge - step * math.ceil((edge - low + 1) / step)
    edges = before + 0.5 + step * np.arange(math.ceil((high - before) / step) + 1)
    return np.maximum(edges, low - 0.5)
