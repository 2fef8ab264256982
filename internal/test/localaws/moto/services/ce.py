"""Cost Explorer: monitors of anomalies, subscriptions to them, and what AWS refuses.

Rules: API reference of Cost Explorer (CreateAnomalyMonitor, CreateAnomalySubscription,
AnomalySubscription). Messages have AWS's sense.
"""

import json
import uuid

from moto.ce.models import CostExplorerBackend
from moto.ce.responses import CostExplorerResponse
from moto.core.exceptions import JsonRESTError

from . import implement, model


class ValidationException(JsonRESTError):
    def __init__(self, message):
        super().__init__("ValidationException", message)


class UnknownMonitorException(JsonRESTError):
    def __init__(self, arn):
        super().__init__("UnknownMonitorException", f"There is no monitor {arn}")


class UnknownSubscriptionException(JsonRESTError):
    def __init__(self, arn):
        super().__init__("UnknownSubscriptionException", f"There is no subscription {arn}")


@implement(CostExplorerBackend)
def anomalies(self):
    """Returns the monitors and the subscriptions, by ARN."""
    if not hasattr(self, "_anomalies"):
        self._anomalies = ({}, {})
    return self._anomalies


def new_arn(backend, kind):
    return f"arn:{backend.partition}:ce::{backend.account_id}:{kind}/{uuid.uuid4()}"


def check_call(call, params):
    if found := model.problem("ce", call, params):
        raise ValidationException(found)


def check_monitor(monitor):
    if monitor["MonitorType"] == "CUSTOM" and not monitor.get("MonitorSpecification"):
        raise ValidationException("A custom monitor needs a MonitorSpecification")
    if monitor["MonitorType"] == "DIMENSIONAL" and not monitor.get("MonitorDimension"):
        raise ValidationException("A dimensional monitor needs a MonitorDimension")


def check_subscription(backend, subscription):
    types = {s["Type"] for s in subscription["Subscribers"]}
    if (subscription["Frequency"] == "IMMEDIATE") != (types == {"SNS"}) or len(types) != 1:
        raise ValidationException("Topics are told IMMEDIATE, and addresses DAILY or WEEKLY")
    if bool(subscription.get("ThresholdExpression")) == (subscription.get("Threshold") is not None):
        raise ValidationException("A subscription needs a ThresholdExpression or a Threshold, and not both")
    for arn in subscription["MonitorArnList"]:
        if arn not in backend.anomalies()[0]:
            raise UnknownMonitorException(arn)


@implement(CostExplorerResponse)
def create_anomaly_monitor(self):
    params, backend = json.loads(self.body), self.ce_backend
    check_call("CreateAnomalyMonitor", params)
    monitor = params["AnomalyMonitor"]
    check_monitor(monitor)
    arn = new_arn(backend, "anomalymonitor")
    backend.anomalies()[0][arn] = monitor | {"MonitorArn": arn}
    backend.tag_resource(arn, params.get("ResourceTags") or [])
    return json.dumps({"MonitorArn": arn})


@implement(CostExplorerResponse)
def get_anomaly_monitors(self):
    monitors, wanted = self.ce_backend.anomalies()[0], json.loads(self.body).get("MonitorArnList")
    for arn in wanted or []:
        if arn not in monitors:
            raise UnknownMonitorException(arn)
    return json.dumps({"AnomalyMonitors": [m for arn, m in monitors.items() if not wanted or arn in wanted]})


@implement(CostExplorerResponse)
def update_anomaly_monitor(self):
    params, monitors = json.loads(self.body), self.ce_backend.anomalies()[0]
    check_call("UpdateAnomalyMonitor", params)
    if params["MonitorArn"] not in monitors:
        raise UnknownMonitorException(params["MonitorArn"])
    monitors[params["MonitorArn"]].update({k: v for k, v in params.items() if k == "MonitorName"})
    return json.dumps({"MonitorArn": params["MonitorArn"]})


@implement(CostExplorerResponse)
def delete_anomaly_monitor(self):
    arn = json.loads(self.body)["MonitorArn"]
    if self.ce_backend.anomalies()[0].pop(arn, None) is None:
        raise UnknownMonitorException(arn)
    return json.dumps({})


@implement(CostExplorerResponse)
def create_anomaly_subscription(self):
    params, backend = json.loads(self.body), self.ce_backend
    check_call("CreateAnomalySubscription", params)
    subscription = params["AnomalySubscription"]
    check_subscription(backend, subscription)
    arn = new_arn(backend, "anomalysubscription")
    backend.anomalies()[1][arn] = {"AccountId": backend.account_id} | subscription | {"SubscriptionArn": arn}
    backend.tag_resource(arn, params.get("ResourceTags") or [])
    return json.dumps({"SubscriptionArn": arn})


@implement(CostExplorerResponse)
def get_anomaly_subscriptions(self):
    subscriptions, wanted = self.ce_backend.anomalies()[1], json.loads(self.body).get("SubscriptionArnList")
    for arn in wanted or []:
        if arn not in subscriptions:
            raise UnknownSubscriptionException(arn)
    return json.dumps({"AnomalySubscriptions": [s for arn, s in subscriptions.items() if not wanted or arn in wanted]})


@implement(CostExplorerResponse)
def update_anomaly_subscription(self):
    params, backend = json.loads(self.body), self.ce_backend
    check_call("UpdateAnomalySubscription", params)
    arn = params.pop("SubscriptionArn")
    if arn not in backend.anomalies()[1]:
        raise UnknownSubscriptionException(arn)
    changed = backend.anomalies()[1][arn] | params
    check_subscription(backend, changed)
    backend.anomalies()[1][arn] = changed
    return json.dumps({"SubscriptionArn": arn})


@implement(CostExplorerResponse)
def delete_anomaly_subscription(self):
    arn = json.loads(self.body)["SubscriptionArn"]
    if self.ce_backend.anomalies()[1].pop(arn, None) is None:
        raise UnknownSubscriptionException(arn)
    return json.dumps({})
