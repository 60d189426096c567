"""Figures of matplotlib, as all plots begin."""

import warnings

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names

# Fonts of systems and distributions for what the usual one does not have: Chinese, Japanese, Korean, emoji.
FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    *("PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic"),
    *("Noto Emoji", "Segoe UI Emoji", "Symbola"),
)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size in inches."""
    matplotlib.rcParams["text.parse_math"] = False  # names of classes may have $ in them
    installed = set(get_font_names())
    matplotlib.rcParams["font.family"] = ["sans-serif", *(font for font in FONTS if font in installed)]
    warnings.filterwarnings("ignore", message="Glyph .* missing from")  # matplotlib draws a box instead
    return Figure(figsize=(width, height), layout="constrained")
