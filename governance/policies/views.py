"""Policies and environments in words."""

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from audit.doors import actor_of
from governance.policies import selectors
from governance.policies.rules import Listed, Words, explain_check, explain_rule, explain_terms, understand


def spoken(words: Words) -> str:
    """Return a sentence in the reader's language; lists of evidence classes are joined."""
    params = {
        name: ", ".join(gettext(each) for each in value) if isinstance(value, Listed) else value
        for name, value in words.params.items()
    }
    return gettext(words.text).format(**params)


@require_GET
def policies(request: HttpRequest) -> HttpResponse:
    """Show every policy, the one in force first."""
    actor = actor_of(request)
    rows = selectors.policies_for(actor)
    newest: dict[object, int] = {}
    for row in rows:
        newest.setdefault(row.environment_id, row.number)
    listed = [(row, newest[row.environment_id] == row.number) for row in rows]
    return render(request, "governance/policies/policies.html", {"policies": listed})


@require_GET
def policy(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one policy in words and as the data that is digested."""
    row = selectors.policy_seen_by(actor_of(request), pk)
    body = understand(row.body)
    context = {
        "policy": row,
        "in_force": selectors.current(row.environment).pk == row.pk,
        "checks": [(check, spoken(explain_check(check))) for check in body.checks],
        "rules": [(rule, spoken(explain_rule(rule))) for rule in body.rules],
        "terms": [spoken(words) for words in explain_terms(body)],
        "body_text": json.dumps(row.body, indent=2, sort_keys=True, ensure_ascii=False),
    }
    return render(request, "governance/policies/policy.html", context)


@require_GET
def environments(request: HttpRequest) -> HttpResponse:
    """Show the environments, their aliases and the policy each asks for."""
    rows = [(row, selectors.current(row)) for row in selectors.environments_for(actor_of(request))]
    return render(request, "governance/policies/environments.html", {"environments": rows})
