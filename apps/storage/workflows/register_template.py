"""Bring a template's file, check it, put it into its image stores."""

import time
from pathlib import Path

from django.db import transaction

from apps.accounts.models import ResourceType
from apps.accounts.services.limits import LimitManager
from apps.storage.checksum import parse_checksum
from apps.storage.events import TEMPLATE_DOWNLOAD_FAILED, TEMPLATE_DOWNLOAD_SUCCESS
from apps.storage.image_check import check_image, digests_of
from apps.storage.models import Template, TemplateStoreRef
from apps.storage.selectors import template_for_job
from apps.storage.services import staging
from apps.storage.services.state_machines import TEMPLATE_FSM
from apps.storage.specs import image_store_ref
from apps.storage.states import StoreState, TemplateState
from cloudstack.contracts.storage import ImageFacts, ImageStoreDriver
from cloudstack.framework.drivers import image_store_driver
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow
from cloudstack.framework.safe_fetch import fetch

SHOW_EVERY_S = 1.0


class TemplateWorkflow(Workflow):
    """A workflow on one template: ``ctx.template`` is there for all steps."""

    def load(self, ctx: JobContext) -> None:
        ctx.template = template_for_job(uuid=ctx.arguments["template_uuid"])


class BringFile(Step):
    """One step, because its parts live on this machine's disk: whoever takes over begins again."""

    title = "Bring the file, check it and put it into the image stores"

    def plan(self, ctx: JobContext) -> str:
        return f"bring {ctx.template} to {ctx.template.store_refs.count()} image stores"

    def do(self, ctx: JobContext) -> None:
        template: Template = ctx.template
        if template.state in (TemplateState.CREATING, TemplateState.DOWNLOADING, TemplateState.ERROR):
            with ctx.transaction():
                TEMPLATE_FSM.fire(template, "download_started")
        file: Path | None = None
        facts: ImageFacts | None = None
        try:
            for ref in _refs(template):
                driver = _driver(ref)
                if ref.state == StoreState.READY and driver.exists(str(template.uuid)):
                    continue
                _note(ctx, ref, StoreState.CREATING)
                told = driver.fetch(str(template.uuid), template.url) if template.url else None
                if told is None:
                    if file is None:
                        file, facts = self._local_file(ctx, template, ref)
                    self._count(ctx, template, facts)
                    ctx.progress(95, f"putting {template.name} into image store {ref.store.name}")
                    driver.put(str(template.uuid), file)
                else:
                    _refuse_other(template, told)
                    self._count(ctx, template, told)
                _note(ctx, ref, StoreState.READY, percent=100, size_bytes=template.physical_size_bytes)
        finally:
            if file is not None and ctx.arguments["source"] == "url":
                file.unlink(missing_ok=True)

    def verify(self, ctx: JobContext) -> bool:
        uuid = str(ctx.template.uuid)
        refs = _refs(ctx.template)
        return all(ref.state == StoreState.READY and _driver(ref).exists(uuid) for ref in refs)

    def undo(self, ctx: JobContext) -> None:
        template: Template = ctx.template
        template.refresh_from_db()
        for ref in _refs(template):
            _driver(ref).delete(str(template.uuid))
            _note(ctx, ref, StoreState.FAILED, percent=0, size_bytes=0, error=ctx.job.error_text[:1024])
        staging.clear(template)
        uncount(ctx, template)

    def _local_file(self, ctx: JobContext, template: Template, ref: TemplateStoreRef) -> tuple[Path, ImageFacts]:
        checksum = parse_checksum(template.checksum) if template.checksum else None
        algorithms = {"sha256"} | ({checksum.algorithm} if checksum else set())
        if ctx.arguments["source"] == "url":
            file = staging.download_file(template, ctx.job.epoch)
            staging.clear(template, but=file)
            shown = _Progress(ctx, ref)
            digests = fetch(template.url, file, staging.fetch_policy(), digests=algorithms, progress=shown.show).digests
        else:
            file = staging.upload_file(template)
            if not file.is_file():
                raise InvalidParameter(f"the uploaded file of template {template.name} is gone; upload it again")
            digests = digests_of(file, algorithms)
        try:
            if checksum and not checksum.matches(digests):
                found = digests[checksum.algorithm]
                raise InvalidParameter(f"the checksum of the file is {found}, not {template.checksum}")
            ctx.progress(90, f"checking {template.name}")
            facts = check_image(
                file,
                format=template.format,
                max_bytes=staging.max_image_bytes(),
                sha256=digests["sha256"],
                bootable=template.bootable,
            )
        except BaseException:
            if ctx.arguments["source"] == "url":
                file.unlink(missing_ok=True)
            raise
        return file, facts

    def _count(self, ctx: JobContext, template: Template, facts: ImageFacts | None) -> None:
        """Note the sizes and take the room from the owner's limit, once, before anything is kept."""
        if facts is None or template.physical_size_bytes:
            return
        with ctx.transaction():
            amount = facts.physical_size_bytes * len(_refs(template))
            LimitManager().reserve(template.account, {ResourceType.SECONDARY_STORAGE: amount})
            template.physical_size_bytes = facts.physical_size_bytes
            template.virtual_size_bytes = facts.virtual_size_bytes
            template.sha256 = facts.sha256
            template.save(update_fields=["physical_size_bytes", "virtual_size_bytes", "sha256"])


