"""The programs of warm tests, as small as Python is: they hand over what a process inherits, and end as its copy does.

Whoever wants a Python, or libraries, that start in another way gets the real program.
"""

import _socket
import marshal
import os
import signal
import sys

LINE, REAL, STARTS, EARLY = "", "", (), {}
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def is_usual():
    """Whether all is as it was when the server started."""
    names = {name for name in os.environ if name.startswith(STARTS)} - {"PYTHONPATH", "PYTHONSAFEPATH"}
    return {name: os.environ[name] for name in names} == EARLY


def inherited():
    """The open files; the last one that the system lists is the list itself."""
    found = [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208 - without imports
    return [number for number in sorted(found) if _is_open(number)]


def _is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def ask():
    """Have it done by a copy, and end as it ends."""
    files = inherited()
    line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    line.connect(LINE)
    here = os.open(".", os.O_RDONLY)
    given = b"".join(number.to_bytes(4, sys.byteorder) for number in [here, *files])
    mask = os.umask(0)
    facts = marshal.dumps((sys.argv[1:], dict(os.environ), mask, files))
    line.sendmsg([len(facts).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, given)])
    line.sendall(facts)
    for number in files:  # whoever reads what the copy writes hears of its end
        os.close(number)
    pid = int.from_bytes(line.recv(4), "big")
    for number in SIGNALS:
        signal.signal(number, lambda sign, _: os.kill(pid, sign))
    status = int.from_bytes(line.recv(4), "big")
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


if is_usual():
    ask()
os.execv(REAL, [REAL, *sys.argv[1:]])  # noqa: S606 - nothing for a shell
