"""Pages that other packages bring and that would go past our rules are taken away."""

from django.contrib import admin
from django.contrib.auth.models import Group
from rest_framework.authtoken.models import TokenProxy

# A group stands for an account that objects are shared with: the accounts app keeps it.
admin.site.unregister(Group)
# Its list shows every token in full, and its log of changes keeps them.
admin.site.unregister(TokenProxy)
