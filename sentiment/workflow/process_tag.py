"""The tag that identifies a run's process, and whether that process still runs."""

import hashlib
import os
import platform
import re
from pathlib import Path

import psutil


def this_process() -> str:
    """The value of the tag ``PROCESS`` for this process."""
    return f"{platform.node()} {os.getpid()} {_start(os.getpid())} {pid_namespace()} {boot_id()} {machine_digest()}"


def is_gone(tag: str) -> bool:
    """Whether the process of a tag ``PROCESS`` ran here and has ended; False if unknown.

    Here means this machine and, on Linux, this PID namespace: other containers have other processes with the same id.
    """
    found = re.fullmatch(r"(.*) (\d+) (\d+)(?: (\S+))?(?: (\S+) (\S+))?", tag)
    if not found or found[1] != platform.node():  # for LIKE an underscore is any character
        return False
    _, pid, started, namespace, boot, machine = found.groups()
    if namespace not in (None, pid_namespace()):  # earlier releases did not write it
        return False
    if boot not in (None, boot_id()):  # before a reboot, or on another machine of the same name
        return machine == machine_digest() != "-"
    try:
        process = psutil.Process(int(pid))
        # Another process may have the id now. macOS and earlier releases record the time, which moves with the clock.
        in_ticks = boot not in (None, "-")
        same = _start(pid) == started if in_ticks else abs(process.create_time() - float(started)) < 5
        return not (same and is_alive(process))
    except psutil.NoSuchProcess:
        return True


def is_alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that ended, but whose exit status is unread, does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_namespace() -> str:
    """What distinguishes the process ids of containers with the same host name; - if there is none."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:  # not Linux
        return "-"


def boot_id() -> str:
    """An id that differs between machines and between boots; - if there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # not Linux; the boot time moves when the clock is set
        return "-"


def machine_digest() -> str:
    """A digest of this machine's id, which must not be exposed itself (machine-id(5)); - if it has none."""
    try:
        machine = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except OSError:
        return "-"
    # systemd writes "uninitialized" into an image, until its first boot.
    return hashlib.sha256(machine.encode()).hexdigest()[:16] if re.fullmatch("[0-9a-f]{32}", machine) else "-"


def _start(pid: int | str) -> str:
    """When a process started: on Linux in ticks since boot, independent of clock changes (proc_pid_stat(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except OSError:  # not Linux
        return f"{psutil.Process(int(pid)).create_time():.0f}"
