"""The list of actions is complete: no place that names one is missed, however it gets to the log."""

from pathlib import Path
from textwrap import dedent

from portal import actions, docs


def found(tmp_path: Path, text: str) -> list[actions.Site]:
    path = tmp_path / "room.py"
    path.write_text(dedent(text))
    return actions.sites([path])


def test_every_place_in_the_code_says_which_action_it_makes() -> None:
    assert [site.where for site in docs.sites() if not site.actions] == []


def test_the_list_has_those_that_go_through_helpers_constants_and_choices() -> None:
    through = {"promotion.applied", "promotion.superseded", "registry.drift_seen", "version.gone", "finding.disputed"}
    assert through | {"audit.keys_named", "audit.memory_lost", "audit.log_started"} <= set(docs.actions())


def test_an_action_given_to_a_helper_a_name_or_a_choice_is_found(tmp_path: Path) -> None:
    text = """
        ONE, TWO = "a.one", "a.two"
        def helper(who, action):
            return {"action": action, "subjects": []}
        def service(good):
            log.append(**helper(1, "a.helped"))
            log.append(action=ONE)
            name = TWO if good == "not.this" else "a.three"
            append(action=name)
            log.append(action={"x": "a.four"}[good])
    """
    sites = found(tmp_path, text)
    assert sorted(sorted(site.actions) for site in sites) == [["a.four"], ["a.helped"], ["a.one"], ["a.three", "a.two"]]


def test_an_action_that_is_put_together_is_told_as_unknown(tmp_path: Path) -> None:
    (site,) = found(tmp_path, 'def service(state):\n    log.append(action=f"a.{state}")\n')
    assert (site.where, site.actions) == ("room.py:2", frozenset())