@workflow("storage.template.register")
class RegisterTemplate(TemplateWorkflow):
    title = "Bring a template"
    steps = [BringFile]

    def on_succeeded(self, ctx: JobContext) -> None:
        template = template_for_job(uuid=ctx.arguments["template_uuid"])
        TEMPLATE_FSM.fire(template, "succeeded", error="")
        transaction.on_commit(lambda: staging.clear(template))
        text = f"template {template} is ready"
        publish(TEMPLATE_DOWNLOAD_SUCCESS, description=text, resource=template, user_id=ctx.job.user_id)

    def on_failed(self, ctx: JobContext, error: str) -> None:
        """The template stays and shows why it cannot be used; its owner deletes it."""
        template = template_for_job(uuid=ctx.arguments["template_uuid"])
        TEMPLATE_FSM.fire(template, "failed", error=error[:1024])
        text = f"template {template} is not usable: {error}"
        publish(TEMPLATE_DOWNLOAD_FAILED, description=text, resource=template, level="ERROR", user_id=ctx.job.user_id)


def uncount(ctx: JobContext, template: Template) -> None:
    """Give back what ``BringFile`` took from the owner's limit of secondary storage."""
    if not template.physical_size_bytes:
        return
    with ctx.transaction():
        amount = template.physical_size_bytes * len(_refs(template))
        LimitManager().release(template.account, {ResourceType.SECONDARY_STORAGE: amount})
        template.physical_size_bytes = template.virtual_size_bytes = 0
        template.save(update_fields=["physical_size_bytes", "virtual_size_bytes"])


class _Progress:
    """Shows a download in the job and in the store's row, at most once a second."""

    def __init__(self, ctx: JobContext, ref: TemplateStoreRef):
        self.ctx, self.ref = ctx, ref
        self.last = 0.0

    def show(self, received: int, expected: int | None) -> None:
        now = time.monotonic()
        if now - self.last < SHOW_EVERY_S:
            return
        self.last = now
        self.ctx.check()
        percent = min(received * 90 // expected, 90) if expected else 0
        self.ctx.progress(percent, f"{received >> 20} MiB received")
        TemplateStoreRef.objects.filter(pk=self.ref.pk).update(percent=percent)


def _refs(template: Template) -> list[TemplateStoreRef]:
    return list(template.store_refs.select_related("store__zone").order_by("id"))


def _driver(ref: TemplateStoreRef) -> ImageStoreDriver:
    return image_store_driver(image_store_ref(ref.store))


def _note(ctx: JobContext, ref: TemplateStoreRef, state: StoreState, **changes: object) -> None:
    with ctx.transaction():
        TemplateStoreRef.objects.filter(pk=ref.pk).update(**{"state": state, "error": "", **changes})


def _refuse_other(template: Template, told: ImageFacts) -> None:
    """A store that fetched by itself has checked the image; size and format are judged here."""
    if told.format.upper() != template.format.upper():
        raise InvalidParameter(f"the image is {told.format}, not {template.format}")
    if max(told.virtual_size_bytes, told.physical_size_bytes) > staging.max_image_bytes():
        raise InvalidParameter(f"the image has {told.virtual_size_bytes} bytes, more than allowed")
    checksum = parse_checksum(template.checksum) if template.checksum else None
    if checksum and checksum.algorithm == "sha256" and told.sha256 and checksum.value != told.sha256:
        raise InvalidParameter(f"the checksum of the file is {told.sha256}, not {template.checksum}")
