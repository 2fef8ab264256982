"""Budgets: UpdateBudget, DescribeSubscribersForNotification, tags, and what AWS refuses.

Rules and limits: API reference of Budgets (CreateBudget, Notification, Subscriber) and
user guide, "Quotas". Messages have AWS's sense.
"""

import json
import re

from moto.budgets.exceptions import NotFoundException
from moto.budgets.models import BudgetsBackend
from moto.budgets.responses import BudgetsResponse
from moto.core.exceptions import JsonRESTError

from . import implement, model

CURRENCIES = ("USD", "CNY")
TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+")

plain_create = BudgetsBackend.create_budget


class InvalidParameterException(JsonRESTError):
    def __init__(self, message):
        super().__init__("InvalidParameterException", message)


def check(account, budget, notifications):
    call = {"AccountId": account, "Budget": budget, "NotificationsWithSubscribers": notifications}
    if found := model.problem("budgets", "CreateBudget", call):
        raise InvalidParameterException(found)
    limit = budget.get("BudgetLimit")
    if limit and (limit["Unit"] not in CURRENCIES or not float(limit["Amount"]) > 0):
        raise InvalidParameterException(f"BudgetLimit is not valid: {limit['Amount']} {limit['Unit']}")
    for value in (budget.get("CostFilters") or {}).get("TagKeyValue", []):
        if not re.fullmatch(r"(user|aws):[^$]+\$.+", value):
            raise InvalidParameterException(f"TagKeyValue must be user:<key>$<value>: {value}")
    for n in notifications:
        topics = [s["Address"] for s in n["Subscribers"] if s["SubscriptionType"] == "SNS"]
        if len(topics) > 1 or not all(TOPIC.fullmatch(t) for t in topics):
            raise InvalidParameterException("A notification has one topic and ten addresses at most")


@implement(BudgetsBackend)
def create_budget(self, account_id, budget, notifications):
    check(account_id, budget, notifications)
    plain_create(self, account_id, budget, notifications)


def find(response):
    name, account = response._get_param("BudgetName"), response._get_param("AccountId")
    budgets = response.backend.budgets[account]
    if name not in budgets:
        raise NotFoundException(f"There is no budget {name}")
    return budgets[name]


def by_arn(response):
    name = response._get_param("ResourceARN").rpartition("/")[2]
    budgets = response.backend.budgets[response.current_account]
    if name not in budgets:
        raise NotFoundException(f"There is no budget {name}")
    budget = budgets[name]
    budget.resource_tags = getattr(budget, "resource_tags", {})
    return budget


plain_response_create = BudgetsResponse.create_budget


@implement(BudgetsResponse)
def create_budget(self):  # noqa: F811 the method of another class
    answer = plain_response_create(self)
    name = self._get_param("Budget")["BudgetName"]
    budget = self.backend.budgets[self._get_param("AccountId")][name]
    budget.resource_tags = {t["Key"]: t["Value"] for t in self._get_param("ResourceTags") or []}
    return answer


@implement(BudgetsResponse)
def update_budget(self):
    new = self._get_param("NewBudget")
    account = self._get_param("AccountId")
    check(account, new, [])
    budgets = self.backend.budgets[account]
    if new["BudgetName"] not in budgets:
        raise NotFoundException(f"There is no budget {new['BudgetName']}")
    budgets[new["BudgetName"]].budget.update(new)
    return json.dumps({})


@implement(BudgetsResponse)
def describe_subscribers_for_notification(self):
    wanted = self._get_param("Notification")
    for n in find(self).notifications:
        if all(n.details.get(k) == wanted.get(k) for k in ("NotificationType", "ComparisonOperator", "Threshold")):
            return json.dumps({"Subscribers": n.subscribers})
    raise NotFoundException("There is no such notification")


@implement(BudgetsResponse)
def list_tags_for_resource(self):
    return json.dumps({"ResourceTags": [{"Key": k, "Value": v} for k, v in by_arn(self).resource_tags.items()]})


@implement(BudgetsResponse)
def tag_resource(self):
    by_arn(self).resource_tags.update({t["Key"]: t["Value"] for t in self._get_param("ResourceTags")})
    return json.dumps({})


@implement(BudgetsResponse)
def untag_resource(self):
    budget = by_arn(self)
    for key in self._get_param("ResourceTagKeys"):
        budget.resource_tags.pop(key, None)
    return json.dumps({})
