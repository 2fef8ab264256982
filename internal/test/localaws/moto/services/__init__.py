"""What moto lacks, a file for each service."""


def implement(moto_class):
    """Adds the decorated function to a class of moto, or replaces the method there."""

    def add(function):
        setattr(moto_class, function.__name__, function)
        return function

    return add
