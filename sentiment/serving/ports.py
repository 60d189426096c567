"""Reservation of a port for a server."""

import socket


def reserve(host: str, port: int) -> socket.socket:
    """Reserve a port for a server with SO_REUSEPORT, until the returned socket is closed.

    Raises:
        OSError: another process listens there, or has reserved it.
    """
    reserved = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # ended connections do not matter
        reserved.bind((host, port))
    except OSError:
        reserved.close()
        raise
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)  # else others could bind it until the server listens
    if hasattr(socket, "SO_REUSEPORT"):  # after binding: a socket bound without it has the port exclusively
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return reserved
