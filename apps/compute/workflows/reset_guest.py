"""What a guest takes at its next start has been replaced: the rows say all, the seed is written when it starts."""

from apps.compute.workflows.steps.loading import VmWorkflow
from cloudstack.framework.jobs import workflow


@workflow("compute.vm.reset_password")
class ResetPassword(VmWorkflow):
    title = "Reset a password"
    steps = []


@workflow("compute.vm.reset_keys")
class ResetKeys(VmWorkflow):
    title = "Reset SSH keys"
    steps = []
