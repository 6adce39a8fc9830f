"""Guest operating systems: rows only, no driver has a part in it."""

from django.db import IntegrityError

from apps.infrastructure.services.guards import refuse_when_used
from apps.storage.models import GuestOs, GuestOsCategory
from cloudstack.framework.errors import ResourceInUse, ResourceUnavailable
from cloudstack.framework.jobs import JobContext, Step, Workflow, workflow


class GuestOsWorkflow(Workflow):
    """``ctx.system`` is there for all steps."""

    def load(self, ctx: JobContext) -> None:
        ctx.system = GuestOs.all_objects.select_related("category").get(uuid=ctx.arguments["guest_os_uuid"])


@workflow("storage.guest_os.add")
class AddGuestOs(GuestOsWorkflow):
    """The row says all."""

    title = "Add a guest operating system"
    steps = []


class ChangeSystem(Step):
    title = "Change the guest operating system"

    def plan(self, ctx: JobContext) -> str:
        changes = dict(ctx.arguments["changes"])
        category = GuestOsCategory.objects.filter(uuid=changes.pop("category_uuid", None)).first()
        words = [f"put it into {category}"] if category else []
        if "description" in changes:
            words.append(f"call it {changes['description']}")
        if "is_displayed" in changes:
            words.append("show it to users" if changes["is_displayed"] else "hide it from users")
        if "details" in changes:
            words.append("set " + ", ".join(f"{key}={value}" for key, value in changes["details"].items()))
        return f"change guest OS {ctx.system}: {'; '.join(words)}"

    def do(self, ctx: JobContext) -> None:
        changes = dict(ctx.arguments["changes"])
        details = changes.pop("details", {})
        try:
            with ctx.transaction():
                system = GuestOs.objects.select_for_update().filter(pk=ctx.system.pk).first()
                if system is None:
                    raise ResourceUnavailable(f"guest OS {ctx.system} has been removed in the meantime")
                if "category_uuid" in changes:
                    # Held, so that it is not deleted as an empty one meanwhile.
                    wanted = GuestOsCategory.objects.select_for_update().filter(uuid=changes.pop("category_uuid"))
                    changes["category"] = wanted.first()
                    if changes["category"] is None:
                        raise ResourceUnavailable("the category has been deleted in the meantime")
                changes["details"] = {**system.details, **details}
                GuestOs.objects.filter(pk=system.pk).update(**changes)
        except IntegrityError:
            raise ResourceInUse(f"there is a guest OS {changes['description']!r} by now") from None


@workflow("storage.guest_os.update")
class UpdateGuestOs(GuestOsWorkflow):
    title = "Change a guest operating system"
    steps = [ChangeSystem]


class RemoveSystem(Step):
    title = "Remove the guest operating system"

    def plan(self, ctx: JobContext) -> str:
        return f"remove guest OS {ctx.system}, which no template and no machine has"

    def do(self, ctx: JobContext) -> None:
        with ctx.transaction():
            GuestOs.objects.select_for_update().filter(pk=ctx.system.pk).first()
            refuse_when_used(ctx.system)
            ctx.system.mark_removed()


@workflow("storage.guest_os.remove")
class RemoveGuestOs(GuestOsWorkflow):
    title = "Remove a guest operating system"
    steps = [RemoveSystem]

    def on_succeeded(self, ctx: JobContext) -> None:
        ctx.set_result(success=True)
