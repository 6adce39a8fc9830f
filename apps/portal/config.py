"""Settings of the portal."""

from cloudstack.framework.configuration import ConfigKey

DEFAULT_UI_PAGE_SIZE = ConfigKey(
    "default.ui.page.size", int, 20, description="Rows of a page in web interfaces.", minimum=1, maximum=500
)
