"""CloudWatch: composite alarms, DescribeAlarms with all of its filters and pages,
EnableAlarmActions, DisableAlarmActions, trimmed statistics, percentiles of metric data,
GetMetricData of the very metric in a time that grows with the data, and what AWS refuses.

Rules and limits: API reference of CloudWatch (PutCompositeAlarm, DescribeAlarms,
DeleteAlarms) and "Composite alarms" in its user guide. Messages that are quoted in
public reports of errors have AWS's words, the others their sense.
"""

import math
import re
from collections import defaultdict
from datetime import timedelta

from moto.cloudwatch.exceptions import (
    CloudWatchException,
    InvalidParameterValue,
    ResourceNotFoundException,
    ValidationError,
)
from moto.cloudwatch.models import Alarm, CloudWatchBackend, Statistics
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from . import implement
from .alarm_rule import parse

MAX_ALARMS_PER_CALL = 100
MAX_ACTIONS = 5
MAX_TAGS = 50
MAX_RULE = 10240
MAX_ELEMENTS = 500
MAX_CHILDREN = 100
MAX_PARENTS = 150
PAGE = 50

# User guide, "CloudWatch statistics definitions".
PERCENT = r"(100|\d{1,2}(\.\d{1,10})?)"
EXTENDED_STATISTIC = re.compile(
    rf"p{PERCENT}|(tm|wm|tc|ts){PERCENT}|IQM"
    rf"|(TM|WM|TC|TS)\(({PERCENT}%:({PERCENT}%)?|:{PERCENT}%|[\d.]+:[\d.]*|:[\d.]+)\)"
    r"|PR\(([\d.]+:[\d.]*|:[\d.]+)\)"
)

COMPOSITE_ACTIONS = re.compile(
    r"arn:aws[a-z-]*:(sns:[a-z0-9-]+:\d{12}:[\w-]+"
    r"|lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?"
    r"|ssm:[a-z0-9-]+:\d{12}:opsitem:[1-4](#CATEGORY=\w+)?"
    r"|ssm-incidents::\d{12}:response-plan/.+"
    r"|aiops:[a-z0-9-]+:\d{12}:investigation-group/.+)"
)


class InvalidNextToken(CloudWatchException):
    code = "InvalidNextToken"
    message = "The NextToken is invalid."


def length(field, value, least, most):
    if not least <= len(value or "") <= most:
        raise ValidationError(
            f"1 validation error detected: Value at '{field}' failed to satisfy constraint: "
            f"Member must have length between {least} and {most}"
        )


def is_composite(alarm):
    return alarm.rule is not None


def by_name_or_arn(backend, reference):
    """Returns the alarm of this account and region that a rule refers to, or None."""
    for name in reference, reference.partition(":alarm:")[2]:
        alarm = backend.alarms.get(name)
        if alarm and reference in (alarm.name, alarm.alarm_arn):
            return alarm
    return None


def children(backend, alarm):
    found = (by_name_or_arn(backend, r) for r in parse(alarm.rule).references())
    return [child for child in found if child]


def parents(backend, alarm):
    return [p for p in backend.alarms.values() if is_composite(p) and alarm in children(backend, p)]


def evaluate(backend, composite, seen=()):
    """Sets the state of a composite alarm, and of those above it. AWS stops at cycles."""
    if composite.name in seen:
        return
    composite.unevaluated = False

    def state(reference):
        return by_name_or_arn(backend, reference).state_value

    now = "ALARM" if parse(composite.rule).holds(state) else "OK"
    if now != composite.state_value:
        reason = f"{composite.alarm_arn} transitioned to {now}"
        composite.update_state(reason, None, now)
        for parent in parents(backend, composite):
            evaluate(backend, parent, (*seen, composite.name))


# Composite alarms.


