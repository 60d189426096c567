import os
import shutil

import pytest

from sentiment.deployment.folder import check_image, object_name, put_in_place
from sentiment.errors import UserError


@pytest.mark.parametrize("there", [True, False])
def test_a_package_is_there_whole_or_not_at_all(tmp_path, monkeypatch, there):
    made, target = tmp_path / "made", tmp_path / "out" / "package"
    (made / "model").mkdir(parents=True)
    (made / "model" / "weights").write_text("w")
    target.parent.mkdir()
    if there:
        target.mkdir()

    def stop(_: object, to: object) -> None:
        to.mkdir()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(shutil, "copytree", stop)
        put_in_place(made, target)
    assert [*target.parent.iterdir()] == [target] * there
    put_in_place(made, target)
    assert (target / "model" / "weights").read_text() == "w" and [*target.parent.iterdir()] == [target]


def test_the_user_of_an_image_may_read_a_package_that_was_written_with_a_strict_umask(tmp_path):
    made, target = tmp_path / "made", tmp_path / "package"
    before = os.umask(0o077)
    try:
        (made / "model").mkdir(parents=True)
        (made / "model" / "weights").write_text("w")
        (made / "start").touch(0o700)
        put_in_place(made, target)
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (target, *target.rglob("*"))}
    assert modes == {"package": "0o755", "model": "0o755", "weights": "0o644", "start": "0o755"}


def test_a_models_name_becomes_one_that_kubernetes_takes_for_a_service():
    named = {"sentiment": "sentiment", "Team/Mood_2": "team-mood-2", "2024 reviews": "model-2024-reviews", "…": "model"}
    assert {name: object_name(name) for name in named} == named


def test_the_name_of_an_image_may_have_a_port_but_no_tag():
    for image in ("", "sentiment", "localhost:5000/sentiment", "registry.example.org:443/team/mood_2"):
        assert check_image(image) == image
    for image in ("sentiment:7", "localhost:5000", "localhost:5000/sentiment:7", "Mood"):
        with pytest.raises(UserError, match=f"image={image}: expected a name in lower case without a tag"):
            check_image(image)
