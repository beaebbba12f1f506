"""The people of the bench: how the one with a number is called, and the password of all."""

PASSWORD = "correct horse battery staple"


def address(number: int) -> str:
    return f"reader-{number:05}@example.test"


def device(number: int) -> str:
    return f"installation-{number:05}"
