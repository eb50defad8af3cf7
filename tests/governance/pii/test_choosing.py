"""What a workspace chooses of the rules: tried on every dataset before it counts, and a part of the digest."""

import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.actor import Conflict, Forbidden, Refused, system
from audit.models import Entry
from governance.pii import choices, choosing, editions, freshness, selectors, services
from governance.pii.chosen import COUNTRIES, Chosen, chosen_of
from governance.pii.countries import name, possible
from governance.pii.models import Finding, Ruleset, Scan
from governance.pii.presidio import Analyzer
from jobs import records as jobs
from jobs import selectors as clock

pytestmark = pytest.mark.django_db
API = "/api/v1/scan-rules"
KOREAN = [f"010-2{at * 7919 % 1000:03d}-{at * 7907 % 10000:04d}" for at in range(40)]


class TestChosen:
    def test_what_nobody_chose_is_as_usual(self) -> None:
        assert chosen_of({}) == Chosen() == chosen_of(Chosen().as_json())

    def test_the_same_countries_are_the_same_rules_in_whatever_order(self) -> None:
        one, two = (Chosen().in_countries(codes, possible()) for codes in (["kr", "US", "BR"], ["BR", " KR ", "us"]))
        assert one == two
        assert freshness.digest_of(one) == freshness.digest_of(two) != freshness.digest_of(Chosen())

    @pytest.mark.parametrize("codes", [["XX"], ["BR", "BRA"], ["BR; drop"], ["001"]])
    def test_what_is_no_country_is_refused_by_name(self, codes: list[str]) -> None:
        with pytest.raises(Refused) as refusal:
            Chosen().in_countries(codes, possible())
        assert refusal.value.code == "pii.unknown_country"

    def test_no_country_at_all_is_refused(self) -> None:
        with pytest.raises(Refused, match=r"pii\.no_country"):
            Chosen().in_countries([" "], possible())

    def test_countries_are_called_by_their_names(self) -> None:
        assert (name("BR"), name("KR"), name("AX"), name("??")) == ("Brazil", "South Korea", "Åland Islands", "??")
        assert all(name(code) for code in possible())

    def test_numbers_as_written_at_home_are_known_where_the_country_is_chosen(self) -> None:
        usual, korean = Analyzer(), Analyzer(Chosen().in_countries(["KR"], possible()))
        phone = frozenset({"PHONE_NUMBER"})
        assert not any(usual.look(value, phone) for value in KOREAN)
        assert all(korean.look(value, phone) for value in KOREAN)
        assert not korean.look("(11) 98765-4321", phone) and usual.look("(11) 98765-4321", phone)
        assert not korean.look("2125550123", frozenset()), "bare digits of a country that was not chosen"
        assert korean.look("+55 11 98765-4321", phone), "with its country code it is known everywhere"


@pytest.fixture
def phones(table: Path, asset: Any) -> Any:
    """A dataset with numbers as they are written in Korea."""
    rows = "".join(f"{at},{number}\n" for at, number in enumerate(KOREAN))
    table.write_text("id,value\n" + rows)
    return asset


def scan_now(asset: Any, people: SimpleNamespace, run_jobs: Any) -> Scan:
    scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=clock.now())
    run_jobs()
    scan.refresh_from_db()
    return scan


def choose(people: SimpleNamespace, now: datetime, *codes: str) -> None:
    choosing.choose_countries(actor=people.olga.actor, codes=codes, seen=choices.today().number, now=now)


