from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from audit.actor import Actor, Conflict, Forbidden, NotSeen, Refused, system
from audit.models import Entry
from governance.access import records as access_records
from governance.pii import selectors, services
from governance.pii.models import ColumnVerdict, Finding, Scan, Waiver
from governance.pii.sandbox import Answer
from governance.pii.services import Judgement, Ruling
from jobs.models import Job
from tests.governance.pii.conftest import result

REASON = "Pseudonymised by the vendor before delivery"


def told(asset: Any, people: Any, now: datetime, answer: dict[str, Any] | str) -> Scan:
    scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    kept = Answer(None, answer) if isinstance(answer, str) else Answer(answer)
    concluded = services.conclude_scan(actor=system(), scan_id=scan.pk, answer=kept, now=now)
    assert concluded is not None
    return concluded


def proposed(people: Any, now: datetime, days: int = 30) -> Waiver:
    finding = Finding.objects.get()
    ends = now + timedelta(days=days)
    return services.propose_waiver(
        actor=people.ann.actor, finding_id=finding.pk, reason=REASON, expires_at=ends, now=now
    )


def decided(people: Any, waiver: Waiver, now: datetime, *, approve: bool = True) -> Waiver:
    ruling = Ruling(approve=approve, revision=waiver.revision)
    return services.decide_waiver(actor=people.olga.actor, waiver_id=waiver.pk, ruling=ruling, now=now)


def standing(asset: Any, now: datetime) -> selectors.Standing:
    (one,) = selectors.standing([asset.lineage_dataset_id], now)
    return one


def owed(kind: str) -> int:
    return Job.objects.filter(kind=kind, state="queued").count()


class TestScans:
    def test_a_requested_scan_is_owed_and_logged(self, asset: Any, people: SimpleNamespace, now: datetime) -> None:
        scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
        assert (scan.state, scan.path, scan.dataset_id) == ("queued", asset.name, asset.lineage_dataset_id)
        assert Job.objects.get(kind="pii.scan").args == [str(scan.pk)]
        assert Entry.objects.filter(action="scan.requested").exists()

    def test_asking_again_gives_the_scan_under_way(self, asset: Any, people: SimpleNamespace, now: datetime) -> None:
        first = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
        again = services.request_scan(actor=people.olga.actor, asset_id=asset.pk, now=now)
        assert again == first
        assert owed("pii.scan") == 1

    def test_who_may_only_look_asks_in_vain(self, asset: Any, people: SimpleNamespace, now: datetime) -> None:
        for person, refusal in ((people.vera, Forbidden), (people.adam, Forbidden), (people.eve, NotSeen)):
            with pytest.raises(refusal):
                services.request_scan(actor=person.actor, asset_id=asset.pk, now=now)
        assert not Scan.objects.exists()

    def test_only_who_classifies_may_name_another_file(
        self, asset: Any, table: Any, people: SimpleNamespace, now: datetime
    ) -> None:
        other = str(table.with_name("other.csv"))
        with pytest.raises(Forbidden):
            services.request_scan(actor=people.ann.actor, asset_id=asset.pk, path=other, now=now)
        assert services.request_scan(actor=people.olga.actor, asset_id=asset.pk, path=other, now=now).path == other

    def test_outside_the_roots_is_refused_with_the_roots(
        self, dataset_of: Any, people: SimpleNamespace, table: Any, now: datetime
    ) -> None:
        for path in ("/etc/passwd", f"{table.parent}/../secret.csv", "relative.csv"):
            with pytest.raises(Refused, match=r"pii\.(outside_roots|path_not_absolute)"):
                services.request_path_scan(actor=people.ann.actor, path=path, now=now)
        with pytest.raises(Refused, match=r"pii\.not_a_file_dataset"):
            asset = dataset_of("public.payments", "postgres://db")
            services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)

    def test_the_file_of_a_dataset_they_cannot_see_is_not_there_for_them(
        self, person: Any, founded: Any, asset: Any, now: datetime
    ) -> None:
        stranger = person("Sam", "contributor", access_records.place(founded, "team", "credit"))
        doubled = asset.name.replace("/payments.csv", "//payments.csv")
        for path in (asset.name, doubled):
            with pytest.raises(NotSeen):
                services.request_path_scan(actor=stranger.actor, path=path, now=now)

    def test_a_path_that_is_a_datasets_file_speaks_for_it(
        self, asset: Any, people: SimpleNamespace, now: datetime
    ) -> None:
        scan = services.request_path_scan(actor=people.ann.actor, path=asset.name, now=now)
        assert scan.dataset_id == asset.lineage_dataset_id

    def test_an_unknown_path_is_scanned_in_the_askers_scope(
        self, table: Any, people: SimpleNamespace, payments: Any, now: datetime
    ) -> None:
        scan = services.request_path_scan(actor=people.ann.actor, path=str(table), now=now)
        assert (scan.dataset_id, scan.scope_id) == (None, payments.pk)
        assert selectors.scan_seen_by(people.ann.actor, scan.pk) == scan
        with pytest.raises(NotSeen):
            selectors.scan_seen_by(people.eve.actor, scan.pk)

    def test_a_conclusion_is_kept_once(self, scanned: Scan, asset: Any, now: datetime) -> None:
        again = services.conclude_scan(actor=system(), scan_id=scanned.pk, answer=Answer(result("IBAN_CODE")), now=now)
        assert again is None
        assert ColumnVerdict.objects.count() == 2
        assert [each.entity for each in Finding.objects.all()] == ["EMAIL_ADDRESS"]

    def test_a_conclusion_owes_promotions_another_look_in_the_same_transaction(self, scanned: Scan, asset: Any) -> None:
        job = Job.objects.get(kind="promotions.reassess")
        assert job.args == [str(asset.lineage_dataset_id)]

    def test_the_same_finding_again_is_the_same_row(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, now: datetime
    ) -> None:
        before = Finding.objects.get()
        told(asset, people, now + timedelta(seconds=1), result("EMAIL_ADDRESS", "PERSON"))
        assert Finding.objects.get(entity="EMAIL_ADDRESS").pk == before.pk
        assert Finding.objects.count() == 2

    def test_a_finding_that_is_gone_is_resolved_only_by_a_whole_scan(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, now: datetime
    ) -> None:
        told(asset, people, now + timedelta(seconds=1), result(verdict="incomplete", gaps={"pii.ragged_rows": 1}))
        assert Finding.objects.get().present
        told(asset, people, now + timedelta(seconds=2), result(verdict="clean_full"))
        assert not Finding.objects.get().present
        assert standing(asset, now).verdict == "clean_full"

    @pytest.mark.parametrize(
        ("why", "verdict"),
        [("pii.no_such_file", "unreadable"), ("pii.too_slow", "incomplete"), ("pii.too_much_memory", "incomplete")],
    )
    def test_a_scan_without_a_result_is_never_clean(
        self, asset: Any, people: SimpleNamespace, now: datetime, why: str, verdict: str
    ) -> None:
        scan = told(asset, people, now, why)
        assert (scan.state, scan.verdict, scan.why) == ("failed", verdict, {why: 1})
        assert standing(asset, now).verdict == verdict


