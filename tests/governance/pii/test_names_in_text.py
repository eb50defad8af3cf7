"""Names in free text, by a spaCy model that somebody installed: a small one, made here and written to a folder."""

import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from audit.actor import Forbidden, Refused
from governance.pii import choices, choosing, editions, examine, freshness, headers, namemodels, namereader, services
from governance.pii.chosen import Chosen
from governance.pii.columns import Cells, Column
from governance.pii.models import Finding, Scan
from governance.pii.rules import Verdict
from jobs import records as jobs
from jobs import selectors as clock

API = "/api/v1/scan-rules/names"
TITLE = "en_small_ruler 1.2.0"
PEOPLE = ("Maria Lopez", "John Smith", "Ana Souza", "Peter Brown", "Grace Hopper", "Lucas Oliveira")
PLACES = ("Lisbon", "Chicago", "Bogotá", "Madrid")


def write(folder: Path, version: str = "1.2.0") -> Path:
    """A real pipeline of spaCy's with rules instead of weights, as `spacy package` would hold it."""
    import spacy

    model = spacy.blank("en")
    model.meta["name"], model.meta["version"] = "small_ruler", version
    ruler: Any = model.add_pipe("entity_ruler")
    ruler.add_patterns(
        [{"label": "PERSON", "pattern": name} for name in PEOPLE] + [{"label": "GPE", "pattern": one} for one in PLACES]
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    model.to_disk(folder)
    return folder


@pytest.fixture
def model(tmp_path: Path, settings: Any) -> Path:
    """The model, in the folder where models are looked for."""
    settings.SCAN_MODELS = tmp_path / "models"
    settings.SCAN_MODELS.mkdir()
    return write(settings.SCAN_MODELS / "en_small_ruler")


def notes(count: int = 60) -> list[str]:
    """Notes with a name in every third and a place in every fourth."""
    said = ["nothing to say about it today"] * count
    for at in range(count):
        who = PEOPLE[at % len(PEOPLE)] if at % 3 == 0 else "the customer"
        where = f" from {PLACES[at // 4 % 4]}" if at % 4 == 0 else ""
        said[at] = f"case {at}: {who} called{where} about the delivery"
    return said


def verdict(values: list[str], path: str, names: str = TITLE, header: str = "notes") -> tuple[Verdict, dict[str, int]]:
    """What a scan says of a column of these values, and its gaps."""
    table = examine.Table({}, 0, {}, Chosen(names=names), path)
    column = Column(header, b"seed", 65_536, headers.meanings(header), headers.names_people(header), (), bool(names))
    column.add(Cells(header, len(values), pa.array(values, pa.string())))
    table.columns["0"] = column
    examine.sift(table)
    return next(examine.look(table)), table.gaps


class TestInstalled:
    def test_models_are_found_in_their_folder_without_running_any(self, model: Path) -> None:
        (found,) = namemodels.installed()
        assert (found.title, found.language, found.path) == (TITLE, "en", str(model))
        assert namemodels.path_of(TITLE) == str(model)
        assert namemodels.path_of("en_small_ruler 9.9.9") == namemodels.path_of("") == ""

    def test_a_package_of_spacys_is_found_by_its_entry_point(
        self, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.SCAN_MODELS = tmp_path / "none"
        place = tmp_path / "site"
        write(place / "en_small_ruler" / "en_small_ruler-1.2.0")
        (place / "en_small_ruler" / "__init__.py").write_text("raise RuntimeError('never imported')\n")
        about = place / "en_small_ruler-1.2.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: en-small-ruler\nVersion: 1.2.0\n")
        (about / "entry_points.txt").write_text("[spacy_models]\nen_small_ruler = en_small_ruler\n")
        monkeypatch.syspath_prepend(str(place))
        assert [each.title for each in namemodels.installed()] == [TITLE]

    @pytest.mark.parametrize(
        "about", ["{", "[]", '{"lang": "en"}', '{"lang":"en","name":"x","version":"1","pipeline":["tagger"]}']
    )
    def test_what_is_no_model_that_sees_names_is_left_out(self, model: Path, about: str) -> None:
        (model / "meta.json").write_text(about)
        assert namemodels.installed() == []


class TestSeeing:
    def test_names_in_notes_are_found_and_told_as_seen_by_a_model(self, model: Path) -> None:
        found, gaps = verdict(notes(), str(model))
        assert {one.type: one.because for one in found.found} == {"PERSON": ("model",), "LOCATION": ("model",)}
        assert (found.verdict, gaps) == ("findings", {})
        assert next(one for one in found.found if one.type == "PERSON").hits == 20

    def test_without_a_model_nothing_is_looked_for_and_nothing_is_missed(self) -> None:
        found, gaps = verdict(notes(), "", names="")
        assert (found.found, gaps) == ((), {})

    def test_names_in_capitals_are_seen(self, model: Path) -> None:
        reader = namereader.opened(str(model), TITLE)
        assert reader is not None
        ((hit,),) = reader.look(["JOHN SMITH CALLED TODAY"])
        assert (hit.start, hit.end) == (0, 10)

    def test_one_name_again_and_again_is_not_believed(self, model: Path) -> None:
        found, _gaps = verdict([f"case {at}: Grace Hopper edition was shipped" for at in range(60)], str(model))
        assert found.found == ()

    def test_of_many_texts_a_part_is_looked_at_and_the_share_has_an_interval(self, model: Path) -> None:
        found, gaps = verdict(notes(2000), str(model))
        person = next(one for one in found.found if one.type == "PERSON")
        assert person.low < person.share < person.high and person.low < 1 / 3 < person.high
        clean, _gaps = verdict([f"case {at} was closed without more" for at in range(2000)], str(model))
        assert (clean.verdict, clean.examined, gaps) == ("clean_sampled", 300, {})

    def test_a_model_that_is_gone_or_another_leaves_the_scan_incomplete(self, model: Path, tmp_path: Path) -> None:
        for path in ("", str(tmp_path / "nowhere"), str(write(tmp_path / "other", "2.0.0"))):
            found, gaps = verdict(notes(), path)
            assert (found.found, gaps) == ((), {"pii.model_missing": 1}), path

    def test_when_its_time_is_over_the_column_is_incomplete(self, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(namereader, "opened", lambda path, title: spent(namereader, path, title))
        found, _gaps = verdict(notes(), str(model))
        assert (found.verdict, found.why) == ("incomplete", ("pii.names_over_budget",))

    def test_long_texts_are_fewer(self) -> None:
        assert namereader.enough(["x" * 150_000] * 5) == 1
        assert namereader.enough(["word"] * 5000) == 300
        assert namereader.enough(["x" * 60_000] * 9) == 3


def spent(reader: Any, path: str, title: str) -> Any:
    import spacy

    assert title
    return reader.Reader(spacy.load(path), left=0.0)


@pytest.fixture
def tickets(table: Path, asset: Any) -> Any:
    """A dataset with notes."""
    table.write_text("id,note\n" + "".join(f'{at},"{text}"\n' for at, text in enumerate(notes())))
    return asset


@pytest.mark.django_db
class TestChoosing:
    def test_a_model_is_tried_before_it_counts_and_scans_say_who_looked(
        self, model: Path, table: Path, tickets: Any, people: SimpleNamespace, run_jobs: Any
    ) -> None:
        def scan() -> Scan:
            row = services.request_scan(actor=people.ann.actor, asset_id=tickets.pk, now=clock.now())
            run_jobs()
            row.refresh_from_db()
            return row

        first = scan()
        assert first.verdict == "clean_full"
        assert people.ann.api.get(f"/api/v1/scans/{first.pk}").json()["names_in_text"] == "not examined"
        choosing.choose_names(actor=people.olga.actor, model=TITLE, seen=0, now=clock.now())
        jobs.enqueue("pii.sweep")
        run_jobs()
        trial = Scan.objects.get(trial=True)
        assert (trial.verdict, trial.ruleset, trial.why) == ("findings", freshness.current_ruleset(), {})
        editions.accept_rules(actor=people.olga.actor, digest=trial.ruleset, now=clock.now())
        run_jobs()
        assert set(Finding.objects.values_list("column", "entity")) == {("note", "PERSON"), ("note", "LOCATION")}
        assert people.ann.api.get(f"/api/v1/scans/{trial.pk}").json()["names_in_text"] == TITLE
        page = people.ann.client.get(f"/datasets/{tickets.pk}").content.decode()
        assert TITLE in page and "a language model saw it in the text" in page
        (model / "meta.json").unlink()
        assert scan().same_as, "the same bytes were looked at while it was there"
        table.write_text(table.read_text() + "99,one more\n")
        gone = scan()
        assert (gone.verdict, gone.why) == ("incomplete", {"pii.model_missing": 1})

    def test_it_is_a_part_of_the_rules_with_its_version(self) -> None:
        one, two = Chosen(names=TITLE), Chosen(names="en_small_ruler 1.3.0")
        assert len({freshness.digest_of(each) for each in (Chosen(), one, two)}) == 3
        assert freshness.parts_of(one)["names_model"] == TITLE

    def test_what_is_not_installed_is_refused_and_so_is_who_may_not(
        self, model: Path, people: SimpleNamespace, now: datetime
    ) -> None:
        with pytest.raises(Refused, match=r"pii\.unknown_model"):
            choosing.choose_names(actor=people.olga.actor, model="en_core_web_lg 3.8.0", seen=0, now=now)
        with pytest.raises(Forbidden):
            choosing.choose_names(actor=people.vera.actor, model=TITLE, seen=0, now=now)

    def test_by_rest(self, model: Path, people: SimpleNamespace) -> None:
        def put(who: Any, **body: Any) -> Any:
            return who.api.put(API, json.dumps(body), content_type="application/json")

        assert people.vera.api.get(API).json()["installed"] == [{"model": TITLE, "language": "en"}]
        assert put(people.olga, model="nothing 1", revision=0).json()["code"] == "pii.unknown_model"
        assert put(people.olga, model=["x"], revision=0).status_code == 400
        assert put(people.olga, model=TITLE, revision=0).json()["model"] == TITLE
        assert put(people.olga, model="", revision=0).json()["code"] == "pii.moved"
        assert put(people.olga, model="", revision=1).json()["model"] is None

    def test_in_the_browser(self, model: Path, people: SimpleNamespace, settings: Any, tmp_path: Path) -> None:
        page = "/scans/rules/names"
        assert TITLE in people.olga.client.get(page).content.decode()
        assert people.olga.client.post(page, {"model": "x", "revision": "0"}).status_code == 422
        assert people.olga.client.post(page, {"model": TITLE, "revision": "0"}).status_code == 302
        assert choices.today().chosen.names == TITLE
        assert TITLE in people.olga.client.get("/scans/rules").content.decode()
        settings.SCAN_MODELS = tmp_path / "empty"
        gone = people.olga.client.get(page).content.decode()
        assert "is not installed here" in gone and "No language model is installed" in gone
