"""What AWS refuses by the description of its API, which botocore has: a field that is
missing, and a value outside of its length, range, pattern or list.
"""

import functools
import re

import botocore.session


@functools.cache
def input_of(service, call):
    return botocore.session.get_session().get_service_model(service).operation_model(call).input_shape


def problem(service, call, params):
    """Returns the first thing that is wrong with the parameters of a call, or None."""
    return wrong(input_of(service, call), params, "")


def wrong(shape, value, at):
    """Looks at a value, then at what is in it."""
    if found := refusal(shape, value, at):
        return found
    for part in parts(shape, value, at):
        if found := wrong(*part):
            return found
    return None


def refusal(shape, value, at):
    kind = shape.type_name
    if kind == "structure":
        given = {name for name, _, _ in fields(shape, value)}
        missing = [name for name in shape.required_members if name not in given]
        return refused(f"{at}{missing[0]}", "must not be null") if missing else None
    if kind in ("integer", "long", "double", "float"):
        return size(shape, value, at, "be")
    if kind in ("list", "map"):
        return size(shape, len(value), at, "have length")
    if kind == "string":
        return size(shape, len(value), at, "have length") or text(shape, value, at)
    return None


def parts(shape, value, at):
    kind = shape.type_name
    if kind == "structure":
        return [(member, inside, f"{at}{name}.") for name, member, inside in fields(shape, value)]
    if kind == "list":
        return [(shape.member, inside, f"{at}{i + 1}.") for i, inside in enumerate(value)]
    if kind == "map":
        return [(s, inside, at) for pair in value.items() for s, inside in zip((shape.key, shape.value), pair)]
    return []


def fields(shape, value):
    """The members of a structure that a call has: null is as if one were not there."""
    named = ((name, member, value.get(member.serialization.get("name", name))) for name, member in shape.members.items())
    return [field for field in named if field[2] is not None]


def size(shape, n, at, verb):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and n < float(least):
        return refused(at, f"must {verb} greater than or equal to {least}")
    if most is not None and n > float(most):
        return refused(at, f"must {verb} less than or equal to {most}")
    return None


def text(shape, value, at):
    values = shape.metadata.get("enum")
    if values and value not in values:
        return refused(at, f"must satisfy enum value set: {values}")
    pattern = shape.metadata.get("pattern")
    if pattern and not compiled(pattern).fullmatch(value):
        return refused(at, f"must satisfy regular expression pattern: {pattern}")
    return None


@functools.cache
def compiled(pattern):
    if r"\p{" in pattern:  # a class of characters that Python lacks: nothing is refused
        return re.compile(r"[\s\S]*")
    return re.compile(pattern.replace("(?i)", ""), re.IGNORECASE if "(?i)" in pattern else 0)


def refused(at, must):
    return f"1 validation error detected: Value at '{at.rstrip('.')}' failed to satisfy constraint: Member {must}"
