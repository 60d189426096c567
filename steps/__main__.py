"""``python -m steps ENTRY_POINT --name=value …``: start an entry point of MLproject.

What has to happen before the first import happens here. Imports are most of what a short step costs.
"""

import gc
import os
import sys
import tempfile

from sentiment.workflow.stopping import Stop

# main reads runs and starts processes. MLflow imports in half the time where it does not find these packages, which it
# can do without (mlflow-skinny does); steps that need them are processes of their own.
NOT_IN_MAIN = ("numpy", "pandas", "pyarrow", "scipy", "sklearn")


def start(entry_point, arguments):
    stop = Stop(entry_point)
    stop.listen()
    gc.disable()  # imports make many objects that stay: looking for garbage is a fifth of their time
    if entry_point == "main":
        sys.modules.update(dict.fromkeys(NOT_IN_MAIN))

    from sentiment.workflow.process import run_entry_point

    with tempfile.TemporaryDirectory(prefix="sentiment-", ignore_cleanup_errors=True) as stop.scratch:
        # Of this process and those that it starts. MLflow leaves what it downloads where it put it.
        os.environ["TMPDIR"] = tempfile.tempdir = stop.scratch
        run_entry_point(entry_point, arguments, stop)


if __name__ == "__main__":
    start(sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:])
