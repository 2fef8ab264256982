"""Route 53: what AWS refuses of health checks.

Rules: API reference of Route 53 (CreateHealthCheck, HealthCheckConfig,
DeleteHealthCheck). Messages have AWS's sense.
"""

from moto.route53.exceptions import InvalidInput, NoSuchHealthCheck, Route53ClientError
from moto.route53.models import Route53Backend
from moto.route53.responses import Route53

from . import implement, model

INTERVALS = (10, 30)
WITHOUT_ENDPOINT = ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL")


class HealthCheckAlreadyExists(Route53ClientError):
    def __init__(self, reference):
        super().__init__("HealthCheckAlreadyExists", f"A health check was made with the caller reference {reference} already")


def check(config):
    kind = config["Type"]
    if (interval := config.get("RequestInterval")) is not None and interval not in INTERVALS:
        raise InvalidInput(f"RequestInterval must be one of {INTERVALS}: {interval}")
    if kind.endswith("_STR_MATCH") != bool(config.get("SearchString")):
        raise InvalidInput(f"SearchString is for checks that look for it, and required there: {kind}")
    if kind not in WITHOUT_ENDPOINT and not config.get("IPAddress") and not config.get("FullyQualifiedDomainName"):
        raise InvalidInput("IPAddress or FullyQualifiedDomainName is required")
    if kind == "TCP" and config.get("ResourcePath"):
        raise InvalidInput("ResourcePath is for HTTP and HTTPS")


response_create, plain_create, plain_delete = (
    Route53.create_health_check, Route53Backend.create_health_check, Route53Backend.delete_health_check,
)


@implement(Route53)
def create_health_check(self):
    config = self._get_param("HealthCheckConfig")
    call = {"CallerReference": self._get_param("CallerReference"), "HealthCheckConfig": config}
    if found := model.problem("route53", "CreateHealthCheck", call):
        raise InvalidInput(found)
    check(config)
    return response_create(self)


@implement(Route53Backend)
def create_health_check(self, caller_reference, health_check_args):  # noqa: F811 the method of another class
    made = self.__dict__.setdefault("caller_references", {})
    if caller_reference in made:
        settings, existing = made[caller_reference]
        if settings != health_check_args or existing.id not in self.health_checks:
            raise HealthCheckAlreadyExists(caller_reference)
        return existing
    new = plain_create(self, caller_reference, health_check_args)
    made[caller_reference] = health_check_args, new
    return new


@implement(Route53Backend)
def delete_health_check(self, health_check_id):
    if health_check_id not in self.health_checks:
        raise NoSuchHealthCheck(health_check_id)
    plain_delete(self, health_check_id)
