"""Reports for people: ask, watch, take away."""

from collections.abc import Iterable
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from audit.doors import actor_of, met, now_of, page
from audit.refusals import Refused
from governance.reports import register, rules, selectors, services
from governance.reports.api import content
from governance.reports.rules import Asking
from jobs import selectors as jobs
from lineage.answers import end_of

OFFERED = 200


class Ask(forms.Form):
    """What to report about, as of when, in which format."""

    kind = "lineage"
    subject = forms.ChoiceField(label=_("Model version"))
    format = forms.ChoiceField(
        label=_("Format"),
        choices=[
            ("json", _("JSON, everything")),
            ("pdf", _("PDF, to read and to file, with the JSON attached")),
            ("csv", _("CSV, the steps")),
            ("svg", _("SVG, the picture")),
            ("ndjson", _("OpenLineage, the producers’ own events")),
            ("prov", _("PROV-JSON, for provenance tools")),
            ("graphml", _("GraphML, for graph tools")),
            ("zip", _("Evidence pack, all of them with the log’s proofs")),
        ],
    )
    as_of = forms.DateField(
        label=_("As of"),
        required=False,
        help_text=_("Leave empty for now. Otherwise the end of that day, UTC."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def offer(self, subjects: Iterable[tuple[UUID, str]]) -> None:
        """Offer these to report about, each by its id and what it is called."""
        field = self.fields["subject"]
        choices = [(str(pk), name) for pk, name in subjects]
        self.fields["subject"] = forms.ChoiceField(label=field.label, choices=choices)


class AskRegister(Ask):
    """Of which scope to have the register of personal data, beside the other form on one page."""

    kind, prefix = "pii", "register"
    subject = forms.ChoiceField(label=_("Scope"))
    format = forms.ChoiceField(
        label=_("Format"),
        choices=[
            ("pdf", _("PDF, to read and to file, with the JSON attached")),
            ("csv", _("CSV, a line for each finding")),
            ("json", _("JSON, everything")),
        ],
    )


def _asked(request: HttpRequest, form: Ask) -> HttpResponse | None:
    """Owe the report that was asked for, and show it; nothing when the form is not in order."""
    if not form.is_valid():
        return None
    asked, now = form.cleaned_data, now_of(request)
    as_of = min(end_of(asked["as_of"]), now) if asked["as_of"] else None
    asking = Asking(form.kind, UUID(asked["subject"]), as_of, asked["format"])
    try:
        return redirect("reports.show", pk=services.ask(actor=actor_of(request), asking=asking, now=now).pk)
    except Refused as refusal:
        form.add_error(None, met(request, refusal))
        return None


def index(request: HttpRequest) -> HttpResponse:
    """Show what can be asked for and what was, and take a request for a report."""
    actor = actor_of(request)
    versions = list(selectors.subjects_for(actor)[:OFFERED])
    kind = AskRegister if "register" in request.POST else Ask
    form = Ask(request.POST if request.POST and kind is Ask else None, initial={"subject": request.GET.get("subject")})
    form.offer((one.pk, f"{one.asset.name} {one.label}") for one in versions)
    listing = AskRegister(request.POST if kind is AskRegister else None)
    listing.offer((one.pk, one.path) for one in register.subjects_for(actor))
    if request.method == "POST" and (made := _asked(request, listing if kind is AskRegister else form)):
        return made
    reports, cursor = page(request, selectors.reports_for(actor))
    asked_by = selectors.names({str(one.principal_id) for one in reports})
    rows = [(report, asked_by.get(str(report.principal_id), "")) for report in reports]
    place = {
        "form": form,
        "versions": versions,
        "rows": rows,
        "next_cursor": cursor,
        "kinds": rules.KINDS,
        "listing": listing,
    }
    return render(request, "governance/reports/index.html", place)


def show(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show how far a report is, its digest, and where to take it away."""
    report = selectors.report_seen_by(actor_of(request), pk)
    job = jobs.job(report.job_id) if report.job_id else None
    asked_by = selectors.people_in(report).get(str(report.principal_id), "")
    return render(request, "governance/reports/show.html", {"report": report, "job": job, "asked_by": asked_by})


@require_POST
def download(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Send the report; the log has it before the first byte."""
    return content(services.deliver(actor=actor_of(request), pk=pk, now=now_of(request)), request.headers)
