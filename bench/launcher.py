"""Runs one command and writes what it used to a file descriptor; measure.py starts it.

  python3 -I -S launcher.py DESCRIPTOR COMMAND [ARGUMENT...]

A process of its own, because Linux never gives a child a smaller peak memory than its parent held
when it was started: measured from compare.py, every small program would have the peak of
compare.py. This one imports only what Python has loaded anyway, which puts that floor at some 5 MiB.
"""
import os
import sys
import time

CANNOT_START = 127


def main(descriptor: int, command: list) -> None:
    # The command must not hold the pipe open, or write to it.
    os.set_inheritable(descriptor, False)
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            os.execv(command[0], command)
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode())
            os._exit(CANNOT_START)
    # The usage of a child includes that of all descendants that it waited for.
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - started
    line = f"{status} {wall!r} {used.ru_utime!r} {used.ru_stime!r} {used.ru_maxrss}"
    os.write(descriptor, line.encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
