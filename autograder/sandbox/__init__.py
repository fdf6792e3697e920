"""Where a submission runs. The sandbox returns values, never verdicts.

`box` starts a worker and keeps the time, `tiers` says with which walls, `student` is the proxy that hidden tests
call, `processes` watches from outside, and `inside/` is all that runs within.
"""
