"""``manage.py simulator_zone``: one more zone of simulated hosts, as large as is wanted."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.models import User
from apps.accounts.selectors import caller_of
from apps.infrastructure.models import Zone
from apps.portal.services.first_cloud import carry_out, seed_catalogue
from apps.portal.services.simulator_zone import seed_simulator_zone
from cloudstack.framework.context import RoleType, calling
from cloudstack.framework.drivers import hypervisor_types

MOST_HOSTS = 10_000
HOSTS_OF_A_POD = 240
"""So many addresses its range has."""
HOSTS_OF_A_CLUSTER = 50


class Command(BaseCommand):
    """Rows only: hosts of the hypervisor Simulator live in tables."""

    help = (
        "Makes a zone of simulated hosts, with pods, clusters, pools, an image store, a template and a network, to try "
        "at scale what hardware is missing for."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="name of the new zone")
        parser.add_argument("--hosts", type=int, default=1000, help=f"1 to {MOST_HOSTS} (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        name, hosts = options["name"], options["hosts"]
        if not 1 <= hosts <= MOST_HOSTS:
            raise CommandError(f"--hosts is {hosts}; 1 to {MOST_HOSTS} are possible")
        if Zone.all_objects.filter(name=name).exists():
            raise CommandError(f"a zone {name} is there already, or was: choose another name")
        if "Simulator" not in hypervisor_types():
            raise CommandError("no plugin drives the hypervisor Simulator: is the plugin simulator enabled?")
        root = User.objects.filter(account__role__type=RoleType.ADMIN).order_by("pk").first()
        if root is None:
            raise CommandError("there is no root admin yet: start bin/run, or call manage.py bootstrap_cloud first")
        caller = caller_of(root)
        with calling(caller):
            seed_catalogue(caller=caller)
            built, jobs = seed_simulator_zone(
                caller=caller,
                name=name,
                pods=-(-hosts // HOSTS_OF_A_POD),
                clusters=-(-hosts // HOSTS_OF_A_CLUSTER),
                hosts=hosts,
            )
            failed = carry_out(jobs)
        for job in failed:
            job.refresh_from_db()
            self.stderr.write(f"{job.description}: {job.error_text or 'goes on in the background'}")
        self.stdout.write(f"zone {name}: {len(built.hosts)} hosts in {len(built.clusters)} clusters")
