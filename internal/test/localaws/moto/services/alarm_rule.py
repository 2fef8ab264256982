"""The rules of composite alarms: what the API reference of PutCompositeAlarm and
"Composite alarms" in CloudWatch's user guide say about their grammar.

    rule      := term { OR term }
    term      := factor { AND factor }
    factor    := NOT factor | "(" rule ")" | TRUE | FALSE | state "(" alarm ")" | at-least
    at-least  := AT_LEAST "(" count [%] "," [NOT] state "," "(" alarm { "," alarm } ")" ")"
    state     := ALARM | OK | INSUFFICIENT_DATA
    alarm     := name or ARN, in double quotes when it has spaces, parentheses or commas
"""

import functools
import re
from dataclasses import dataclass, field

from moto.cloudwatch.exceptions import ValidationError

STATES = ("ALARM", "OK", "INSUFFICIENT_DATA")
TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[(),]|[^\s(),"]+|")')


@dataclass
class Node:
    kind: str  # AND, OR, NOT, GROUP, TRUE, FALSE, one of STATES, AT_LEAST
    parts: list = field(default_factory=list)  # nodes below, or names of alarms
    state: str = ""  # of AT_LEAST: the state that is counted
    negated: bool = False  # of AT_LEAST: alarms that are not in it are counted
    count: int = 0
    percent: bool = False

    def references(self):
        for part in self.parts:
            if isinstance(part, Node):
                yield from part.references()
            else:
                yield part

    def elements(self):
        """Counts alarms, TRUE, FALSE and parentheses."""
        own = {"GROUP": 2, "TRUE": 1, "FALSE": 1}.get(self.kind, 0)
        return own + sum(p.elements() if isinstance(p, Node) else 1 for p in self.parts)

    def holds(self, state):
        """Tells whether the rule is true; state returns the state of an alarm."""
        match self.kind:
            case "TRUE" | "FALSE":
                return self.kind == "TRUE"
            case "AND":
                return all(p.holds(state) for p in self.parts)
            case "OR":
                return any(p.holds(state) for p in self.parts)
            case "NOT":
                return not self.parts[0].holds(state)
            case "GROUP":
                return self.parts[0].holds(state)
            case "AT_LEAST":
                hits = sum((state(p) == self.state) != self.negated for p in self.parts)
                return hits * 100 >= self.count * len(self.parts) if self.percent else hits >= self.count
            case _:
                return state(self.parts[0]) == self.kind


@functools.cache
def parse(rule):
    return Parser(rule).parse()


class Parser:
    def __init__(self, rule):
        self.tokens = []  # (text, where)
        at = 0
        while rule[at:].strip():
            match = TOKEN.match(rule, at)
            self.tokens.append((match.group(1), match.start(1)))
            at = match.end()
        self.tokens.append(("", len(rule)))

    def parse(self):
        node = self.rule()
        if self.tokens[0][0]:
            self.refuse()
        return node

    def refuse(self, *wanted):
        text, at = self.tokens[0]
        must = f", must be: {', '.join(repr(w) for w in wanted)}" if wanted else ""
        raise ValidationError(f"Error in AlarmRule [Unsupported token '{text}' at char {at}{must}]")

    def next_is(self, *texts):
        return self.tokens[0][0] in texts

    def take(self, *texts):
        if texts and not self.next_is(*texts):
            self.refuse(*texts)
        return self.tokens.pop(0)[0]

    def rule(self):
        return self.chain("OR", lambda: self.chain("AND", self.factor))

    def chain(self, operator, part):
        parts = [part()]
        while self.next_is(operator):
            self.take()
            parts.append(part())
        return Node(operator, parts) if len(parts) > 1 else parts[0]

    def factor(self):
        if self.next_is("NOT"):
            self.take()
            return Node("NOT", [self.factor()])
        if self.next_is("("):
            self.take()
            node = Node("GROUP", [self.rule()])
            self.take(")")
            return node
        if self.next_is("TRUE", "FALSE"):
            return Node(self.take())
        if self.next_is("AT_LEAST"):
            return self.at_least()
        if not self.next_is(*STATES):
            self.refuse()
        node = Node(self.take())
        self.take("(")
        node.parts.append(self.alarm())
        self.take(")")
        return node

    def at_least(self):
        self.take()
        self.take("(")
        match = re.fullmatch(r"([1-9]\d*)(%?)", self.tokens[0][0])
        if not match:
            self.refuse()
        self.take()
        node = Node("AT_LEAST", count=int(match.group(1)), percent=bool(match.group(2)))
        self.take(",")
        if self.next_is("NOT"):
            self.take()
            node.negated = True
        node.state = self.take(*STATES)
        self.take(",")
        self.take("(")
        node.parts.append(self.alarm())
        while self.next_is(","):
            self.take()
            node.parts.append(self.alarm())
        self.take(")")
        self.take(")")
        if node.count > (100 if node.percent else len(node.parts)):
            raise ValidationError(f"Error in AlarmRule [AT_LEAST {node.count} of {len(node.parts)} alarms]")
        return node

    def alarm(self):
        text = self.tokens[0][0]
        if text in ("", "(", ")", ",", '"'):
            self.refuse()
        self.take()
        return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
