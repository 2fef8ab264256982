"""GuardDuty: what AWS refuses of detectors.

Rules: API reference of GuardDuty (CreateDetector, UpdateDetector) and its user guide: a
detector for each account and region.
"""

import json

from moto.core.exceptions import JsonRESTError
from moto.guardduty.models import GuardDutyBackend
from moto.guardduty.responses import GuardDutyResponse

from . import implement, model


class BadRequestException(JsonRESTError):
    code = 400

    def __init__(self, message):
        super().__init__("BadRequestException", message)


def check(call, params):
    if found := model.problem("guardduty", call, params):
        raise BadRequestException(found)


plain_create, plain_update, plain_delete = GuardDutyResponse.create_detector, GuardDutyResponse.update_detector, GuardDutyBackend.delete_detector


def params_of(response):
    return json.loads(response.body or "{}")


@implement(GuardDutyResponse)
def create_detector(self):
    check("CreateDetector", params_of(self))
    if self.guardduty_backend.detectors:
        raise BadRequestException("The request is rejected because a detector already exists for the current account.")
    return plain_create(self)


@implement(GuardDutyResponse)
def update_detector(self):
    check("UpdateDetector", params_of(self) | {"DetectorId": self.path.split("/")[-1]})
    return plain_update(self)


@implement(GuardDutyBackend)
def delete_detector(self, detector_id):
    self.get_detector(detector_id)
    plain_delete(self, detector_id)
