"""Periodic work of the metadata app."""

import logging

from apps.metadata.services.lifecycle import collect_orphans_for_job, forget_markers_for_job, repair_owners_for_job
from cloudstack.framework.scheduler import scheduled

log = logging.getLogger(__name__)

HOUR_S = 3600


@scheduled("metadata.collect_orphans", every_s=HOUR_S)
def collect_orphans() -> None:
    """Delete tags, details, icons and notes of objects that are gone; give tags to the owners of their objects."""
    gone, wrong = collect_orphans_for_job() + forget_markers_for_job(), repair_owners_for_job()
    if gone or wrong:
        log.info("deleted %d rows that hung on objects that are gone, gave %d tags to other owners", gone, wrong)
