"""MLflow's server for a packaged model, with the checks of ``serve``: ``python -m sentiment.deployment.server``.

This module and :mod:`sentiment.serving.requests` are all of the project that an image of a model contains.
"""

import os
import socket

import uvicorn
from mlflow.pyfunc import load_model, scoring_server

from sentiment.serving.requests import check_requests

# Environment variables, for a model, an address and a port other than the image's.
MODEL_PATH, HOST, PORT = "MODEL_PATH", "HOST", "PORT"


def main() -> None:
    """Load the model and answer ``/ping`` and ``/invocations`` until the process is told to end.

    The command line is ignored: SageMaker starts every image with the argument ``serve``.
    """
    check_requests()
    model = load_model(os.environ.get(MODEL_PATH, "/opt/ml/model"))
    model.predict(["A first text, so that no request pays for what happens once."])
    # In this process instead of below `mlflow models serve`: the first process of a container gets the signals.
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):  # a second server takes over before the first one ends
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((os.environ.get(HOST, "0.0.0.0"), int(os.environ.get(PORT, "8080"))))
    server = uvicorn.Server(uvicorn.Config(scoring_server.init(model), log_level="warning"))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
