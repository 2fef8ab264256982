"""Event patterns of EventBridge: what AWS refuses, and which events match.

Grammar: user guide, "Creating event patterns" and "Comparison operators for use in event
patterns"; where they leave something open, the README of event-ruler, AWS's own matcher.
"""

import ipaddress
import json
import re

MISSING = object()
RESERVED = {
    "exactly", "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr",
}  # fmt: skip
COMPARE = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Invalid(Exception):
    """What AWS says about a pattern that it refuses."""


def parse(text):
    try:
        pattern = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as e:
        raise Invalid(f"Filter is not valid JSON: {e}") from e
    if not isinstance(pattern, dict):
        raise Invalid("Filter is not an object")
    check_fields(pattern, "")
    check_paths(pattern, set())
    return pattern


def once(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise Invalid(f"Path `{name}` cannot be allowed multiple times")
    return dict(pairs)


def check_fields(fields, path):
    if not fields:
        raise Invalid("Empty objects are not allowed")
    for name, value in fields.items():
        if isinstance(value, dict):
            check_fields(value, f"{path}{name}.")
        elif not isinstance(value, list):
            raise Invalid(f'"{name}" must be an object or an array')
        elif not value:
            raise Invalid("Empty arrays are not allowed")
        elif is_or(name, value):
            for one in value:
                check_fields(one, path)
        else:
            for one in value:
                check_value(one)


def is_or(name, value):
    """With anything else in it, $or is a field like others."""
    return (
        name == "$or"
        and len(value) > 1
        and all(isinstance(v, dict) and not RESERVED & v.keys() for v in value)
    )


def check_value(value):
    if value is None or isinstance(value, (str, bool, int, float)):
        return
    if isinstance(value, list):
        raise Invalid("Match value must be String, number, true, false, or null")
    if len(value) != 1:
        raise Invalid("Only one key allowed in match expression")
    for name, operand in value.items():
        check = OPERATORS.get(name)
        if check is None:
            raise Invalid(f"Unrecognized match type {name}")
        check(name, operand)


def text(name, operand):
    if not isinstance(operand, str) or not operand:
        raise Invalid(f"{name} match pattern must be a string")


def text_or_ignoring_case(name, operand):
    if isinstance(operand, dict):
        if list(operand) != ["equals-ignore-case"]:
            raise Invalid(f"Unsupported {name} pattern")
        operand = operand["equals-ignore-case"]
    text(name, operand)


def wildcard(name, operand):
    text(name, operand)
    if re.search(r"(?<!\\)(?:\\\\)*\*\*", operand):
        raise Invalid("Consecutive wildcard characters")
    if re.search(r"(?<!\\)(?:\\\\)*\\(?![\\*])", operand):
        raise Invalid("Invalid escape character")


def anything_but(name, operand):
    if isinstance(operand, dict):
        if len(operand) != 1:
            raise Invalid("Only one key allowed in match expression")
        for inner, values in operand.items():
            if inner not in ("prefix", "suffix", "equals-ignore-case", "wildcard"):
                raise Invalid(f"Unsupported anything-but pattern: {inner}")
            for v in values if isinstance(values, list) and values else [values]:
                (wildcard if inner == "wildcard" else text)(f"anything-but {inner}", v)
        return
    values = operand if isinstance(operand, list) else [operand]
    texts = all(isinstance(v, str) for v in values)
    numbers = all(is_number(v) for v in values)
    if not values or not (texts or numbers):
        raise Invalid("Inside anything but list, either all values are number or string, mixed type is not supported")


def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def numeric(_, operand):
    if not isinstance(operand, list) or len(operand) not in (2, 4):
        raise Invalid("Value of numeric must be an array of one or two comparisons")
    for sign, bound in zip(operand[::2], operand[1::2], strict=True):
        if sign not in COMPARE:
            raise Invalid(f"Unrecognized numeric range operator: {sign}")
        if not is_number(bound) or abs(bound) > 5e9:
            raise Invalid("Value must be between -5.0E9 and 5.0E9, inclusive")
    if len(operand) == 4:
        if operand[0] not in (">", ">=") or operand[2] not in ("<", "<="):
            raise Invalid(f"Bad numeric range operator: {operand[2]}")
        if operand[1] >= operand[3]:
            raise Invalid("Bottom must be less than top")


def exists(_, operand):
    if not isinstance(operand, bool):
        raise Invalid("exists match pattern must be either true or false.")


def cidr(_, operand):
    try:
        if "/" not in operand:
            raise ValueError
        ipaddress.ip_network(operand, strict=False)
    except (ValueError, TypeError) as e:
        raise Invalid(f"Malformed CIDR: {operand}") from e


OPERATORS = {
    "prefix": text_or_ignoring_case,
    "suffix": text_or_ignoring_case,
    "equals-ignore-case": text,
    "wildcard": wildcard,
    "anything-but": anything_but,
    "numeric": numeric,
    "exists": exists,
    "cidr": cidr,
}


def check_paths(pattern, beside):
    """No field may stand both in $or and beside it."""
    fields, choices = set(), []

    def walk(path, fields_here):
        for name, value in fields_here.items():
            if isinstance(value, dict):
                walk(f"{path}{name}.", value)
            elif is_or(name, value):
                choices.append([under(path, one) for one in value])
            else:
                fields.add(path + name)

    walk("", pattern)
    for path in sorted(fields & beside):
        raise Invalid(f"Path `{path}` cannot be allowed multiple times")
    for choice in choices:
        for one in choice:
            check_paths(one, beside | fields)


def under(path, pattern):
    for name in reversed(path.split(".")[:-1]):
        pattern = {name: pattern}
    return pattern


def matches(pattern, event):
    """Says whether all fields match. Those of one list of objects have to match in one of
    them."""
    if isinstance(event, list):
        return any(matches(pattern, one) for one in event)
    if not isinstance(event, dict):
        event = {}
    for name, wanted in pattern.items():
        if isinstance(wanted, dict):
            ok = matches(wanted, event.get(name))
        elif is_or(name, wanted):
            ok = any(matches(one, event) for one in wanted)
        else:
            ok = any(value_matches(one, event.get(name, MISSING)) for one in wanted)
        if not ok:
            return False
    return True


def value_matches(wanted, value):
    if isinstance(wanted, dict) and "exists" in wanted:
        # Fields that hold others, and lists of such, count as missing.
        there = value is not MISSING and not isinstance(value, dict) and value != []
        return there == wanted["exists"]
    if isinstance(value, list):
        return any(value_matches(wanted, one) for one in value)
    if value is MISSING or isinstance(value, dict):
        return False
    if not isinstance(wanted, dict):
        return type_of(wanted) == type_of(value) and wanted == value
    (name, operand), = wanted.items()
    return MATCH[name](operand, value)


def type_of(v):
    return float if is_number(v) else type(v)


def affix(match):
    def decide(operand, value):
        if not isinstance(value, str):
            return False
        if isinstance(operand, dict):
            return match(value.lower(), operand["equals-ignore-case"].lower())
        return match(value, operand)

    return decide


def wildcard_matches(operand, value):
    if not isinstance(value, str):
        return False
    parts = re.findall(r"\\.|.", operand, re.DOTALL)
    expression = "".join(".*" if p == "*" else re.escape(p[-1]) for p in parts)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def anything_but_matches(operand, value):
    if isinstance(operand, dict):
        (name, values), = operand.items()
        values = values if isinstance(values, list) else [values]
        return isinstance(value, str) and not any(MATCH[name](v, value) for v in values)
    values = operand if isinstance(operand, list) else [operand]
    return not any(type_of(v) == type_of(value) and v == value for v in values)


def numeric_matches(operand, value):
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return is_number(value) and all(COMPARE[sign](value, bound) for sign, bound in pairs)


def cidr_matches(operand, value):
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(operand, strict=False)
    except ValueError:
        return False


MATCH = {
    "prefix": affix(str.startswith),
    "suffix": affix(str.endswith),
    "equals-ignore-case": lambda operand, value: isinstance(value, str) and value.lower() == operand.lower(),
    "wildcard": wildcard_matches,
    "anything-but": anything_but_matches,
    "numeric": numeric_matches,
    "cidr": cidr_matches,
}
