"""CloudWatch Synthetics: StartCanary, StopCanary, UpdateCanary, DeleteCanary,
DescribeRuntimeVersions and tags, the states of a canary, and what AWS refuses. Nothing
ever runs.

Rules and limits: API reference of CloudWatch Synthetics (CreateCanary, UpdateCanary,
DeleteCanary), and its user guide, "Packaging your Node.js canary files", "Runtime
versions support policy". Messages have AWS's sense. That a second canary of a name is a
ConflictException is not documented.
"""

import base64
import datetime
import io
import json
import pathlib
import re
import time
import urllib.parse
import zipfile

from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.synthetics import urls
from moto.synthetics.models import Canary, SyntheticsBackend
from moto.synthetics.responses import SyntheticsResponse

from . import implement, model

# Those of Node.js and Puppeteer, each with the day since when no canary is made on it, or
# nothing: the list of the package constructs/canary/runtimes, which localaws puts here.
LIST = json.loads((pathlib.Path(__file__).parent.parent / "runtimes.json").read_text())
RUNTIMES = {r["name"]: r.get("deprecated", "") for r in LIST["runtimes"]}
RATE = re.compile(r"rate\((\d+) (minutes?|hour)\)")
MAX_VARIABLES = 4096
MAX_DAYS = 455

RUNNING, READY, STOPPED = "RUNNING", "READY", "STOPPED"


class ValidationException(JsonRESTError):
    def __init__(self, message):
        super().__init__("ValidationException", message)


class ResourceNotFoundException(JsonRESTError):
    code = 404

    def __init__(self, name):
        super().__init__("ResourceNotFoundException", f"Canary not found: {name}")


class ConflictException(JsonRESTError):
    code = 409

    def __init__(self, message):
        super().__init__("ConflictException", message)


def check_code(code, runtime):
    """Wants the handler's file where Synthetics looks for it."""
    file, _, function = code.get("Handler", "").rpartition(".")
    if not file or not function:
        raise ValidationException("Handler must be <file>.<function>")
    if "ZipFile" in code:
        try:
            names = zipfile.ZipFile(io.BytesIO(base64.b64decode(code["ZipFile"]))).namelist()
        except zipfile.BadZipFile as error:
            raise ValidationException("The zip file cannot be opened") from error
        if runtime in RUNTIMES and f"nodejs/node_modules/{file}.js" not in names:
            raise ValidationException(f"The zip file has no nodejs/node_modules/{file}.js")


def seconds_of(expression):
    match = RATE.fullmatch(expression)
    if not match:
        raise ValidationException(f"Schedule expression is not valid: {expression}")
    n, unit = int(match[1]), match[2]
    if (n == 1) != (not unit.endswith("s")):
        raise ValidationException(f"Schedule expression is not valid: {expression}")
    length = n * (3600 if unit == "hour" else 60)
    if not 60 <= length <= 3600:
        raise ValidationException("The rate must be from 1 minute to 1 hour")
    return length


def check(params):
    if found := model.problem("synthetics", "CreateCanary", params):
        raise ValidationException(found)
    runtime = params["RuntimeVersion"]
    if RUNTIMES.get(runtime, "unknown") != "":
        raise ValidationException(f"Deprecated or unknown runtime version: {runtime}")
    every = seconds_of(params["Schedule"]["Expression"])
    run = params.get("RunConfig") or {}
    if run.get("TimeoutInSeconds", every) > every:
        raise ValidationException("TimeoutInSeconds must be at most the rate")
    if run.get("MemoryInMB", 1024) % 64:
        raise ValidationException("MemoryInMB must be a multiple of 64")
    variables = run.get("EnvironmentVariables") or {}
    if sum(len(k) + len(v) for k, v in variables.items()) > MAX_VARIABLES:
        raise ValidationException("EnvironmentVariables have more than 4 KB")
    for field in ("SuccessRetentionPeriodInDays", "FailureRetentionPeriodInDays"):
        if not 1 <= params.get(field, 31) <= MAX_DAYS:
            raise ValidationException(f"{field} must be from 1 to {MAX_DAYS}")


@implement(SyntheticsBackend)
def find(self, name):
    if name not in self.canaries:
        raise ResourceNotFoundException(name)
    return self.canaries[name]


@implement(SyntheticsBackend)
def check_surroundings(self, params):
    """Wants the role, which Lambda may assume, and the bucket."""
    arn = params["ExecutionRoleArn"]
    roles = [r for r in iam_backends[self.account_id][self.partition].roles.values() if r.arn == arn]
    if not roles or "lambda.amazonaws.com" not in roles[0].assume_role_policy_document:
        raise ValidationException(f"The role cannot be assumed by Lambda: {arn}")
    location = urllib.parse.urlparse(params["ArtifactS3Location"])
    if location.scheme != "s3" or location.netloc not in s3_backends[self.account_id][self.partition].buckets:
        raise ValidationException(f"There is no bucket {location.netloc}")


