"""Recognisers of a workspace's own: what they see, when it counts, and what becomes of a finding of theirs."""

import json
import random
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.actor import Conflict, Forbidden, Refused
from audit.models import Entry
from governance.pii import choices, choosing, editions, examine, freshness, headers, own, panels, services, sieve
from governance.pii.chosen import Chosen, Own, chosen_of, entity_of
from governance.pii.columns import Cells, Column
from governance.pii.lookalikes import SAMPLE
from governance.pii.models import Choices, Finding, Scan
from governance.pii.rules import Verdict
from jobs import selectors as clock

API = "/api/v1/scan-rules"
STAFF = {
    "label": "Número de funcionário", "patterns": [r"EMP-\d{6}"], "check": "", "score": 0.6,
    "words": {"en": ["employee number", "staff"], "pt": ["matrícula"]},
}  # fmt: skip


def made(**more: Any) -> Own:
    return own.recogniser({**STAFF, **more})


def verdict(values: list[str], *owns: Own, header: str = "value") -> Verdict:
    """What a scan says of a column of these values."""
    suggested = headers.meanings(header) | own.named(header, owns)
    table = examine.Table({}, 0, {}, Chosen(own=owns))
    column = Column(header, b"seed", 65_536, suggested, headers.names_people(header), owns)
    column.add(Cells(header, len(values), pa.array(values, pa.string())))
    table.columns["0"] = column
    examine.sift(table)
    return next(examine.look(table))


def kinds(found: Verdict) -> list[str]:
    return [one.type for one in found.found]


def staff(count: int = 100) -> list[str]:
    return [f"EMP-{at * 7919 % 1_000_000:06d}" for at in range(count)]


def luhn(body: str) -> str:
    from stdnum import luhn as check

    return body + str(check.calc_check_digit(body))


