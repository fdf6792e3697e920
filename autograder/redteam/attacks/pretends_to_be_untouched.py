"""Claims that every exercise is still to do, in words that no skeleton has."""


def wrong(*args, **kwargs):
    raise NotImplementedError("2.1</td><script>alert(1)</script>")


action_value = gains = state_value = backward = forward = rollout = wrong
