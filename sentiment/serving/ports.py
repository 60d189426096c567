"""Whether a server could listen."""

import socket


def why_not_listen(host: str, port: int) -> OSError | None:
    """Why a server could not listen at an address; None where it could."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            return error
    return None
