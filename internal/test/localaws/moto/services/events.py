"""EventBridge: TestEventPattern, patterns as strict as AWS's, and what AWS refuses of
rules and targets.

Rules and limits: API reference (PutRule, PutTargets, InputTransformer, TestEventPattern)
and "Amazon EventBridge quotas" in its user guide.
"""

import json
import re

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException, ValidationException
from moto.events.models import EventPattern, EventPatternParser, EventsBackend
from moto.events.responses import EventsHandler

from . import event_pattern, implement

MAX_RULES = 300
MAX_TARGETS = 5
MAX_PATTERN = 2048
MAX_TEMPLATE = 8192
MAX_PATHS = 100
STATES = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
# User guide, "Event structure": what an event has to have for TestEventPattern.
ENVELOPE = ("id", "account", "source", "time", "region", "resources", "detail-type")
PATH = re.compile(r"\$(\.[A-Za-z0-9_/-]+(\[(\d+|\*)\])?)*|\$\.\*")


class LimitExceededException(JsonRESTError):
    code = 400

    def __init__(self, message):
        super().__init__("LimitExceededException", message)


def parsed(text):
    try:
        return event_pattern.parse(text)
    except event_pattern.Invalid as e:
        raise InvalidEventPatternException(reason=str(e)) from e


@implement(EventPatternParser)
def parse(self):
    return parsed(self.pattern) if self.pattern else {}


@implement(EventPattern)
def matches_event(self, event):
    return event_pattern.matches(self._pattern, json.loads(json.dumps(event)))


@implement(EventsHandler)
def test_event_pattern(self):
    pattern, text = self._get_param("EventPattern"), self._get_param("Event")
    try:
        event = json.loads(text)
    except (TypeError, json.JSONDecodeError) as e:
        raise ValidationException("Parameter Event is not valid. Reason: it is no JSON") from e
    for field in ENVELOPE:
        if not isinstance(event, dict) or field not in event:
            raise ValidationException(f"Parameter Event is not valid. Reason: {field} is missing")
    return json.dumps({"Result": event_pattern.matches(parsed(pattern), event)})


put_rule_of_moto = EventsBackend.put_rule
put_targets_of_moto = EventsBackend.put_targets


@implement(EventsBackend)
def put_rule(self, name, **kwargs):
    if not re.fullmatch(r"[.\-_A-Za-z0-9]{1,64}", name or ""):
        raise ValidationException(
            f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+, of at most 64 characters"
        )
    if len(kwargs.get("description") or "") > 512:
        raise ValidationException(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: "
            "Member must have length less than or equal to 512"
        )
    if (kwargs.get("state") or "ENABLED") not in STATES:
        raise ValidationException(
            f"1 validation error detected: Value at 'state' failed to satisfy constraint: Member must satisfy enum value set: {list(STATES)}"
        )
    if len(kwargs.get("event_pattern") or "") > MAX_PATTERN:
        raise LimitExceededException(f"The event pattern is longer than {MAX_PATTERN} characters")
    rules = self._get_event_bus(self._normalize_event_bus_arn(kwargs.get("event_bus_arn"))).rules
    if name not in rules and len(rules) >= MAX_RULES:
        raise LimitExceededException("The requested resource exceeds the maximum number allowed.")
    return put_rule_of_moto(self, name, **kwargs)


@implement(EventsBackend)
def put_targets(self, name, event_bus_arn, targets):
    for target in targets:
        check_target(target, self.region_name)
    rule = self._get_event_bus(self._normalize_event_bus_arn(event_bus_arn)).rules.get(name)
    if rule and len({t["Id"] for t in rule.targets + targets}) > MAX_TARGETS:
        raise LimitExceededException("The requested resource exceeds the maximum number allowed.")
    return put_targets_of_moto(self, name, event_bus_arn, targets)


def check_target(target, region):
    def refuse(reason):
        raise ValidationException(f"Parameter {target['Arn']} is not valid. Reason: {reason}")

    service, at = target["Arn"].split(":")[2:4]
    if service == "sns" and at != region:
        refuse("Provided Arn is not in the region of the rule.")
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    if queue is not None and not re.fullmatch(rf"arn:aws[a-z-]*:sqs:{region}:\d{{12}}:[\w-]+", queue):
        refuse("the dead-letter queue is no standard queue of SQS in the region of the rule.")
    transformer = target.get("InputTransformer")
    if transformer is None:
        return
    template, paths = transformer.get("InputTemplate", ""), transformer.get("InputPathsMap", {})
    if not 1 <= len(template) <= MAX_TEMPLATE:
        refuse(f"InputTemplate has {len(template)} characters, of at most {MAX_TEMPLATE}.")
    if len(paths) > MAX_PATHS:
        refuse(f"InputPathsMap has {len(paths)} entries, of at most {MAX_PATHS}.")
    for key, path in paths.items():
        if not re.fullmatch(r"[A-Za-z0-9_\-]{1,256}", key) or key.upper().startswith("AWS."):
            refuse(f"{key} is no key of InputPathsMap.")
        if len(path) > 256 or not PATH.fullmatch(path):
            refuse(f"{path} is no JSON path.")
    for name in re.findall(r"<([^<>]*)>", template):
        if name not in paths and not name.startswith("aws.events."):
            refuse(f"InputTemplate has <{name}>, which InputPathsMap lacks.")
    if not template.lstrip().startswith("{") and not all(is_quoted(line) for line in template.splitlines()):
        refuse("InputTemplate is neither JSON nor lines in quotes.")


def is_quoted(line):
    return re.fullmatch(r'\s*"(\\.|[^"\\])*"\s*', line) is not None
