import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.policies.canonical import canonical, digest

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(PLAIN)
def test_canonical_bytes_are_a_fixed_point(value):
    once = canonical(value)
    assert canonical(json.loads(once)) == once


def test_floats_have_no_canonical_form():
    with pytest.raises(TypeError):
        canonical({"auc": 0.9})


def test_composed_and_decomposed_letters_are_one():
    assert digest("é") == digest("é")


def test_the_digest_is_sha_256_of_the_bytes():
    assert digest({}) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
