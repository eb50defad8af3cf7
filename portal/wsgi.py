"""The WSGI application that web workers serve."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup(set_prefix=False)

from portal import lifetimes  # noqa: E402 - needs Django's settings
from portal.quick import Application  # noqa: E402 - needs Django's settings

lifetimes.web_begins()
application = Application()