class TestFindings:
    def judged(self, people: Any, now: datetime, state: str, reason: str = "") -> Finding:
        finding = Finding.objects.get()
        judgement = Judgement(state, finding.revision, reason)
        return services.judge_finding(actor=people.olga.actor, finding_id=finding.pk, judgement=judgement, now=now)

    def test_confirming_keeps_who_and_when(self, scanned: Scan, people: SimpleNamespace, now: datetime) -> None:
        finding = self.judged(people, now, "confirmed")
        assert (finding.state, finding.judged_by) == ("confirmed", people.olga.id)

    def test_a_disputed_finding_stops_counting_and_stays_disputed(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, now: datetime
    ) -> None:
        self.judged(people, now, "disputed", "Made up by the generator")
        assert (standing(asset, now).verdict, standing(asset, now).findings) == ("clean_full", ())
        told(asset, people, now + timedelta(seconds=1), result())
        assert standing(asset, now).findings == ()
        assert Finding.objects.get().state == "disputed"

    def test_disputing_needs_a_reason_and_the_present_revision(
        self, scanned: Scan, people: SimpleNamespace, now: datetime
    ) -> None:
        with pytest.raises(Refused, match=r"pii\.dispute_needs_reason"):
            self.judged(people, now, "disputed", "no")
        stale = Judgement("confirmed", 7)
        with pytest.raises(Conflict):
            services.judge_finding(
                actor=people.olga.actor, finding_id=Finding.objects.get().pk, judgement=stale, now=now
            )

    def test_a_contributor_does_not_judge(self, scanned: Scan, people: SimpleNamespace, now: datetime) -> None:
        finding = Finding.objects.get()
        with pytest.raises(Forbidden):
            services.judge_finding(
                actor=people.ann.actor, finding_id=finding.pk, judgement=Judgement("confirmed", 0), now=now
            )