@implement(CloudWatchResponse)
def put_composite_alarm(self):
    backend = self.cloudwatch_backend
    get = self._get_param
    name, rule = get("AlarmName"), get("AlarmRule")
    length("alarmName", name, 1, 255)
    length("alarmRule", rule, 1, MAX_RULE)
    length("alarmDescription", get("AlarmDescription"), 0, 1024)
    for field in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        check_actions(field, get(field, []))
    check_tags(get("Tags", []))
    before = backend.alarms.get(name)
    if before and not is_composite(before):
        raise ValidationError(f"The alarm {name} exists and is a metric alarm")
    check_rule(backend, name, rule)
    check_suppressor(backend, get)

    alarm = Alarm(
        account_id=backend.account_id,
        region_name=backend.region_name,
        name=name,
        rule=rule,
        description=get("AlarmDescription"),
        actions_enabled=self._get_bool_param("ActionsEnabled"),
        alarm_actions=get("AlarmActions", []),
        ok_actions=get("OKActions", []),
        insufficient_data_actions=get("InsufficientDataActions", []),
        dimensions=[],
        **dict.fromkeys(
            (
                "namespace",
                "metric_name",
                "metric_data_queries",
                "comparison_operator",
                "evaluation_periods",
                "datapoints_to_alarm",
                "period",
                "threshold",
                "statistic",
                "extended_statistic",
                "unit",
                "treat_missing_data",
                "evaluate_low_sample_count_percentile",
                "threshold_metric_id",
            )
        ),
    )
    alarm.suppressor = get("ActionsSuppressor")
    alarm.wait_period = get("ActionsSuppressorWaitPeriod")
    alarm.extension_period = get("ActionsSuppressorExtensionPeriod")
    if before:
        # An update keeps the state, and does not touch tags.
        for kept in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
            setattr(alarm, kept, getattr(before, kept))
    else:
        alarm.state_value = "INSUFFICIENT_DATA"
        backend.tagger.tag_resource(alarm.alarm_arn, get("Tags", []))
    backend.alarms[name] = alarm
    # As in AWS, who asks right away sees it before it was evaluated.
    alarm.unevaluated = True
    return EmptyResult()


def check_actions(field, actions):
    if len(actions) > MAX_ACTIONS:
        raise ValidationError(
            f"1 validation error detected: Value at '{field}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_ACTIONS}"
        )
    for action in actions:
        if not COMPOSITE_ACTIONS.fullmatch(action):
            raise ValidationError(f"Invalid arn syntax or unsupported action of a composite alarm: {action}")


def check_tags(tags):
    if len(tags) > MAX_TAGS:
        raise ValidationError(f"An alarm can have at most {MAX_TAGS} tags")
    for tag in tags:
        if tag["Key"].lower().startswith("aws:"):
            raise ValidationError(f"The tag key {tag['Key']} begins with aws:, which is reserved")


def check_rule(backend, name, rule):
    tree = parse(rule)
    if tree.elements() > MAX_ELEMENTS:
        raise ValidationError(f"Error in AlarmRule [more than {MAX_ELEMENTS} elements]")
    references = sorted(set(tree.references()))
    if len(references) > MAX_CHILDREN:
        raise ValidationError(f"Error in AlarmRule [more than {MAX_CHILDREN} alarms]")
    unknown = [r for r in references if not by_name_or_arn(backend, r)]
    if unknown:
        raise ValidationError(
            f"Could not save the composite alarm as alarms [{', '.join(unknown)}] in the alarm rule do not exist"
        )
    for reference in references:
        above = [p.name for p in parents(backend, by_name_or_arn(backend, reference)) if p.name != name]
        if len(above) >= MAX_PARENTS:
            raise CloudWatchException("LimitExceeded", f"{reference} is in the rules of {MAX_PARENTS} composite alarms")


def check_suppressor(backend, get):
    suppressor = get("ActionsSuppressor")
    periods = [get("ActionsSuppressorWaitPeriod"), get("ActionsSuppressorExtensionPeriod")]
    if not suppressor:
        if any(p is not None for p in periods):
            raise ValidationError("ActionsSuppressor is required with a wait period or an extension period")
        return
    if not by_name_or_arn(backend, suppressor):
        raise ValidationError(
            f"Could not save the composite alarm as the actions suppressor alarm [{suppressor}] does not exist"
        )
    if any(p is None or p < 0 for p in periods):
        raise ValidationError(
            "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with ActionsSuppressor"
        )


# Every alarm.


@implement(CloudWatchResponse)
def describe_alarms(self):
    backend = self.cloudwatch_backend
    get = self._get_param
    check_filters(get)
    if get("ChildrenOfAlarmName"):
        alarms = related(backend, children, get("ChildrenOfAlarmName"))
    elif get("ParentsOfAlarmName"):
        alarms = related(backend, parents, get("ParentsOfAlarmName"))
    else:
        alarms = filtered(backend, get)
    alarms, token = page(sorted(alarms, key=lambda a: a.name), get("MaxRecords"), get("NextToken"))
    result = {
        "MetricAlarms": [a for a in alarms if not is_composite(a)],
        "CompositeAlarms": [composite_view(a) for a in alarms if is_composite(a)],
        "NextToken": token,
    }
    for alarm in alarms:
        if is_composite(alarm) and alarm.unevaluated:
            evaluate(backend, alarm)
    return ActionResult(result)


