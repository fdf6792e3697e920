"""The proof of a homework: what must hold before it may be released."""
