import io
import warnings

import matplotlib
import pytest

from sentiment import figures


@pytest.mark.parametrize("found", [(), ("STIXGeneral",)])
def test_signs_that_the_usual_font_lacks_come_from_fonts_that_are_there_or_are_boxes(monkeypatch, found):
    monkeypatch.setattr(figures, "FONTS", (*found, "a font that is nowhere"))
    with matplotlib.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = figures.new_figure(2, 2)
        figure.suptitle("\u4e2d\u6587")
        figure.savefig(io.BytesIO())
        assert matplotlib.rcParams["font.family"] == ["sans-serif", *found]
