"""The fields ``jobid`` and ``jobstatus``, which every object of a list has while a job works on it."""

from typing import Any

from django.db.models import Model, OuterRef, Subquery

from cloudstack.api.fields import INT, Field, FieldType, Item

_JOB = "_wire_jobid"
_GOING_ON = 0


def _job() -> Any:
    from cloudstack.framework.jobs.models import AsyncJob

    live = AsyncJob.objects.filter(resource_uuid=OuterRef("uuid"), completed__isnull=True)
    return Subquery(live.order_by("-pk").values("uuid")[:1])


def _fields() -> dict[str, Item]:
    jobid = Field(expression=_job, type=FieldType.UUID, help="UUID of the job that works on the object now")
    jobid.__set_name__(Field, "jobid")  # type: ignore[arg-type]
    jobstatus = Field(
        type=INT,
        compute=lambda row: None if row[_JOB] is None else _GOING_ON,
        needs=(_JOB,),
        help="0 while that job goes on",
    )
    jobstatus.__set_name__(Field, "jobstatus")  # type: ignore[arg-type]
    return {"jobid": jobid, "jobstatus": jobstatus}


FIELDS = _fields()


def named_by(model: type[Model] | None) -> bool:
    """Whether jobs can work on objects of ``model``: they name them by UUID."""
    return model is not None and any(field.name == "uuid" for field in model._meta.get_fields())
