"""Self-contained HTML pages: everything that they show is escaped, and their images are part of the page."""

import base64
import io
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure

RESOLUTION = 80  # dots an inch, of images


def render(template: Path, **content: Any) -> str:
    """Render a template, which may extend ``page.html``."""
    folders = [template.parent, Path(__file__).parent]
    environment = Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined)
    return environment.get_template(template.name).render(**content)


def embed_figure(figure: Figure) -> str:
    """A figure as a data URI, which an image on a page can have as its source."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=RESOLUTION)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
