"""The portal's own template tags: result, when, icon, bar, digest, current.

Each gives finished, escaped HTML without inline style or script, and says in words what it shows in colour.
"""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.access.words import role_name
from portal.templatetags.icons import ICONS
from portal.templatetags.words import look_of

register = template.Library()

BAR_WIDTH = 120
MINUTE, HOUR, DAY = 60, 3600, 86400
DIGEST_SHOWN = 12


@register.filter
def role(code: str) -> str:
    """The role in words."""
    return str(role_name(code))


@register.simple_tag
def icon(name: str) -> SafeString:
    """The icon `name`, hidden from screen readers: a word always stands beside it."""
    drawing = mark_safe(f'<path d="{ICONS[name]}"/>')  # noqa: S308 - a constant of ours
    return format_html(
        '<svg class="icon icon--{}" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"'
        ' focusable="false">{}</svg>',
        name,
        drawing,
    )


@register.simple_tag
def result(state: object, word: str = "") -> SafeString:
    """A chip for a result, verdict or state: icon and word; `word` replaces the usual one."""
    look = look_of(str(state))
    return format_html(
        '<span class="chip chip--{}">{}<span>{}</span></span>', look.tone, icon(look.icon), word or look.word
    )


@register.simple_tag(takes_context=True)
def when(context: Context, at: datetime | None) -> SafeString:
    """A moment: how long ago or ahead, and the exact time on hover and in print; nothing gives a dash."""
    if at is None:
        return format_html(
            '<span class="muted"><span aria-hidden="true">–</span><span class="visually-hidden">{}</span></span>',
            _("never"),
        )
    request = context.get("request")
    now = getattr(request, "now", None) or timezone.now()
    absolute = date_format(timezone.localtime(at, UTC), "j M Y, H:i") + " UTC"
    return format_html(
        '<time class="when" datetime="{}" title="{}">{}<span class="when__exact">{}</span></time>',
        at.isoformat(timespec="seconds"),
        absolute,
        distance(int((at - now).total_seconds())),
        absolute,
    )


def distance(seconds: int) -> str:
    """`seconds` from now in words, in the largest unit that fits: negative is the past."""
    far = abs(seconds)
    if far < MINUTE:
        return _("just now") if seconds <= 0 else _("in a moment")
    if far < HOUR:
        n = far // MINUTE
        past, ahead = ngettext("%(n)d min ago", "%(n)d min ago", n), ngettext("in %(n)d min", "in %(n)d min", n)
    elif far < DAY:
        n = far // HOUR
        past = ngettext("%(n)d hour ago", "%(n)d hours ago", n)
        ahead = ngettext("in %(n)d hour", "in %(n)d hours", n)
    else:
        n = far // DAY
        past, ahead = ngettext("%(n)d day ago", "%(n)d days ago", n), ngettext("in %(n)d day", "in %(n)d days", n)
    return (past if seconds < 0 else ahead) % {"n": n}


@register.simple_tag
def bar(share: object, low: object = None, high: object = None) -> SafeString:
    """A share between 0 and 1 as a bar, with its interval as a whisker; the same in words for screen readers."""
    value = _share(share)
    if value is None:
        return format_html('<span class="muted">{}</span>', "–")
    bottom, top = _share(low), _share(high)
    spread = SafeString("")
    words = _percent(value)
    if bottom is not None and top is not None:
        words = _("%(share)s, between %(low)s and %(high)s") % {
            "share": words,
            "low": _percent(bottom),
            "high": _percent(top),
        }
        left, right = _at(bottom), _at(top)
        spread = format_html('<path class="bar__spread" d="M{} 3v8M{} 7H{}M{} 3v8"/>', left, left, right, right)
    return format_html(
        '<svg class="bar" viewBox="0 0 {} 14" width="{}" height="14" role="img" aria-label="{}">'
        '<rect class="bar__track" y="4" width="{}" height="6" rx="3"/>'
        '<rect class="bar__fill" y="4" width="{}" height="6" rx="3"/>{}</svg>',
        BAR_WIDTH,
        BAR_WIDTH,
        words,
        BAR_WIDTH,
        _at(value),
        spread,
    )


def _share(value: object) -> Decimal | None:
    """`value` as a share, held between 0 and 1; nothing when it is not a number."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return max(Decimal(0), min(Decimal(1), number)) if number.is_finite() else None


def _at(share: Decimal) -> str:
    """Where `share` lies along the bar, in its own units."""
    return str(round(share * (BAR_WIDTH - 2) + 1, 1))


def _percent(share: Decimal) -> str:
    return number_format(round(share * 100, 1), decimal_pos=1) + " %"


@register.simple_tag
def digest(value: object) -> SafeString:
    """A digest, shortened for the eye and whole for the clipboard, the printer and the screen reader."""
    text = str(value or "")
    if not text:
        return format_html('<span class="muted">{}</span>', _("not computed yet"))
    kind, colon, rest = text.rpartition(":")
    return format_html(
        '<span class="digest"><code class="digest__value" title="{}">{}<span class="digest__rest">{}</span></code>'
        '<button class="digest__copy" type="button" data-copy="{}" hidden>{}<span class="visually-hidden">{}</span>'
        "</button></span>",
        text,
        kind + colon + rest[:DIGEST_SHOWN],
        rest[DIGEST_SHOWN:],
        text,
        icon("copy"),
        _("Copy"),
    )


@register.simple_tag(takes_context=True)
def current(context: Context, path: str) -> SafeString:
    """`aria-current` for a link to `path` when the page shown is it, or lies beneath it."""
    request = context.get("request")
    here = getattr(request, "path", "")
    if here == path:
        return SafeString('aria-current="page"')
    return SafeString('aria-current="true"' if here.startswith(path.rstrip("/") + "/") else "")


@register.filter
def dictget(mapping: dict[str, object] | None, key: object) -> object:
    """`mapping[key]`, or an empty string when there is none."""
    return (mapping or {}).get(str(key), "")
