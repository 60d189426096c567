"""Where a version can be deployed to: one small protocol, and its clients by name."""

import importlib
from collections.abc import Callable
from typing import Any, Protocol

from sentiment.workflow.parameters import DeployParameters


class Target(Protocol):
    """A kind of endpoints. Each method raises UserError where it cannot do what it should."""

    @property
    def place(self) -> str:
        """Where the endpoints are: another of the same name may be elsewhere."""

    def create(self, endpoint: str, uri: str, version: str) -> str:
        """Make an endpoint that answers with a version; returns its address.

        Args:
            endpoint: its name.
            uri: the model's URI, ``models:/name/number``.
            version: its version.
        """

    def update(self, endpoint: str, uri: str, version: str, traffic: float) -> str:
        """Have an endpoint answer with a version, without a gap; with a share below 1 the former ones answer, too."""

    def delete(self, endpoint: str) -> None:
        """End an endpoint, and remove what it used."""

    def predict(self, endpoint: str, texts: list[str], version: str = "") -> list[dict[str, Any]]:
        """An endpoint's answer to some texts: a dict with label and score for each.

        Args:
            endpoint: its name.
            texts: the texts.
            version: the one that is to answer where several share the requests; empty for any.
        """


def get_target(parameters: DeployParameters, hold: Callable[[], None]) -> Target:
    """The target that the parameters name: what ``connect`` returns in the module of that name in this folder.

    Args:
        parameters: of the step.
        hold: to be called before a process is started.
    """
    return importlib.import_module(f"{__package__}.{parameters.target}").connect(parameters, hold)
