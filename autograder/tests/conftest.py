"""Interrupts reach the processes that tests start, also where these tests run as a shell's background job."""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # inherited, and would be passed on
    signal.signal(signal.SIGINT, signal.default_int_handler)
