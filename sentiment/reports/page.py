"""Self-contained HTML pages: what they show of texts and names is escaped, their plots are inside of them."""

import base64
import io
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

RESOLUTION = 80  # dots an inch, of the plots


def render(template, **content):
    """The page of a template, a Path; it may extend ``page.html``."""
    folders = [template.parent, Path(__file__).parent]
    pages = Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined)
    return pages.get_template(template.name).render(**content)


def as_image(figure):
    """A matplotlib Figure as the URI of an image that holds its own data."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=RESOLUTION)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
