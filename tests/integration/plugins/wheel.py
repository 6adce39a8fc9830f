"""A plugin of a stranger, outside the tree: a project that builds a wheel."""

from pathlib import Path

FILES = {
    "pyproject.toml": """
[project]
name = "cloudstack-tea"
version = "1.3"
[project.entry-points."cloudstack.plugins"]
tea = "cloudstack_tea"
[build-system]
requires = ["uv_build"]
build-backend = "uv_build"
""",
    "src/cloudstack_tea/plugin.toml": """
[plugin]
name = "tea"
description = "Pours tea."
kinds = ["features"]
core = ">=0.1,<1"
required_settings = ["tea.kettle"]
""",
    "src/cloudstack_tea/__init__.py": "",
    "src/cloudstack_tea/apps.py": """
from cloudstack.plugin import PluginConfig

class TeaConfig(PluginConfig):
    name = "cloudstack_tea"
    label = "tea"
    api_version = 1
    default_auto_field = "django.db.models.BigAutoField"
""",
    "src/cloudstack_tea/models.py": """
from django.db import models

class Cup(models.Model):
    name = models.CharField(max_length=32)
    steeped = models.BooleanField(default=False)

    def __str__(self):
        return self.name
""",
    "src/cloudstack_tea/migrations/__init__.py": "",
    "src/cloudstack_tea/migrations/0001_initial.py": """
from django.db import migrations, models

class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.CreateModel("Cup", [
        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
        ("name", models.CharField(max_length=32)),
        ("steeped", models.BooleanField(default=False)),
    ])]
""",
    "src/cloudstack_tea/admin.py": """
from django.contrib import admin
from cloudstack.plugin.admin import CloudAdmin
from cloudstack_tea.models import Cup

@admin.register(Cup)
class CupAdmin(CloudAdmin):
    list_display = ["name", "steeped"]
    search_fields = ["name"]
""",
    "src/cloudstack_tea/hooks.py": """
from cloudstack.plugin import hookimpl

@hookimpl
def register_api_commands():
    from cloudstack_tea.commands import PourTea
    return [PourTea]

@hookimpl
def register_config_keys():
    from cloudstack.plugin.settings import ConfigKey
    return [ConfigKey("tea.kettle", str, "", "address of the kettle")]

@hookimpl
def register_workflows():
    from cloudstack_tea.commands import Steep
    return [Steep]

@hookimpl
def register_scheduled_jobs():
    from cloudstack.plugin.jobs import ScheduledJob
    from cloudstack_tea.commands import clear
    return [ScheduledJob("tea.clear", 3600, clear)]
""",
    "src/cloudstack_tea/commands.py": '''
from cloudstack.plugin.api import ROOT, BaseAsyncCmd, Str
from cloudstack.plugin.jobs import Step, Workflow, dispatch
from cloudstack_tea.models import Cup

class SteepStep(Step):
    title = "Steep"

    def do(self, ctx):
        Cup.objects.filter(pk=ctx.arguments["cup"]).update(steeped=True)
        ctx.set_result(success=True)

class Steep(Workflow):
    name = "tea.cup.steep"
    title = "Steep a cup"
    steps = [SteepStep]

class PourTea(BaseAsyncCmd):
    """Pours a cup of tea."""

    roles = ROOT
    cup = Str("name", required=True, help="whose cup it is")

    def execute(self):
        return dispatch("tea.cup.steep", caller=self.caller, arguments={"cup": Cup.objects.create(name=self.cup).pk})

def clear():
    Cup.objects.filter(steeped=False).delete()
''',
}


def write(folder: Path) -> Path:
    """Write the project into ``folder``; answers it."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