def check_filters(get):
    if get("AlarmNames") and get("AlarmNamePrefix"):
        raise ValidationError("AlarmNames and AlarmNamePrefix cannot both be specified")
    if len(get("AlarmNames", [])) > MAX_ALARMS_PER_CALL:
        raise ValidationError(f"AlarmNames can have at most {MAX_ALARMS_PER_CALL} names")
    records = get("MaxRecords")
    if records is not None and not 1 <= records <= 100:
        raise ValidationError(
            f"1 validation error detected: Value '{records}' at 'maxRecords' failed to satisfy constraint: "
            "Member must have value between 1 and 100"
        )
    relations = [r for r in ("ChildrenOfAlarmName", "ParentsOfAlarmName") if get(r)]
    others = ("AlarmNames", "AlarmNamePrefix", "AlarmTypes", "StateValue", "ActionPrefix")
    if len(relations) > 1 or (relations and any(get(o) for o in others)):
        raise ValidationError(f"{relations[0]} cannot be specified with another filter")


def filtered(backend, get):
    types = get("AlarmTypes") or ["MetricAlarm"]
    names, prefix, state, action = get("AlarmNames"), get("AlarmNamePrefix"), get("StateValue"), get("ActionPrefix")

    def wanted(alarm):
        actions = [*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions]
        return (
            ("CompositeAlarm" if is_composite(alarm) else "MetricAlarm") in types
            and (not prefix or alarm.name.startswith(prefix))
            and (not state or alarm.state_value == state)
            and (not action or any(a.startswith(action) for a in actions))
        )

    named = [backend.alarms[n] for n in set(names) if n in backend.alarms] if names else backend.alarms.values()
    return [a for a in named if wanted(a)]


def related(backend, relation, name):
    alarm = backend.alarms.get(name)
    if alarm is None or (relation is children and not is_composite(alarm)):
        return []
    return relation(backend, alarm)


def page(alarms, size, token):
    """Returns a page and the token of the next one: the name that it begins with."""
    if token:
        if token not in [a.name for a in alarms]:
            raise InvalidNextToken()
        alarms = [a for a in alarms if a.name >= token]
    size = size or PAGE
    return alarms[:size], alarms[size].name if len(alarms) > size else None


def composite_view(alarm):
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.alarm_arn,
        "AlarmRule": alarm.rule,
        "AlarmDescription": alarm.description,
        "AlarmConfigurationUpdatedTimestamp": alarm.configuration_updated_timestamp,
        "ActionsEnabled": alarm.actions_enabled,
        "AlarmActions": alarm.alarm_actions,
        "OKActions": alarm.ok_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "StateValue": alarm.state_value,
        "StateReason": alarm.state_reason,
        "StateReasonData": alarm.state_reason_data,
        "StateUpdatedTimestamp": alarm.state_updated_timestamp,
        "StateTransitionedTimestamp": alarm.state_updated_timestamp,
        "ActionsSuppressor": alarm.suppressor,
        "ActionsSuppressorWaitPeriod": alarm.wait_period,
        "ActionsSuppressorExtensionPeriod": alarm.extension_period,
    }


@implement(CloudWatchResponse)
def delete_alarms(self):
    backend = self.cloudwatch_backend
    names = self._get_param("AlarmNames", [])
    if len(names) > MAX_ALARMS_PER_CALL:
        raise ValidationError(f"AlarmNames can have at most {MAX_ALARMS_PER_CALL} names")
    alarms = [backend.alarms[n] for n in names if n in backend.alarms]
    if len([a for a in alarms if is_composite(a)]) > 1:
        raise ValidationError("You can delete no more than one composite alarm in one operation")
    used = [a.name for a in alarms if any(p.name not in names for p in parents(backend, a))]
    if used:
        them = "it" if len(used) == 1 else "them"
        raise ValidationError(f"Cannot delete {','.join(used)} as there are composite alarm(s) depending on {them}.")
    for alarm in alarms:
        del backend.alarms[alarm.name]
        backend.tagger.delete_all_tags_for_resource(alarm.alarm_arn)
    return EmptyResult()


@implement(CloudWatchResponse)
def enable_alarm_actions(self):
    return set_actions_enabled(self, True)


@implement(CloudWatchResponse)
def disable_alarm_actions(self):
    return set_actions_enabled(self, False)


