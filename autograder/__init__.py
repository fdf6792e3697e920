"""Grade a class of homework submissions without ever trusting them."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - before anything is imported that an older Python cannot read
    version = ".".join(map(str, sys.version_info[:3]))
    sys.stderr.write("autograder: got Python " + version + ", expected 3.11 or later; make a new environment\n")
    sys.exit(2)
