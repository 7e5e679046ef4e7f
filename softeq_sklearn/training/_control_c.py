"""Whether the user has pressed Control-C, whoever is running at that moment."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager


class ControlC:
    """Whether Control-C was pressed.

    Attributes
    ----------
    pressed : bool
        Whether it was, since this was last set to False.
    """

    pressed = False


@contextmanager
def watched_control_c():
    """Note Control-C while the block runs; what it does otherwise stays the same.

    Callbacks of skorch raise KeyboardInterrupt to end a training, so that where one comes from a
    callback only the signal tells whether it is the user's. Signals reach the main thread alone;
    in others nothing is noted.

    Yields
    ------
    ControlC
    """
    noted = ControlC()
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        yield noted
        return

    def note(number, frame):
        noted.pressed = True
        usual(number, frame)

    try:
        signal.signal(signal.SIGINT, note)
        yield noted
    finally:
        if signal.getsignal(signal.SIGINT) is note:  # and not what a callback has set
            signal.signal(signal.SIGINT, usual)