class TestWriting:
    def test_it_is_kept_and_read_back_as_it_was(self) -> None:
        one = Chosen().with_own(made())
        assert chosen_of(json.loads(json.dumps(one.as_json()))) == one
        assert freshness.digest_of(one) != freshness.digest_of(Chosen())
        assert freshness.digest_of(one) != freshness.digest_of(Chosen().with_own(made(patterns=[r"EMP-\d{5}"])))

    def test_an_entity_is_named_after_what_it_is_called(self) -> None:
        assert entity_of("Número de funcionário") == "OWN_NUMERO_DE_FUNCIONARIO"
        assert entity_of("職員番号") != entity_of("顧客番号")
        assert len(entity_of("x" * 60)) <= 40

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"label": "  "}, "pii.own_label"), ({"label": "12345"}, "pii.own_label"),
            ({"patterns": []}, "pii.own_patterns"), ({"check": "crc"}, "pii.own_check"),
            ({"patterns": ["a1"] + [f"b{at}" for at in range(5)]}, "pii.own_patterns"),
            ({"score": 7}, "pii.own_score"), ({"score": float("nan")}, "pii.own_score"),
            ({"score": 0.3, "words": {}}, "pii.own_needs_words"), ({"words": {"en": ["x" * 99]}}, "pii.own_words"),
            ({"words": {"en": ["¿?"]}}, "pii.own_words"), ({"patterns": [r"\w{2,30}"]}, "pii.pattern_too_wide"),
            ({"patterns": [r"\d+"]}, "pii.pattern_too_wide"), ({"patterns": ["EMP-(?=1)"]}, "pii.pattern_look_around"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_refused(self, more: dict[str, Any], code: str) -> None:
        with pytest.raises(Refused) as refusal:
            made(**more)
        assert refusal.value.code == code

    def test_what_is_rather_wide_is_taken_and_said(self) -> None:
        assert own.is_wide(made(patterns=[r"\d{5,12}"])) and not own.is_wide(made())


class TestSeeing:
    def test_a_match_counts_where_it_stands_alone(self) -> None:
        seen = own.spans(
            made(), ["x EMP-123456, emp-000001.", "EMP-1234567", "zEMP-123456", "EMP-123456ç", "a/EMP-123456"]
        )
        assert seen == [[(2, 12), (14, 24)], [], [], [], []]

    def test_places_are_characters_also_behind_letters_of_other_scripts_and_marks_of_ours(self) -> None:
        text = f"ação 職 {own.OPEN} EMP-123456"
        ((span,),) = own.spans(made(), [text])
        assert text[slice(*span)] == "EMP-123456"

    @given(st.lists(st.text(st.sampled_from("EMP-emp0123456789 ,.ñ職(/"), max_size=30), max_size=8))
    def test_whatever_is_seen_passed_the_sieve(self, values: list[str]) -> None:
        one = made(patterns=[r"EMP-\d{2,6}", r"\p{L}{2}\d+", r"#?\d{3}"])
        mask = sieve.candidates_of(pa.array(values, pa.large_string()), [one], {})[one.entity]
        for value, passed, seen in zip(values, mask, own.hits([one], values), strict=True):
            assert passed or not seen, value

    @pytest.mark.parametrize("check", own.CHECKS)
    def test_every_check_can_be_asked_of_anything(self, check: str) -> None:
        for text in ("", "A", "12", "ABCDEFGH", "00000000", "12345678901", "ñandú-77", "9" * 40):
            assert own.passes(check, text) in (True, False)
        assert 0 < own.base_of(check) < 1

    def test_checks_are_made_over_what_the_number_is_made_of(self) -> None:
        assert own.passes("luhn", "EMP-" + luhn("123456")) and not own.passes("luhn", "EMP-1234567")
        assert own.passes("BR_CPF", "529.982.247-25") and not own.passes("BR_CPF", "529.982.247-26")


class TestCounting:
    def test_a_column_of_them_is_found_with_its_evidence(self) -> None:
        found = verdict(staff(), made())
        assert (found.verdict, kinds(found)) == ("findings", ["OWN_NUMERO_DE_FUNCIONARIO"])
        assert (found.found[0].share, found.found[0].because, found.found[0].shape) == (1, ("pattern",), "aaa-999999")

    def test_a_few_among_others_count_when_one_is_enough_and_under_a_header_or_after_a_word(self) -> None:
        few = [f"note {at}: nothing to say here" for at in range(500)] + ["asked by EMP-004711 today"]
        assert kinds(verdict(few, made())) == []
        sure = verdict(few, made(score=1.0))
        assert kinds(sure) == ["OWN_NUMERO_DE_FUNCIONARIO"] and sure.found[0].hits == 1
        assert kinds(verdict([*few, "matrícula EMP-004712"], made(score=0.3))) == ["OWN_NUMERO_DE_FUNCIONARIO"]

    def test_what_proves_little_counts_only_under_a_header_that_says_so_in_any_of_the_languages(self) -> None:
        weak = made(patterns=[r"\d{6}"], score=0.3)
        values = [f"{at * 7919 % 1_000_000:06d}" for at in range(200)]
        assert kinds(verdict(values, weak)) == []
        for header in ("nr_matricula", "Employee Number", "employeeNumber", "staff"):
            assert kinds(verdict(values, weak, header=header)) == ["OWN_NUMERO_DE_FUNCIONARIO"], header

    def test_check_digits_must_beat_luck(self) -> None:
        checked = made(patterns=[r"\d{8}"], check="luhn")
        draw = random.Random(5)
        right = [luhn(f"{draw.randrange(10**7):07d}") for _ in range(60)]
        chance = [f"{draw.randrange(10**8):08d}" for _ in range(400)]
        found = verdict(right, checked)
        assert kinds(found)[0] == "OWN_NUMERO_DE_FUNCIONARIO" and found.found[0].because == ("checksum",)
        assert found.found[0].passed == found.found[0].tried > 50
        assert "OWN_NUMERO_DE_FUNCIONARIO" not in kinds(verdict(chance, checked))

    def test_they_hide_nothing_that_scans_find_anyway(self) -> None:
        draw = random.Random(3)
        values = [cpf(draw) for _ in range(100)]
        both = kinds(verdict(values, made(patterns=[r"\d{3}\.\d{3}\.\d{3}-\d{2}"], score=1.0)))
        assert set(both) >= {"BR_CPF", "OWN_NUMERO_DE_FUNCIONARIO"}
        assert kinds(verdict(values)) == ["BR_CPF"]

    def test_one_among_a_hundred_thousand_is_found(self) -> None:
        values = [f"word{at} and more" for at in range(100_000)] + ["EMP-123456"]
        assert kinds(verdict(values, made(score=1.0))) == ["OWN_NUMERO_DE_FUNCIONARIO"]

    def test_ordinary_values_are_none_of_it(self) -> None:
        assert not any(kind.startswith("OWN_") for kind in kinds(verdict(list(SAMPLE), made(score=1.0))))


def cpf(draw: random.Random) -> str:
    from stdnum.br import cpf as kind

    body = f"{draw.randrange(10**9):09d}"
    return kind.format(body + kind._calc_check_digits(body))


@pytest.fixture
def badges(table: Path, asset: Any) -> Any:
    """A dataset with employee numbers."""
    table.write_text("id,badge\n" + "".join(f"{at},{number}\n" for at, number in enumerate(staff(40))))
    return asset


def add(people: SimpleNamespace, now: datetime, **more: Any) -> None:
    one = made(**more)
    choosing.add_recogniser(actor=people.olga.actor, own=one, seen=choices.today().number, now=now)


@pytest.mark.django_db
class TestChoosing:
    def test_it_is_tried_on_a_dataset_before_it_counts_and_then_its_findings_are_like_any_other(
        self, badges: Any, people: SimpleNamespace, now: datetime, run_jobs: Any
    ) -> None:
        services.request_scan(actor=people.ann.actor, asset_id=badges.pk, now=clock.now())
        run_jobs()
        assert Scan.objects.get().verdict == "clean_full"
        with pytest.raises(Conflict, match=r"pii\.nothing_to_try"):
            services.try_rules(actor=people.olga.actor, asset_id=badges.pk, now=clock.now())
        add(people, now)
        asked = people.olga.api.post(f"{API}/trials", {"dataset": str(badges.pk)}, content_type="application/json")
        assert (asked.status_code, asked.json()["trial"]) == (202, True)
        run_jobs()
        told = people.olga.api.get(API).json()
        assert told["results"][0]["changes"][0]["appeared"] == ["OWN_NUMERO_DE_FUNCIONARIO"]
        assert not Finding.objects.exists()
        page = people.olga.client.get("/scans/rules").content.decode()
        assert "New: Número de funcionário" in page and "added: Número de funcionário" in page
        editions.accept_rules(actor=people.olga.actor, digest=freshness.current_ruleset(), now=clock.now())
        run_jobs()
        finding = Finding.objects.get()
        assert (finding.entity, finding.column, finding.shape) == ("OWN_NUMERO_DE_FUNCIONARIO", "badge", "aaa-999999")
        page = people.ann.client.get(f"/datasets/{badges.pk}").content.decode()
        assert "Número de funcionário" in page and "the pattern fits" in page
        choosing.drop_recogniser(actor=people.olga.actor, entity=finding.entity, seen=1, now=clock.now())
        assert panels.entity(finding.entity) == "Número de funcionário", "what it was called is not forgotten"

    def test_who_added_what_and_when_is_in_the_log_and_no_pattern_is(
        self, scanned: Scan, people: SimpleNamespace, now: datetime
    ) -> None:
        add(people, now)
        body = bytes(Entry.objects.filter(action="rules.chosen").latest("pk").body)
        about = json.loads(body)["about"]
        assert (about["part"], about["added"], about["choices"]) == ("recognisers", ["OWN_NUMERO_DE_FUNCIONARIO"], 1)
        assert b"EMP" not in body
        last = choices.today()
        assert (last.made_by, last.made_at) == (people.olga.actor.principal_id, now)

    def test_only_who_waives_everywhere_chooses_and_names_are_taken_once(
        self, scanned: Scan, people: SimpleNamespace, now: datetime
    ) -> None:
        for who in (people.ann, people.vera, people.adam):
            with pytest.raises(Forbidden):
                choosing.add_recogniser(actor=who.actor, own=made(), seen=0, now=now)
        add(people, now)
        with pytest.raises(Conflict, match=r"pii\.own_label_taken"):
            add(people, now, patterns=[r"X-\d{4}"])
        with pytest.raises(Conflict, match=r"pii\.moved"):
            choosing.add_recogniser(actor=people.olga.actor, own=made(label="Other"), seen=0, now=now)
        with pytest.raises(Conflict, match=r"pii\.chosen_already"):
            choosing.change_recogniser(actor=people.olga.actor, own=made(), seen=1, now=now)

    def test_there_may_be_so_many_and_no_more(self) -> None:
        chosen = Chosen()
        for at in range(50):
            chosen = chosen.with_own(made(label=f"Number {at}"))
        with pytest.raises(Refused, match=r"pii\.own_too_many"):
            chosen.with_own(made())


def send(who: Any, method: str, path: str, **body: Any) -> Any:
    return getattr(who.api, method)(f"{API}/recognisers{path}", body, content_type="application/json")


@pytest.mark.django_db
class TestDoors:
    def test_by_rest_it_is_added_changed_shown_and_taken_away(self, scanned: Scan, people: SimpleNamespace) -> None:
        done = send(people.olga, "post", "", revision=0, **STAFF)
        assert (done.status_code, done.json()["entity"], done.json()["revision"]) == (
            201,
            "OWN_NUMERO_DE_FUNCIONARIO",
            1,
        )
        path = f"/{done.json()['entity']}"
        changed = send(people.olga, "put", path, revision=1, **{**STAFF, "label": "Crachá"})
        assert (changed.status_code, changed.json()["label"], changed.json()["entity"]) == (200, "Crachá", path[1:])
        listed = people.vera.api.get(f"{API}/recognisers").json()
        assert [(one["label"], one["counts"]) for one in listed["results"]] == [("Crachá", False)]
        assert "luhn" in listed["checks"] and "BR_CPF" in listed["checks"]
        assert people.olga.api.delete(f"{API}/recognisers{path}").status_code == 400
        assert people.olga.api.delete(f"{API}/recognisers{path}?revision=1").json()["code"] == "pii.moved"
        assert people.vera.api.delete(f"{API}/recognisers{path}?revision=2").status_code == 403
        assert people.olga.api.delete(f"{API}/recognisers{path}?revision=2").json()["revision"] == 3
        assert people.olga.api.get(f"{API}/recognisers{path}").status_code == 404

    def test_bad_input_is_named(self, scanned: Scan, people: SimpleNamespace) -> None:
        wrong = send(people.olga, "post", "", revision=0, **{**STAFF, "patterns": ["EMP-(?=1)"]})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "pii.pattern_look_around")
        assert "At character 5" in wrong.json()["detail"]
        for odd in (
            {"patterns": "EMP"},
            {"words": ["x"]},
            {"score": "much"},
            {"label": None},
            {"words": {"fr": ["x"]}},
        ):
            assert send(people.olga, "post", "", revision=0, **{**STAFF, **odd}).status_code == 400, odd
        assert send(people.vera, "post", "", revision=0, **STAFF).status_code == 403
        assert send(people.vera, "post", "/try", **STAFF).status_code == 403
        missing = people.olga.api.post(f"{API}/trials", {"dataset": str(scanned.pk)}, content_type="application/json")
        assert missing.status_code == 404

    def test_examples_come_back_masked_and_are_kept_nowhere(
        self, scanned: Scan, people: SimpleNamespace, caplog: Any
    ) -> None:
        examples = ["by EMP-748291 (zebra)", "zebra 748291"]
        told = send(people.olga, "post", "/try", examples=examples, **STAFF)
        assert told.status_code == 200
        first, second = told.json()["results"]
        assert first["matches"] == [{"start": 3, "end": 13, "shape": "aaa-999999", "counts": True}]
        assert second["matches"] == []
        form = {"label": "Badge", "patterns": r"EMP-\d{6}", "score": "0.6", "revision": "0", "try": "1"}
        page = people.olga.client.post("/scans/rules/recognisers/new", {**form, "examples": "\n".join(examples)})
        for text in (told.content.decode(), page.content.decode(), caplog.text):
            assert "748291" not in text and "zebra" not in text
        assert "aaa-999999" in page.content.decode() and page.status_code == 200
        assert not Choices.objects.exists() and not Entry.objects.filter(action="rules.chosen").exists()

    def test_in_the_browser_it_is_added_changed_and_taken_away(self, scanned: Scan, people: SimpleNamespace) -> None:
        new = "/scans/rules/recognisers/new"
        form = {
            "label": "Crachá", "patterns": "EMP-\\d{6}\nF\\d{5}", "words_pt": "crachá, matrícula", "score": "0.6",
            "check": "", "revision": "0", "keep": "1",
        }  # fmt: skip
        assert people.vera.client.get(new).status_code == 403
        assert "Names of columns in Spanish" in people.olga.client.get(new).content.decode()
        wrong = people.olga.client.post(new, {**form, "patterns": "a("})
        assert wrong.status_code == 422 and "a bracket is opened and never closed" in wrong.content.decode()
        assert people.olga.client.post(new, form).status_code == 302
        (one,) = choices.today().chosen.own
        assert (one.patterns, one.words[2]) == (("EMP-\\d{6}", "F\\d{5}"), ("pt", ("cracha", "matricula")))
        page = people.olga.client.get("/scans/rules").content.decode()
        assert "Crachá" in page and "OWN_CRACHA" in page and "Try them on" in page
        own_page = f"/scans/rules/recognisers/{one.entity}"
        assert "EMP-\\d{6}" in people.olga.client.get(own_page).content.decode()
        assert people.olga.client.post(own_page, {**form, "revision": "1", "score": "1.0"}).status_code == 302
        assert choices.today().chosen.own[0].score == 1.0
        dropped = {**form, "revision": "2", "drop": "1"}
        dropped.pop("keep")
        assert people.olga.client.post(own_page, dropped).status_code == 302
        assert not choices.today().chosen.own
        assert people.olga.client.get(own_page).status_code == 404
