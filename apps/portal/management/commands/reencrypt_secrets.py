"""Writes stored secrets anew under the newest encryption key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cloudstack.framework.reencrypt import reencrypt


class Command(BaseCommand):
    help = "Writes every stored secret anew under the first of the encryption keys; the others are not needed after."

    def handle(self, *args: Any, **options: Any) -> None:
        columns = reencrypt()
        for column in columns:
            if column.rewritten or column.fresh or column.lost:
                self.stdout.write(
                    f"{column.name}: {column.rewritten} written anew, {column.fresh} under the newest key already"
                    + (f", {column.lost} opened by no key" if column.lost else "")
                )
        self.stdout.write(f"{sum(column.rewritten for column in columns)} secrets written anew")
        lost = sum(column.lost for column in columns)
        if lost:
            raise CommandError(
                f"{lost} secrets are opened by none of the keys and stay as they are: keep looking for it"
            )