def set_actions_enabled(response, enabled):
    names = response._get_param("AlarmNames", [])
    if len(names) > MAX_ALARMS_PER_CALL:
        raise ValidationError(f"AlarmNames can have at most {MAX_ALARMS_PER_CALL} names")
    for name in names:
        if name in response.cloudwatch_backend.alarms:
            response.cloudwatch_backend.alarms[name].actions_enabled = enabled
    return EmptyResult()


moto_get_statistics_for_type = Statistics.get_statistics_for_type


@implement(Statistics)
def get_statistics_for_type(self, stat):
    if between := re.fullmatch(r"(TC|PR)\(([\d.]*):([\d.]*)\)", stat):
        # The lower limit is exclusive, the upper one inclusive.
        kind, low, high = between.groups()
        values = self.metric_single_values_list
        inside = sum(float(low or "-inf") < v <= float(high or "inf") for v in values)
        return inside if kind == "TC" else 100 * inside / len(values)
    if not re.fullmatch(rf"p{PERCENT}", stat):
        return moto_get_statistics_for_type(self, stat)
    # AWS does not say how it interpolates: the smallest value that is not below that share.
    values = sorted(self.metric_single_values_list)
    return values[max(0, math.ceil(len(values) * float(stat[1:]) / 100) - 1)] if values else 0


moto_get_metric_data = CloudWatchBackend.get_metric_data


@implement(CloudWatchBackend)
def get_metric_data(self, queries, start_time, end_time, scan_by="TimestampAscending"):
    if any("MetricStat" not in q for q in queries):
        return moto_get_metric_data(self, queries, start_time, end_time, scan_by)
    moto_get_metric_data(self, [], start_time, end_time, scan_by)  # refuses what AWS refuses
    # moto looks at all data of the account for each period of each query.
    data = defaultdict(list)
    for datum in self.get_all_metrics():
        if start_time <= datum.timestamp < end_time:
            data[datum.namespace, datum.name, frozenset((d.name, d.value) for d in datum.dimensions)].append(datum)
    results = []
    for query in queries:
        metric, stat = query["MetricStat"]["Metric"], query["MetricStat"]["Stat"]
        on = frozenset((d["Name"], d["Value"]) for d in metric.get("Dimensions", []))
        period, unit = int(query["MetricStat"]["Period"]), query["MetricStat"].get("Unit")
        periods = defaultdict(list)
        for datum in data[metric["Namespace"], metric["MetricName"], on]:
            if not unit or datum.unit == unit:
                periods[int((datum.timestamp - start_time).total_seconds()) // period].append(datum)
        timestamps, values = [], []
        for n in sorted(periods, reverse=scan_by == "TimestampDescending"):
            statistics = Statistics([stat], start_time + timedelta(seconds=n * period))
            statistics.metric_data = periods[n]
            timestamps.append(statistics.timestamp)
            values.append(statistics.get_statistics_for_type(stat))
        if query.get("ReturnData", True):
            results.append(
                {
                    "id": query["Id"],
                    "label": query.get("Label") or f"{metric['MetricName']} {stat}",
                    "values": values,
                    "timestamps": timestamps,
                    "status_code": "Complete",
                }
            )
    return results


moto_put_metric_alarm = CloudWatchBackend.put_metric_alarm
moto_set_alarm_state = CloudWatchBackend.set_alarm_state


@implement(CloudWatchBackend)
def put_metric_alarm(self, name, extended_statistic=None, **settings):
    before = self.alarms.get(name)
    if before and is_composite(before):
        raise ValidationError(f"The alarm {name} exists and is a composite alarm")
    if extended_statistic and not EXTENDED_STATISTIC.fullmatch(extended_statistic):
        raise InvalidParameterValue(
            f"The value {extended_statistic} for parameter ExtendedStatistic is not supported."
        )
    # moto knows percentiles only, and refuses everything else.
    alarm = moto_put_metric_alarm(self, name=name, **settings)
    alarm.extended_statistic = extended_statistic
    return alarm


@implement(CloudWatchBackend)
def set_alarm_state(self, alarm_name, reason, reason_data, state_value):
    moto_set_alarm_state(self, alarm_name, reason, reason_data, state_value)
    for parent in parents(self, self.alarms[alarm_name]):
        evaluate(self, parent, (alarm_name,))


@implement(CloudWatchResponse)
def list_tags_for_resource(self):
    backend, arn = self.cloudwatch_backend, self._get_param("ResourceARN")
    if ":alarm:" in arn and not by_name_or_arn(backend, arn):
        raise ResourceNotFoundException()
    tags = backend.list_tags_for_resource(arn)
    return ActionResult({"Tags": [{"Key": k, "Value": v} for k, v in tags.items()]})
