"""What producers told, and how reports about it are asked for and taken."""

from django.http import HttpResponse

FACETS = {
    "sql": {"query": "select * from raw"},
    "sourceCodeLocation": {"repoUrl": "https://git.example.org/x.git", "version": "abc123"},
}
CHECKS = {"dataQualityAssertions": {"assertions": [{"assertion": "not_null", "column": "id", "success": True}]}}


def event(job, read, written, minute, **more):
    return {
        "eventType": "COMPLETE",
        "eventTime": f"2026-11-20T10:{minute:02}:00Z",
        "producer": "https://example.org/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
        "run": {"runId": f"00000000-0000-4000-8000-0000000000{minute:02}"},
        "job": {"namespace": "jobs", "name": job, "facets": FACETS},
        "inputs": [{"namespace": "file", "name": name, "inputFacets": CHECKS} for name in read],
        "outputs": written,
        **more,
    }


def file(name):
    return {"namespace": "file", "name": name, "facets": {"schema": {"fields": [{"name": "id", "type": "int"}]}}}


def model(version):
    return {"namespace": "mlflow://h:5001", "name": "models:/fraud", "facets": {"version": {"datasetVersion": version}}}


def ask(who, version, **more):
    body = {"kind": "lineage", "subject": str(version.pk), "format": "json", **more}
    return who.api.post("/api/v1/reports", body, content_type="application/json")


def taken(who, version, run_jobs, **more):
    asked = ask(who, version, **more)
    assert asked.status_code == 202, asked.content
    run_jobs()
    return whole(who.api.get(f"/api/v1/reports/{asked.json()['id']}/content"))


def whole(answer):
    """A streamed answer as one that holds all its bytes."""
    if not answer.streaming:
        return answer
    return HttpResponse(b"".join(answer.streaming_content), status=answer.status_code, headers=dict(answer.items()))
