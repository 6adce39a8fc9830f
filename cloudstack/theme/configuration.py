"""What the settings take over. Read before Django is ready: functions are named, not imported."""

from typing import Any

from django.templatetags.static import static

THEME_APPS = ["unfold.apps.BasicAppConfig"]
"""Before Django's admin, so that the theme's templates are found first."""


def _asset(path: str) -> Any:
    return lambda request: static(path)


_GREY = (
    *("248 250 252", "241 245 249", "226 232 240", "203 213 225", "148 163 184", "100 116 139"),
    *("71 85 105", "51 65 85", "30 41 59", "15 23 42", "2 6 23"),
)
_BLUE = (
    *("239 246 255", "219 234 254", "191 219 254", "147 197 253", "96 165 250", "59 130 246"),
    *("37 99 235", "29 78 216", "30 64 175", "30 58 138", "23 37 84"),
)
_WEIGHTS = ("50", "100", "200", "300", "400", "500", "600", "700", "800", "900", "950")

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "CloudStack",
    "SITE_HEADER": "CloudStack",
    "SITE_SYMBOL": "cloud",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _asset("cloudstack/icon.svg")}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "STYLES": [_asset("cloudstack/admin.css")],
    "COLORS": {
        "base": {weight: f"rgb({value})" for weight, value in zip(_WEIGHTS, _GREY, strict=True)},
        "primary": {weight: f"rgb({value})" for weight, value in zip(_WEIGHTS, _BLUE, strict=True)},
        # Quiet text has to be read, too: 4.5:1 on its ground in both themes.
        "font": {
            "subtle-light": "rgb(83 98 120)",
            "subtle-dark": "rgb(160 174 194)",
            "default-light": "rgb(51 65 85)",
            "default-dark": "rgb(212 220 230)",
            "important-light": "rgb(15 23 42)",
            "important-dark": "rgb(241 245 249)",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "apps.portal.navigation.sidebar",
    },
}