class TestCountries:
    def test_other_countries_are_tried_before_they_count(
        self, phones: Any, table: Path, people: SimpleNamespace, now: datetime, run_jobs: Any
    ) -> None:
        assert scan_now(phones, people, run_jobs).verdict == "clean_full"
        before = freshness.current_ruleset()
        choose(people, now, *COUNTRIES, "KR")
        assert freshness.current_ruleset() != before == freshness.accepted_ruleset()
        jobs.enqueue("pii.sweep")
        run_jobs()
        (trial,) = Scan.objects.filter(trial=True)
        assert (trial.verdict, trial.ruleset) == ("findings", freshness.current_ruleset())
        assert not Finding.objects.exists()
        table.write_text(table.read_text() + "99,010-2345-6789\n")
        asked = scan_now(phones, people, run_jobs)
        assert (asked.trial, asked.verdict, asked.ruleset) == (False, "clean_full", before), "what counts is asked"
        assert selectors.standing([phones.lineage_dataset_id], now)[0].verdict == "clean_full"
        jobs.enqueue("pii.sweep")
        run_jobs()
        editions.accept_rules(actor=people.olga.actor, digest=freshness.current_ruleset(), now=clock.now())
        run_jobs()
        assert Finding.objects.get().entity == "PHONE_NUMBER"
        assert scan_now(phones, people, run_jobs).ruleset == freshness.accepted_ruleset()

    def test_who_chose_what_and_when_is_known(self, people: SimpleNamespace, now: datetime, scanned: Scan) -> None:
        choose(people, now, "BR", "KR")
        entry = Entry.objects.filter(action="rules.chosen").latest("pk")
        about = json.loads(bytes(entry.body))["about"]
        last = choices.today()
        assert (last.number, last.made_by, last.made_at) == (1, people.olga.actor.principal_id, now)
        assert (about["part"], about["added"]) == ("countries", ["KR"])
        row = Ruleset.objects.get(digest=freshness.current_ruleset())
        assert (row.choices, row.accepted_at, row.parts["regions"]) == (1, None, "BR KR")

    def test_choices_before_the_first_scan_count_at_once(self, people: SimpleNamespace, now: datetime) -> None:
        choose(people, now, "KR")
        assert freshness.accepted_ruleset() == freshness.current_ruleset() == freshness.counting_ruleset()

    def test_only_who_waives_everywhere_chooses_and_only_after_what_they_saw(
        self, people: SimpleNamespace, now: datetime, scanned: Scan
    ) -> None:
        for who in (people.ann, people.vera, people.adam):
            with pytest.raises(Forbidden):
                choosing.choose_countries(actor=who.actor, codes=["KR"], seen=0, now=now)
        choose(people, now, "KR")
        with pytest.raises(Conflict, match=r"pii\.moved"):
            choosing.choose_countries(actor=people.olga.actor, codes=["BR"], seen=0, now=now)
        with pytest.raises(Conflict, match=r"pii\.chosen_already"):
            choosing.choose_countries(actor=people.olga.actor, codes=["KR"], seen=1, now=now)

    def test_a_trial_at_work_is_not_let_count_with_choices_that_do_not(
        self, phones: Any, people: SimpleNamespace, now: datetime, run_jobs: Any
    ) -> None:
        first = scan_now(phones, people, run_jobs)
        choose(people, now, "KR")
        trial = services.scan_again(actor=system(), scan_id=first.pk, now=clock.now())
        assert trial is not None and trial.trial
        Scan.objects.filter(pk=trial.pk).update(state="running")
        with pytest.raises(Conflict, match=r"pii\.scan_under_way"):
            services.request_scan(actor=people.ann.actor, asset_id=phones.pk, now=clock.now())
        Scan.objects.filter(pk=trial.pk).update(state="queued")
        services.request_scan(actor=people.ann.actor, asset_id=phones.pk, now=clock.now())
        run_jobs()
        trial.refresh_from_db()
        assert (trial.trial, trial.verdict, trial.ruleset) == (False, "clean_full", freshness.accepted_ruleset())

    def test_they_are_chosen_by_rest(self, people: SimpleNamespace, scanned: Scan) -> None:
        told = people.vera.api.get(f"{API}/countries").json()
        assert (told["countries"], told["revision"]) == (list(COUNTRIES), 0)

        def put(who: Any, **body: Any) -> Any:
            return who.api.put(f"{API}/countries", body, content_type="application/json")

        assert put(people.vera, countries=["KR"], revision=0).status_code == 403
        bad = put(people.olga, countries=["ZZ"], revision=0)
        assert (bad.status_code, bad.json()["code"]) == (422, "pii.unknown_country") and "ZZ" in bad.json()["detail"]
        for odd in ({"countries": "KR", "revision": 0}, {"countries": [1, None], "revision": 0}, {"revision": "x"}):
            assert put(people.olga, **odd).status_code == 400
        done = put(people.olga, countries=["kr", "br"], revision=0).json()
        assert (done["countries"], done["counting"], done["revision"]) == (["BR", "KR"], list(COUNTRIES), 1)
        assert put(people.olga, countries=["BR"], revision=0).json()["code"] == "pii.moved"
        rules = people.olga.api.get(API).json()
        assert rules["pending"] and {"regions"} == {each["part"] for each in rules["parts"]}

    def test_they_are_ticked_in_the_browser(self, people: SimpleNamespace, scanned: Scan) -> None:
        page = people.olga.client.get("/scans/rules/countries").content.decode()
        assert 'value="BR" checked' in page and "South Korea" in page and "Choose these countries" in page
        assert "Choose these countries" not in people.vera.client.get("/scans/rules/countries").content.decode()
        wrong = people.olga.client.post("/scans/rules/countries", {"countries": ["ZZ"], "revision": "0"})
        assert wrong.status_code == 422 and "ZZ" in wrong.content.decode()
        assert people.olga.client.post("/scans/rules/countries", {"revision": "0"}).status_code == 422
        assert people.olga.client.post("/scans/rules/countries", {"countries": ["KR"]}).status_code == 422
        done = people.olga.client.post("/scans/rules/countries", {"countries": ["KR", "BR"], "revision": "0"})
        assert (done.status_code, choices.today().chosen.countries) == (302, ("BR", "KR"))
        rules = people.olga.client.get("/scans/rules").content.decode()
        assert "Brazil, South Korea" in rules and "BR KR" in rules
