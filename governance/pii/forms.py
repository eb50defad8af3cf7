"""This room's forms; part of its browser door."""

from datetime import UTC, datetime, time

from django import forms
from django.utils.translation import gettext_lazy as _


class ScanForm(forms.Form):
    """A file on the server to scan."""

    path = forms.CharField(
        max_length=4096,
        label=_("Path of the file"),
        help_text=_(
            "The whole path on the server, under a folder that scans may read. CSV, JSON lines, Parquet, Arrow."
        ),
    )


class WaiverForm(forms.Form):
    """Why a finding shall not count, and until when."""

    reason = forms.CharField(
        max_length=2000,
        label=_("Reason"),
        help_text=_("Why this column may be used all the same. Others will rely on it; leave out personal data."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    until = forms.DateField(
        label=_("Until the end of"),
        help_text=_("At most a year ahead. After that day the finding counts again."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def ends(self) -> datetime:
        """Return the end of the chosen day, UTC."""
        return datetime.combine(self.cleaned_data["until"], time(23, 59, 59), UTC)


class DisputeForm(forms.Form):
    """Why a finding is a false alarm."""

    reason = forms.CharField(
        max_length=2000,
        label=_("Why is it a false alarm?"),
        help_text=_("What the values really are, without quoting any of them."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    revision = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)


class RulingForm(forms.Form):
    """What to add to a decision on a waiver."""

    reason = forms.CharField(
        required=False, max_length=2000, label=_("Remark"), widget=forms.Textarea(attrs={"rows": 3})
    )
    revision = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
