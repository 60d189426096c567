import shutil

import pytest

from sentiment.deployment.folder import object_name, put_in_place


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


def test_a_models_name_becomes_one_that_kubernetes_takes_for_a_service():
    named = {"sentiment": "sentiment", "Team/Mood_2": "team-mood-2", "2024 reviews": "model-2024-reviews", "…": "model"}
    assert {name: object_name(name) for name in named} == named
