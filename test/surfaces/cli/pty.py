"""Runs a program on a terminal of its own: what is typed comes on standard input, what it shows goes to standard output.

Lines "ROWS COLUMNS" on descriptor 3 change the size of the window. When the program has ended, descriptor 4 says whether
it left the terminal as it was.
"""

import fcntl
import os
import select
import struct
import sys
import termios


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    outer, inner = os.openpty()
    resize(outer, 24, 80)
    child = os.fork()
    if child == 0:
        os.setsid()
        fcntl.ioctl(inner, termios.TIOCSCTTY, 0)
        for descriptor in (0, 1, 2):
            os.dup2(inner, descriptor)
        os.closerange(3, 64)
        os.execv(sys.argv[1], sys.argv[1:])
    open_sources = {0, 3}
    ended = None
    while True:
        ready, _, _ = select.select([outer, *open_sources], [], [], 0.05)
        if outer in ready:
            os.write(1, os.read(outer, 65536))
        if 0 in ready:
            typed = os.read(0, 65536)
            if typed:
                os.write(outer, typed)
            else:
                open_sources.discard(0)
        if 3 in ready:
            said = os.read(3, 65536)
            if not said:
                open_sources.discard(3)
            for line in said.decode().split("\n"):
                if line:
                    resize(outer, *map(int, line.split()))
        if ended is not None and outer not in ready:
            break
        if ended is None:
            gone, status = os.waitpid(child, os.WNOHANG)
            if gone:
                ended = os.waitstatus_to_exitcode(status)
    flags = termios.tcgetattr(inner)[3]
    cooked = flags & termios.ECHO and flags & termios.ICANON
    os.write(4, b"cooked\n" if cooked else b"raw\n")
    sys.exit(ended if ended >= 0 else 128 - ended)


main()