class TestWaivers:
    def test_an_approved_waiver_holds_until_its_end(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, now: datetime
    ) -> None:
        waiver = decided(people, proposed(people, now), now)
        assert standing(asset, now).findings == (("customer_email", "EMAIL_ADDRESS", waiver.expires_at),)
        after = waiver.expires_at
        assert standing(asset, after).findings == (("customer_email", "EMAIL_ADDRESS", None),)

    @pytest.mark.parametrize("approve", [True, False])
    def test_the_proposer_never_decides(
        self, scanned: Scan, people: SimpleNamespace, now: datetime, *, approve: bool
    ) -> None:
        waiver = proposed(SimpleNamespace(ann=people.olga), now)
        ruling = Ruling(approve=approve, revision=0)
        with pytest.raises(Refused, match=r"pii\.own_waiver"):
            services.decide_waiver(actor=people.olga.actor, waiver_id=waiver.pk, ruling=ruling, now=now)
        services.decide_waiver(actor=people.omar.actor, waiver_id=waiver.pk, ruling=ruling, now=now)

    def test_nor_does_the_owner_of_the_account_that_proposed(
        self, scanned: Scan, people: SimpleNamespace, person: Any, payments: Any, now: datetime
    ) -> None:
        robot = person("Robot", "request", payments, kind="service", owner=people.olga.user)
        waiver = proposed(SimpleNamespace(ann=robot), now)
        with pytest.raises(Refused, match=r"pii\.own_waiver"):
            decided(people, waiver, now)

    def test_a_service_account_or_an_admin_never_decides(
        self, scanned: Scan, people: SimpleNamespace, now: datetime
    ) -> None:
        waiver = proposed(people, now)
        machine = Actor(people.omar.id, "service", "token")
        for actor in (machine, people.adam.actor, people.ann.actor, people.vera.actor):
            with pytest.raises(Refused):
                services.decide_waiver(actor=actor, waiver_id=waiver.pk, ruling=Ruling(True, 0), now=now)
        assert Waiver.objects.get().state == "proposed"

    def test_a_decision_counts_once(self, scanned: Scan, people: SimpleNamespace, now: datetime) -> None:
        waiver = proposed(people, now)
        decided(people, waiver, now, approve=False)
        with pytest.raises(Conflict):
            decided(people, waiver, now)
        assert Waiver.objects.get().state == "refused"

    @pytest.mark.parametrize(
        ("days", "reason", "code"),
        [(0, REASON, "in_the_past"), (400, REASON, "too_long"), (30, "because", "needs_reason")],
    )
    def test_a_waiver_needs_an_end_and_a_reason(
        self, scanned: Scan, people: SimpleNamespace, now: datetime, days: int, reason: str, code: str
    ) -> None:
        with pytest.raises(Refused, match=code):
            services.propose_waiver(
                actor=people.ann.actor, finding_id=Finding.objects.get().pk, reason=reason,
                expires_at=now + timedelta(days=days), now=now,
            )  # fmt: skip

    def test_withdrawing_makes_the_finding_count_again(
        self, scanned: Scan, asset: Any, people: SimpleNamespace, now: datetime, run_jobs: Any
    ) -> None:
        waiver = decided(people, proposed(people, now), now)
        Job.objects.filter(kind="promotions.reassess").delete()
        with pytest.raises(Forbidden):
            services.withdraw_waiver(actor=people.vera.actor, waiver_id=waiver.pk, revision=1, now=now)
        services.withdraw_waiver(actor=people.omar.actor, waiver_id=waiver.pk, revision=1, now=now)
        assert standing(asset, now).findings[0][2] is None
        assert owed("promotions.reassess") == 1

    def test_the_end_of_a_waiver_is_noted_once_and_not_early(
        self, scanned: Scan, people: SimpleNamespace, now: datetime
    ) -> None:
        waiver = decided(people, proposed(people, now), now)
        assert Job.objects.get(kind="pii.expire").run_after == waiver.expires_at
        Job.objects.filter(kind="promotions.reassess").delete()
        assert not services.expire_waiver(actor=system(), waiver_id=waiver.pk, now=now)
        assert services.expire_waiver(actor=system(), waiver_id=waiver.pk, now=waiver.expires_at)
        assert not services.expire_waiver(actor=system(), waiver_id=waiver.pk, now=waiver.expires_at)
        assert owed("promotions.reassess") == 1
        assert Entry.objects.filter(action="waiver.expired").count() == 1

    def test_the_reason_stays_out_of_the_entry(self, scanned: Scan, people: SimpleNamespace, now: datetime) -> None:
        proposed(people, now)
        entry = Entry.objects.get(action="waiver.proposed")
        assert REASON.encode() not in bytes(entry.body)

    def test_strangers_see_no_waiver(self, scanned: Scan, people: SimpleNamespace, now: datetime) -> None:
        waiver = proposed(people, now)
        assert not selectors.waivers_for(people.eve.actor).exists()
        with pytest.raises(NotSeen):
            selectors.waiver_seen_by(people.eve.actor, waiver.pk)


def test_a_dataset_nobody_scanned_is_unscanned(asset: Any, now: datetime) -> None:
    assert standing(asset, now).verdict == "unscanned"


def test_what_moves_with_its_dataset_is_seen_where_it_went(
    scanned: Scan, asset: Any, people: SimpleNamespace, founded: Any
) -> None:
    from governance.access import records

    elsewhere = records.place(founded, "team", "risk")
    type(asset).objects.filter(pk=asset.pk).update(scope=elsewhere)
    with pytest.raises(NotSeen):
        selectors.scan_seen_by(people.ann.actor, UUID(str(scanned.pk)))
    assert selectors.scan_seen_by(people.olga.actor, scanned.pk) == scanned
