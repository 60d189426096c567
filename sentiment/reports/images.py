"""Figures as images: on pages and as artifacts."""

import base64
import io
from collections.abc import Mapping

import mlflow
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

RESOLUTION = 130  # dots per inch; pages show about 80, screens have more
MARGIN = 0.06  # inches around a panel


def draw_image(figure: Figure) -> Image.Image:
    """A figure as an image without a background. The first call draws it; later ones do not see changes."""
    if not isinstance(figure.canvas, FigureCanvasAgg):
        figure.set_dpi(RESOLUTION)
        for patch in (figure.patch, *(axes.patch for axes in figure.axes)):
            patch.set_alpha(0)
        FigureCanvasAgg(figure).draw()
    assert isinstance(figure.canvas, FigureCanvasAgg)
    return Image.fromarray(np.asarray(figure.canvas.buffer_rgba()))


def embed_panels(figure: Figure) -> list[str]:
    """Each axes of a figure as its own image source, so that a narrow screen can stack them.

    Returns:
        Data URIs of PNG images without a background.
    """
    image, panels = draw_image(figure), []
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box is not None  # of axes that are visible
        left, low, right, high = box.padded(MARGIN * RESOLUTION).extents
        rows = image.height - high, image.height - low  # counted from the top
        buffer = io.BytesIO()
        image.crop((left, rows[0], right, rows[1])).save(buffer, "png")
        panels.append(f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}")
    return panels


def log_plots(figures: Mapping[str, Figure]) -> None:
    """Log figures to the active run as ``plots/NAME.png``, on white."""
    for name, figure in figures.items():
        image = draw_image(figure)
        on_white = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        mlflow.log_image(on_white, artifact_file=f"plots/{name}.png")
