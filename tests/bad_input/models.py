"""Bad input."""

TABLE = []
