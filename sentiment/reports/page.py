"""Self-contained HTML pages: everything that they show is escaped, and their images are part of the page."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).parent
RESOLUTION = 130  # dots an inch, of images; a page shows about 80, screens have more
MARGIN = 0.06  # inches around a panel


def render(template: str, **content: Any) -> str:
    """Render a template of this folder, which may extend ``page.html``."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**content)


def embed_panels(figure: Figure) -> list[str]:
    """Each axes of a figure by itself, which a narrow screen can show below one another, as the source of an image.

    Returns:
        Data URIs of PNG images without a background.
    """
    if engine := figure.get_layout_engine():
        engine.execute(figure)  # places the axes, which are to stay there
    figure.set_layout_engine(None)  # with any engine, to save a figure is to draw it twice
    inches = figure.dpi_scale_trans.inverted()
    panels = []
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box is not None  # of axes that are visible
        others = [other for other in figure.axes if other is not axes]
        for other in others:  # which would be drawn, and cut off
            other.set_visible(False)
        buffer = io.BytesIO()
        figure.savefig(
            buffer, format="png", dpi=RESOLUTION, bbox_inches=box.transformed(inches).padded(MARGIN), transparent=True
        )
        for other in others:
            other.set_visible(True)
        panels.append(f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}")
    return panels