@implement(Canary)
def to_dict(self):
    run = {"TimeoutInSeconds": 840, "MemoryInMB": 1024, "ActiveTracing": False} | (self.run_config or {})
    run.pop("EnvironmentVariables", None)  # AWS never returns them
    return {
        "Id": self.id,
        "Name": self.name,
        "Code": {"SourceLocationArn": self.engine + "-layer:1", "Handler": self.code["Handler"]},
        "EngineArn": self.engine + ":1",
        "ExecutionRoleArn": self.execution_role_arn,
        "ArtifactS3Location": self.artifact_s3_location.removeprefix("s3://"),
        "Schedule": {"DurationInSeconds": 0} | self.schedule,
        "RunConfig": run,
        "SuccessRetentionPeriodInDays": self.success_retention_period_in_days,
        "FailureRetentionPeriodInDays": self.failure_retention_period_in_days,
        "RuntimeVersion": self.runtime_version,
        "Tags": self.tags,
        "Status": {"State": self.state},
        "Timeline": self.timeline,
    }


def params_of(response):
    return json.loads(response.body or "{}")


def name_of(response):
    return urllib.parse.unquote(response.path.split("/")[2])


@implement(SyntheticsResponse)
def create_canary(self):
    params, backend = params_of(self), self.synthetics_backend
    check(params)
    check_code(params["Code"], params["RuntimeVersion"])
    backend.check_surroundings(params)
    if params["Name"] in backend.canaries:
        raise ConflictException(f"There is a canary {params['Name']} already")
    canary = Canary(
        params["Name"], params["Code"], params["ArtifactS3Location"], params["ExecutionRoleArn"], params["Schedule"],
        params.get("RunConfig"), params.get("SuccessRetentionPeriodInDays", 31), params.get("FailureRetentionPeriodInDays", 31),
        params["RuntimeVersion"], None, None, None, None, params.get("Tags"), None,
    )
    canary.engine = f"arn:{backend.partition}:lambda:{backend.region_name}:{backend.account_id}:function:cwsyn-{canary.name}-{canary.id}"
    canary.timeline = {"Created": time.time(), "LastModified": time.time()}
    backend.canaries[canary.name] = canary
    return json.dumps({"Canary": canary.to_dict()})


@implement(SyntheticsResponse)
def get_canary(self):
    return json.dumps({"Canary": self.synthetics_backend.find(name_of(self)).to_dict()})


@implement(SyntheticsResponse)
def describe_runtime_versions(self):
    def seconds(day):
        return datetime.datetime.fromisoformat(day + "T00:00:00+00:00").timestamp()

    return json.dumps({"RuntimeVersions": [
        {"VersionName": name} | ({"DeprecationDate": seconds(since)} if since else {}) for name, since in RUNTIMES.items()
    ]})


@implement(SyntheticsResponse)
def start_canary(self):
    canary = self.synthetics_backend.find(name_of(self))
    if canary.state == RUNNING:
        raise ConflictException("The canary runs already")
    canary.state = RUNNING
    return "{}"


@implement(SyntheticsResponse)
def stop_canary(self):
    canary = self.synthetics_backend.find(name_of(self))
    if canary.state != RUNNING:
        raise ConflictException("The canary does not run")
    canary.state = STOPPED
    return "{}"


@implement(SyntheticsResponse)
def update_canary(self):
    backend, changes = self.synthetics_backend, params_of(self)
    canary = backend.find(name_of(self))
    params = {
        "Name": canary.name, "Code": canary.code, "RuntimeVersion": canary.runtime_version, "Schedule": canary.schedule,
        "RunConfig": canary.run_config, "ExecutionRoleArn": canary.execution_role_arn,
        "ArtifactS3Location": canary.artifact_s3_location,
        "SuccessRetentionPeriodInDays": canary.success_retention_period_in_days,
        "FailureRetentionPeriodInDays": canary.failure_retention_period_in_days,
    } | changes
    check(params)
    if "Code" in changes:
        check_code(changes["Code"], params["RuntimeVersion"])
        canary.code = changes["Code"]
    backend.check_surroundings(params)
    canary.runtime_version, canary.schedule, canary.run_config = params["RuntimeVersion"], params["Schedule"], params["RunConfig"]
    canary.execution_role_arn, canary.artifact_s3_location = params["ExecutionRoleArn"], params["ArtifactS3Location"]
    canary.success_retention_period_in_days = params["SuccessRetentionPeriodInDays"]
    canary.failure_retention_period_in_days = params["FailureRetentionPeriodInDays"]
    canary.timeline["LastModified"] = time.time()
    return "{}"


@implement(SyntheticsResponse)
def delete_canary(self):
    canary = self.synthetics_backend.find(name_of(self))
    if canary.state == RUNNING:
        raise ConflictException("The canary runs: stop it first")
    del self.synthetics_backend.canaries[canary.name]
    return "{}"


def tagged(response):
    arn = urllib.parse.unquote(response.path.removeprefix("/tags/"))
    return response.synthetics_backend.find(arn.rpartition(":")[2])


@implement(SyntheticsResponse)
def tag_resource(self):
    tagged(self).tags.update(params_of(self)["Tags"])
    return "{}"


@implement(SyntheticsResponse)
def untag_resource(self):
    canary = tagged(self)
    for key in self.querystring["tagKeys"]:
        canary.tags.pop(key, None)
    return "{}"


@implement(SyntheticsResponse)
def list_tags_for_resource(self):
    return json.dumps({"Tags": tagged(self).tags})


for path in ("{0}/runtime-versions$", "{0}/canary/(?P<name>[^/]+)/start$", "{0}/canary/(?P<name>[^/]+)/stop$", "{0}/tags/(?P<resourceArn>.+)$"):
    urls.url_paths[path] = SyntheticsResponse.dispatch
