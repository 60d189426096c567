"""TensorFlow's start."""

import os
import sys
import tempfile
from functools import cache

NOISE = ("I0000", "W0000", "WARNING: All log")


@cache
def start_tensorflow() -> None:
    """Import TensorFlow and let it find its devices, without the notes that its C++ code prints at any log level."""
    sys.stderr.flush()
    # Keras imports it if it can, for galleries of images, which takes half a second.
    left_out = {"matplotlib": None} if "matplotlib" not in sys.modules else {}
    sys.modules.update(left_out)  # type: ignore[arg-type]
    console = os.dup(2)
    with tempfile.TemporaryFile() as notes:
        os.dup2(notes.fileno(), 2)
        try:
            import tensorflow as tf

            tf.get_logger().setLevel("ERROR")
            tf.config.list_logical_devices()  # it would otherwise look for them at the first operation
        finally:
            for name in left_out:
                del sys.modules[name]
            os.dup2(console, 2)
            os.close(console)
            notes.seek(0)
            for line in notes.read().decode("utf-8", "replace").splitlines():
                if not line.startswith(NOISE) and "cuInit" not in line:
                    print(line, file=sys.stderr)
