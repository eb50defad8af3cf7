"""Documents: PDF/A with their data attached, the same bytes each time, and nothing in the data is ever markup."""

import hashlib
import json
import re
import zlib
from datetime import UTC, datetime

import pytest

from governance.reports import paper, pdf
from tests.governance.reports.made import ask, taken

AT = datetime(2026, 11, 20, 11, 30, tzinfo=UTC)
EVIL = '#panic("read") *b* $x$ `c` ] } \\ <l> @l // ' + "".join(map(chr, (0, 7, 0x202E, 0x4F60, 0x1F600, 0xAD, 0xFFFF)))


def carried(document):
    """Every stream of a PDF, unpacked where it is packed; a last byte that looks like an end of line may be lost."""
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", document, re.DOTALL):
        try:
            yield zlib.decompressobj().decompress(found[1])
        except zlib.error:
            yield found[1]


def dataset(name="d", **more):
    about = {"namespace": "file", "name": name, "versions": [], "source": False, "owners": [], "labels": []}
    return about | {"schema": [], "pii": {"verdict": "unscanned", "scanned_at": None, "findings": []}} | more


def report(**more):
    """The contents of a report about nothing, but for what is given."""
    subject = {"model": {"namespace": "m", "name": "n"}, "version": "1", "owners": [], "approvals": []}
    subject |= dict.fromkeys(("manifest_digest", "run_id", "code_commit", "registered_at", "risk_tier"))
    head = {"as_of": AT.isoformat(), "truncated": False, "hidden": {}, "log": None, "made_with": "attestry"}
    head["counts"] = {"runs": 0, "datasets": 0, "events": 0}
    lists = ("datasets", "personal_data", "transformations", "quality", "downstream", "gaps", "evidence")
    return {"report": head, "subject": subject, "graph": {"nodes": []}, **{part: [] for part in lists}, **more}


def made(content, title="n 1", picture="<svg xmlns='http://www.w3.org/2000/svg'/>"):
    return pdf.made(paper.document(title, AT, content, json.dumps(content).encode(), picture))


@pytest.mark.django_db
def test_a_report_as_pdf_carries_its_json_byte_for_byte(version, people, run_jobs):
    whole = taken(people.vera, version, run_jobs, as_of="2026-11-20T11:30:00Z").content
    answer = taken(people.vera, version, run_jobs, as_of="2026-11-20T11:30:00Z", format="pdf")
    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert answer["Content-Disposition"] == 'attachment; filename="lineage-fraud-2.pdf"'
    assert whole in list(carried(answer.content))


def test_it_says_that_it_is_pdf_a_for_archives_and_pdf_ua_for_readers():
    found = made(report())
    told = next(each.decode() for each in carried(found) if b"pdfaid" in each)
    assert re.search(r"pdfaid:part>3<.*pdfaid:conformance>A<", told, re.DOTALL)
    assert "pdfuaid:part>1<" in told and "2026-11-20T11:30:00" in told
    assert b"/AFRelationship/Source" in found


def test_the_same_data_gives_the_same_bytes_and_other_data_others():
    digests = {hashlib.sha256(made(report(gaps=[gap]))).hexdigest() for gap in ("a", "a", "b")}
    assert len(digests) == 2


def test_nothing_in_the_data_is_markup():
    run = {"run": EVIL, "state": EVIL, "started_at": None, "ended_at": EVIL, "inferred": True, "sql": EVIL, "reads": []}
    run |= {"job": {"namespace": EVIL, "name": EVIL}, "parameters": {EVIL: EVIL}, "error": EVIL, "code": {EVIL: EVIL}}
    run["writes"] = [{"namespace": EVIL, "name": EVIL, "version": EVIL, "rows": 3}]
    reach = {"name": EVIL, "column": EVIL, "masked": True}
    check = {"namespace": EVIL, "name": EVIL, "assertion": EVIL, "column": EVIL, "success": False}
    content = report(
        datasets=[dataset(EVIL, labels=[EVIL], schema=[{"name": EVIL}])],
        personal_data=[{"name": EVIL, "column": EVIL, "entity": EVIL, "reaches": [reach]}],
        transformations=[run], quality=[check], gaps=[EVIL], evidence=[{"event": EVIL, "at": EVIL}],
        downstream=[{"type": EVIL, "namespace": EVIL, "name": EVIL}],
    )  # fmt: skip
    found = made(content, title=EVIL)
    told = next(each.decode() for each in carried(found) if b"pdfaid" in each)
    assert "#panic(" in told and "[U+202E][U+4F60][U+1F600][U+00AD][U+FFFF]" in told


def test_every_character_that_is_let_through_has_a_glyph_upright_and_bold():
    every = "".join(chr(one) for first, last in pdf._SHOWN for one in range(first, last + 1))
    parts = [every[start : start + 90] for start in range(0, len(every), 90)]
    names = [dataset(part) for part in parts]
    steps = [{"event": part, "at": part} for part in parts]
    assert made(report(datasets=names, evidence=steps, gaps=parts)).startswith(b"%PDF-")


def test_long_names_and_lists_are_cut_and_the_attachment_is_not():
    many = [{"event": f"sha256:{one:064x}", "at": AT.isoformat()} for one in range(5_000)]
    content = report(evidence=many, datasets=[dataset("x" * 65_536)] * 300)
    found = made(content)
    assert json.dumps(content).encode() in list(carried(found))
    assert paper.document("t", AT, content, b"", "").data["left_out"] == [("datasets", 100), ("evidence", 4_000)]
    assert pdf.shown("x" * 65_536).endswith("x … (63536 more characters)")


def test_a_graph_too_large_for_a_page_is_said_to_be_in_the_attachment():
    def picture(nodes):
        return paper.document("t", AT, report(graph={"nodes": [{}] * nodes}), b"", "").data["picture"]

    assert (picture(0), picture(1), picture(120), picture(121)) == (False, True, True, False)


def test_a_tall_picture_stays_on_its_page():
    def pages(height):
        svg = (
            f"<svg xmlns='http://www.w3.org/2000/svg' width='300' height='{height}'><rect width='9' height='9'/></svg>"
        )
        text = made(report(graph={"nodes": [{}]}), picture=svg)
        return text, len(re.findall(rb"/Type/Page\b(?!s)", text))

    assert pages(30)[1] <= pages(9_000)[1] <= 3
    found = re.findall(rb"([0-9.]+) 0 0 -?([0-9.]+) [-0-9. ]+cm", b"".join(carried(pages(9_000)[0])))
    assert max(float(height) for _, height in found) < 600


@pytest.mark.django_db
def test_the_page_and_the_api_offer_it(version, people):
    assert 'value="pdf"' in people.vera.client.get("/reports").content.decode()
    assert ask(people.vera, version, format="pdf").status_code == 202
