"""The exceptions that a user of the tool may see."""


class UserError(Exception):
    """A mistake that the user can mend: one line saying who, what was got, what was expected, what to do.

    The command line prints the line and exits with `code`, without a traceback.
    """

    code = 2


class Interrupted(UserError):
    """The user interrupted long work; what was done is kept."""

    code = 130
