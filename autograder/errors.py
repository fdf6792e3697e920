"""The one exception that a user of the tool may see."""


class UserError(Exception):
    """A mistake that the user can mend: one line saying who, what was got, what was expected, what to do.

    The command line prints the line and exits with code 2, without a traceback.
    """
