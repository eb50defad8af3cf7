"""What the pages show, in the reader's words: entities, verdicts, intervals, evidence."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.actor import Refused
from audit.doors import say
from governance.catalog.models import Asset
from governance.pii import choices, selectors
from governance.pii.choices import Choice
from governance.pii.chosen import PREFIX, Chosen
from governance.pii.countries import name as country
from governance.pii.difference import Changed
from governance.pii.downstream import Labels
from governance.pii.models import Flag, Waiver

ENTITIES: dict[str, Promise] = {
    "EMAIL_ADDRESS": gettext_lazy("E-mail address"),
    "PHONE_NUMBER": gettext_lazy("Phone number"),
    "CREDIT_CARD": gettext_lazy("Payment card"),
    "IBAN_CODE": gettext_lazy("IBAN"),
    "IP_ADDRESS": gettext_lazy("Internet address"),
    "MAC_ADDRESS": gettext_lazy("Device address (MAC)"),
    "CRYPTO": gettext_lazy("Crypto wallet"),
    "US_SSN": gettext_lazy("US social security number"),
    "US_ITIN": gettext_lazy("US taxpayer number"),
    "US_PASSPORT": gettext_lazy("US passport"),
    "US_DRIVER_LICENSE": gettext_lazy("US driving licence"),
    "US_BANK_NUMBER": gettext_lazy("US bank account"),
    "MEDICAL_LICENSE": gettext_lazy("US medical licence"),
    "UK_NHS": gettext_lazy("UK NHS number"),
    "BR_CPF": gettext_lazy("CPF (Brazil)"),
    "BR_CNPJ": gettext_lazy("CNPJ (Brazil)"),
    "MX_CURP": gettext_lazy("CURP (Mexico)"),
    "MX_RFC": gettext_lazy("RFC (Mexico)"),
    "MX_CLABE": gettext_lazy("CLABE bank account (Mexico)"),
    "MX_NSS": gettext_lazy("Social security number (Mexico)"),
    "AR_CUIT": gettext_lazy("CUIT or CUIL (Argentina)"),
    "AR_DNI": gettext_lazy("DNI (Argentina)"),
    "AR_CBU": gettext_lazy("CBU bank account (Argentina)"),
    "CL_RUT": gettext_lazy("RUT (Chile)"),
    "CO_NIT": gettext_lazy("NIT (Colombia)"),
    "CO_CEDULA": gettext_lazy("Identity card (Colombia)"),
    "PE_DNI": gettext_lazy("DNI (Peru)"),
    "PE_RUC": gettext_lazy("RUC (Peru)"),
    "UY_CI": gettext_lazy("Identity card (Uruguay)"),
    "UY_RUT": gettext_lazy("RUT (Uruguay)"),
    "EC_CI": gettext_lazy("Identity card (Ecuador)"),
    "EC_RUC": gettext_lazy("RUC (Ecuador)"),
    "VE_RIF": gettext_lazy("RIF (Venezuela)"),
    "VE_CI": gettext_lazy("Identity card (Venezuela)"),
    "PY_RUC": gettext_lazy("RUC (Paraguay)"),
    "BO_CI": gettext_lazy("Identity card (Bolivia)"),
    "BO_NIT": gettext_lazy("NIT (Bolivia)"),
    "DO_CEDULA": gettext_lazy("Identity card (Dominican Republic)"),
    "DO_RNC": gettext_lazy("RNC (Dominican Republic)"),
    "GT_NIT": gettext_lazy("NIT (Guatemala)"),
    "CR_CPF": gettext_lazy("Identity card (Costa Rica)"),
    "CR_CPJ": gettext_lazy("Legal entity number (Costa Rica)"),
    "SV_NIT": gettext_lazy("NIT (El Salvador)"),
    "SV_DUI": gettext_lazy("DUI (El Salvador)"),
    "PT_NIF": gettext_lazy("NIF (Portugal)"),
    "PT_CC": gettext_lazy("Citizen card (Portugal)"),
    "PT_NISS": gettext_lazy("NISS (Portugal)"),
    "ES_NIF": gettext_lazy("NIF (Spain)"),
    "ES_NIE": gettext_lazy("NIE (Spain)"),
    "ES_CIF": gettext_lazy("CIF (Spain)"),
    "ES_NSS": gettext_lazy("Social security number (Spain)"),
    "ES_CCC": gettext_lazy("Bank account (Spain)"),
    "SECRET": gettext_lazy("Key or token"),
    "PASSWORD": gettext_lazy("Password"),
    "URL": gettext_lazy("Personal page"),
    "PERSON": gettext_lazy("Person’s name"),
    "LOCATION": gettext_lazy("Postal address"),
    "DATE_TIME": gettext_lazy("Date of birth"),
}
"""What is looked for everywhere; what a workspace looks for beside it is in `choices.labels`."""
BECAUSE: dict[str, Promise] = {
    "pattern": gettext_lazy("the pattern fits"),
    "checksum": gettext_lazy("the check digits are right"),
    "header": gettext_lazy("the column’s name says so"),
    "layout": gettext_lazy("the values are laid out like it"),
    "words": gettext_lazy("words before it announce it"),
    "names": gettext_lazy("common names occur"),
    "model": gettext_lazy("a language model saw it in the text"),
}


def entity(kind: str) -> str:
    """Return an entity type in words; what a workspace's own is called, it said itself."""
    if kind.startswith(PREFIX):
        return choices.labels().get(kind, kind)
    return str(ENTITIES.get(kind, kind))


