"""Grade a class of homework submissions without ever trusting them."""
