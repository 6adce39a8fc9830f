"""Pages that other packages bring and that would go past our rules are taken away."""

from django.contrib import admin
from django.contrib.auth.models import Group

# A group stands for an account that objects are shared with: the accounts app keeps it.
admin.site.unregister(Group)