def reasons(why: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return what could not be examined: code, how often, and the sentence."""
    return [{"code": code, "count": count, "detail": reason(code, count)} for code, count in sorted(why.items())]


def reason(code: str, count: int = 1) -> str:
    """Return why something was not examined; scans keep no more of it than its code and how often."""
    roots = ":".join((*map(str, settings.SCAN_ROOTS), *settings.SCAN_STORES)) or "–"
    return say(Refused(code, count=count, roots=roots))


def entities() -> dict[str, str]:
    """Return every entity type in words, a workspace's own among them."""
    return {**{kind: str(words) for kind, words in ENTITIES.items()}, **choices.labels()}


def spoken(panel: dict[str, Any]) -> dict[str, Any]:
    """Return a panel with everything the template says put into words."""
    scan = panel["scan"]
    columns = [_column(each) for each in panel["columns"]]
    return panel | {
        "columns": columns,
        "flagged": [each for each in columns if each["entities"] or each["why"]],
        "plain": [each for each in columns if not each["entities"] and not each["why"]],
        "why": [each["detail"] for each in reasons(scan.why if scan else {})],
        "names_model": choices.names_for(scan.ruleset) if scan else "",
        "stale": say(Refused(panel["stale_why"])) if panel.get("stale_why") else "",
    }


def _column(row: dict[str, Any]) -> dict[str, Any]:
    column = row["column"]
    return {
        "path": column.path,
        "verdict": column.verdict,
        "filled": column.filled,
        "examined": column.examined,
        "bound": f"{100 * column.bound:.1f}",
        "why": [reason(code) for code in column.why],
        "entities": [_entity(one) for one in row["entities"]],
    }


def _entity(one: dict[str, Any]) -> dict[str, Any]:
    seen = one["seen"]
    return one | {
        "name": entity(seen["type"]),
        "because": ", ".join(str(BECAUSE.get(code, code)) for code in seen["because"]),
        "checksum": _checksum(seen) if seen["tried"] else "",
        "share": _share(seen),
    }


def _share(seen: dict[str, Any]) -> str:
    part, low, high = (f"{100 * seen[name]:.1f}" for name in ("share", "low", "high"))
    if low == high:
        return _("%(share)s %% of the distinct values") % {"share": part}
    return _("%(share)s %% of the distinct values (%(low)s to %(high)s)") % {"share": part, "low": low, "high": high}


def _checksum(seen: dict[str, Any]) -> str:
    base = f"{100 * seen['base']:.0f}" if seen["base"] >= 0.01 else f"{100 * seen['base']:.1f}"
    return _("%(passed)s of %(tried)s pass the check; of random numbers %(base)s %% would") % {
        "passed": seen["passed"], "tried": seen["tried"], "base": base,
    }  # fmt: skip


def changes(rows: Iterable[Changed]) -> list[dict[str, Any]]:
    """Return what differs between two scans in words."""
    return [
        {
            "row": each,
            "appeared": [entity(kind) for kind in each.appeared],
            "gone": [entity(kind) for kind in each.gone],
            "moved": [
                _("%(entity)s: %(before)s %% before, %(after)s %% now")
                % {"entity": entity(one.type), "before": f"{100 * one.before:.1f}", "after": f"{100 * one.after:.1f}"}
                for one in each.moved
            ],
        }
        for each in rows
    ]


def chosen(made: Iterable[Choice]) -> list[dict[str, Any]]:
    """Return choices of rules with the names of those who made them."""
    listed = [*(each for each in made if each.number), Choice()]
    names = selectors.names(each.made_by for each in listed)
    return [
        {
            "row": each,
            "by": names.get(each.made_by, "") if each.made_by else "",
            "did": _did(each.chosen, before.chosen),
        }
        for each, before in pairwise(listed)
    ]


def _did(now: Chosen, before: Chosen) -> list[str]:
    """What a choice changed."""
    old, new = ({own.entity: own for own in chosen.own} for chosen in (before, now))
    added = [country(code) for code in now.countries if code not in before.countries]
    removed = [country(code) for code in before.countries if code not in now.countries]
    added += [now.names] if now.names and now.names != before.names else []
    removed += [before.names] if before.names and now.names != before.names else []
    added += [own.label for entity, own in new.items() if entity not in old]
    removed += [own.label for entity, own in old.items() if entity not in new]
    changed = [own.label for entity, own in new.items() if entity in old and old[entity] != own]
    told = ((_("added: %(names)s"), added), (_("changed: %(names)s"), changed), (_("taken away: %(names)s"), removed))
    return [words % {"names": ", ".join(names)} for words, names in told if names]


def labels(found: Labels, seen: Mapping[int, Asset]) -> list[dict[str, Any]]:
    """Return labels in words, with where they come from for those who may see that."""
    return [
        {
            "column": each.column,
            "entity": entity(each.finding.entity),
            "inherited": each.inherited,
            "source": seen.get(each.finding.dataset_id),
            "source_column": each.finding.column,
        }
        for each in found.labels
    ]


def flags(rows: Iterable[Flag], seen: Mapping[int, Asset]) -> list[dict[str, Any]]:
    """Return flags in words, with the dataset that raised them for those who may see it."""
    return [
        {"row": each, "entity": entity(each.finding.entity), "source": seen.get(each.finding.dataset_id)}
        for each in rows
    ]


def waivers(rows: Iterable[Waiver], now: datetime) -> list[dict[str, Any]]:
    """Return waivers with the names of those concerned; one whose end has passed shows as expired."""
    listed = list(rows)
    names = selectors.names(pk for row in listed for pk in (row.proposer_id, row.decider_id))
    return [
        {
            "row": row,
            "entity": entity(row.finding.entity),
            "state": "expired" if row.state == Waiver.State.APPROVED and row.expires_at <= now else row.state,
            "proposer": names.get(row.proposer_id, ""),
            "decider": names.get(row.decider_id, "") if row.decider_id else "",
            "dataset": selectors.governed(row),
        }
        for row in listed
    ]
