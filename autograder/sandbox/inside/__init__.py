"""What runs inside the sandbox, beside the student's code: boot, restrictions, server.

This folder and `course/` are all of the project that a worker can see. `wire` and `peer` are used on both sides.
Nothing here is trusted once the submission has been imported.
"""
