"""How far a right answer may be from ours, relative to the largest entry expected; and why so far."""

EXACT = 1e-8
"""For a closed formula on a well-conditioned problem in double precision.

Rounding leaves about 1e-16 x condition number x steps, below 1e-11 on the problems used here; three more
digits allow for another order of the same operations (solve or inverse, symmetrised or not).
"""

SINGLE = 1e-4
"""For the same where a solution in single precision must pass too.

Single precision rounds at 6e-8; a recursion on a problem of condition 100 ends near 1e-5. The known mistakes
are off by 1e-2 and more, so nothing wrong fits below this line.
"""
