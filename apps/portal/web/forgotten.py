"""For somebody who has forgotten the password: a mail with a link, and the page that it leads to."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from apps.accounts.models.user import split_login
from apps.accounts.password_config import RESET_ENABLED
from apps.portal.web.profile import NewPasswordForm
from cloudstack.api.addresses import client_address
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.context import coming_from
from cloudstack.framework.errors import CloudError

LINK = "portal_reset_link"
"""Key of the session: what the link of a mail said, so that it stands in no address and no history any more."""
PARTS = ("username", "domain", "token")


class NameForm(forms.Form):
    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=255,
        help_text=gettext_lazy("With your domain if you have one: anna@sales"),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Have a link mailed. The answer is the same for everybody."""
    _ensure_offered()
    form = NameForm(request.POST or None)
    if form.is_valid():
        name, path = split_login(form.cleaned_data["username"])
        try:
            with coming_from(client_address(request)):
                dispatch("forgotPassword", {"username": name, "domain": path}, None, door="portal")
        except CloudError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, _("If there is such a user with a mail address, a link is on its way."))
            return HttpResponseRedirect(reverse("portal:sign-in"))
    context = {
        "title": _("Forgotten password"),
        "form": form,
        "help": _("You get a mail with a link, by which you choose a new password."),
        "button": _("Send the link"),
    }
    return TemplateResponse(request, "portal/forgotten.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters()
def choose(request: HttpRequest) -> HttpResponse:
    """Where the link leads: choose the new password."""
    _ensure_offered()
    if "token" in request.GET:
        request.session[LINK] = {name: request.GET.get(name, "")[:1000] for name in PARTS}
        return HttpResponseRedirect(reverse("portal:new-password"))
    link: dict[str, Any] = request.session.get(LINK) or {}
    form = NewPasswordForm(request.POST or None)
    if not link:
        messages.error(request, _("Open the link of the mail once more, or ask for another."))
        return HttpResponseRedirect(reverse("portal:forgotten"))
    if form.is_valid():
        try:
            dispatch("resetPassword", {**link, "password": form.cleaned_data["new_password"]}, None, door="portal")
        except CloudError as error:
            form.blame(error)
        else:
            del request.session[LINK]
            messages.success(request, _("Your new password is set. Sign in with it."))
            return HttpResponseRedirect(reverse("portal:sign-in"))
    context = {"title": _("New password"), "form": form, "help": "", "button": _("Set the password")}
    return TemplateResponse(request, "portal/forgotten.html", context, status=422 if form.errors else 200)


def _ensure_offered() -> None:
    if not RESET_ENABLED.value():
        raise Http404("passwords are not reset by mail here")
