"""The catalog's forms; part of its browser door."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.access.models import Scope, User
from governance.catalog.rules import RISK_TIERS, TEXTS, slices_from_text, slices_to_text

TIERS = {"low": _("Low risk"), "medium": _("Medium risk"), "high": _("High risk")}
LABELS = {
    "purpose": (_("Purpose"), _("What the model decides or suggests, and for whom.")),
    "out_of_scope_use": (_("Out of scope use"), _("What it must not be used for.")),
    "affected_people": (_("Affected people"), _("Whose lives it touches, and how.")),
    "owners": (_("Owners"), _("Which team or role answers for it.")),
    "metrics_by_slice": (
        _("Metrics by slice"),
        _("How well it works for groups of people or cases. One per line: slice | metric | value."),
    ),
    "limits": (_("Limits"), _("Where it is known to be wrong, untested or out of date.")),
    "oversight": (_("Oversight"), _("Who watches it, and how a person can overrule it.")),
    "risk_tier": (_("Risk tier"), _("How much harm a wrong answer can do.")),
}


class CardForm(forms.Form):
    """A model's card, all fields optional so that it can grow; gaps are shown, not forbidden."""

    purpose = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 4}))
    out_of_scope_use = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    affected_people = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    owners = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    metrics_by_slice = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 4}))
    limits = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    oversight = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    risk_tier = forms.ChoiceField(required=False)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, hint) in LABELS.items():
            self.fields[name].label = label
            self.fields[name].help_text = hint
        choices: Any = [("", _("Not decided yet")), *((tier, TIERS[tier]) for tier in RISK_TIERS)]
        self.fields["risk_tier"].choices = choices  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(fields: dict[str, Any], revision: int) -> dict[str, Any]:
        """Return what the form shows for a card's fields."""
        found = {name: fields.get(name, "") for name in (*TEXTS, "risk_tier")}
        return found | {"metrics_by_slice": slices_to_text(fields.get("metrics_by_slice", [])), "revision": revision}

    def card(self) -> dict[str, Any]:
        """Return the card's fields as the service reads them; refused when a slice's line cannot be read."""
        found = {name: self.cleaned_data[name] for name in (*TEXTS, "risk_tier")}
        return found | {"metrics_by_slice": slices_from_text(self.cleaned_data["metrics_by_slice"])}


class LabelsForm(forms.Form):
    """An asset's labels in one line."""

    labels = forms.CharField(
        required=False,
        max_length=1500,
        label=_("Labels"),
        help_text=_("Separated by spaces or commas. Lower case letters, digits and . _ : / -"),
    )
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def listed(self) -> list[str]:
        """Return the labels one by one."""
        return str(self.cleaned_data["labels"]).replace(",", " ").split()


class OwnersForm(forms.Form):
    """The people who answer for an asset."""

    owners = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        required=False,
        label=_("Owners"),
        help_text=_("Hold Ctrl or Cmd to choose several."),
    )
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owners"].queryset = people  # type: ignore[attr-defined]


class AdoptForm(OwnersForm):
    """Who will answer for a discovered asset, and where it goes."""

    scope = forms.ModelChoiceField(queryset=Scope.objects.none(), label=_("Scope"), empty_label=None)

    def __init__(self, *args: Any, scopes: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scope"].queryset = scopes  # type: ignore[attr-defined]
        self.fields["scope"].help_text = _("Where it belongs: whoever holds a role there can work with it.")
        self.fields["owners"].help_text = _("Nobody chosen means you. Hold Ctrl or Cmd to choose several.")
