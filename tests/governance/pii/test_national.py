"""National numbers: every documented or valid one is recognised, formatted and bare; digits drawn at random are not."""

import random

import pytest

from bench.labelled import numbers
from bench.pii_accuracy import recognised, shuffled
from governance.pii import headers, national
from governance.pii.checksums import by_national
from governance.pii.sight import Hit, Sight

DOCUMENTED = {
    "BR_CPF": ("390.533.447-05", "39053344705"),
    "BR_CNPJ": ("16.727.230/0001-97", "16727230000197", "12.ABC.345/01DE-35", "12ABC34501DE35"),
    "MX_CURP": ("BOXW310820HNERXN09",),
    "MX_RFC": ("GODE 561231 GR8", "GODE561231GR8", "MAB-930714-8T4"),
    "MX_CLABE": ("032180000118359719",),
    "AR_CUIT": ("20-05536168-2", "20055361682"),
    "AR_DNI": ("20.123.456", "20123456"),
    "AR_CBU": ("2850590940090418135201",),
    "CL_RUT": ("76.086.428-5", "760864285", "12531909-2"),
    "CO_NIT": ("213.123.432-1", "2131234321"),
    "PE_DNI": ("10117410-2", "10117410"),
    "PE_RUC": ("20512333797",),
    "UY_RUT": ("21-100342-001-7", "211003420017"),
    "EC_CI": ("171430710-3", "1714307103"),
    "EC_RUC": ("1792060346-001", "1792060346001"),
    "VE_RIF": ("V-11470283-4", "V114702834"),
    "PY_RUC": ("80028061-0",),
    "DO_CEDULA": ("00113918205", "001-1391820-5"),
    "DO_RNC": ("1-01-85004-3", "101850043"),
    "GT_NIT": ("576937-K",),
    "CR_CPF": ("3-0455-0175",),
    "CR_CPJ": ("3-101-999999", "3101999999"),
    "PT_NIF": ("501964843", "501 964 843"),
    "PT_CC": ("12345678 9 ZZ1",),
    "ES_NIF": ("54362315K", "54362315-K"),
    "ES_NIE": ("X-2482300W", "x2482300w"),
    "ES_CIF": ("J99216582", "J-99216582"),
}
CHECKED = [entity for entity in numbers.NATIONAL if national.KINDS[entity].base < 1]


@pytest.mark.parametrize(("entity", "value"), [(e, v) for e, values in DOCUMENTED.items() for v in values])
def test_the_numbers_that_are_documented_are_recognised(entity: str, value: str) -> None:
    assert recognised(national.KINDS[entity], value)


@pytest.mark.parametrize("value", ["11.111.111-1", "111.111.111-11", "00000000000000"])
def test_one_digit_repeated_satisfies_a_check_in_vain(value: str) -> None:
    assert not any(recognised(kind, value) for kind in national.KINDS.values() if kind.base < 1)


@pytest.mark.parametrize("entity", numbers.NATIONAL)
def test_valid_numbers_are_recognised(entity: str) -> None:
    draw, kind = random.Random(11), national.KINDS[entity]
    for make in numbers.NATIONAL[entity]:
        values = [make(draw) for _ in range(200)]
        assert sum(recognised(kind, value) for value in values) >= 0.99 * len(values), make


@pytest.mark.parametrize("entity", CHECKED)
def test_digits_drawn_at_random_pass_less_often_than_the_bound(entity: str) -> None:
    draw, kind = random.Random(12), national.KINDS[entity]
    make = numbers.NATIONAL[entity][-1]
    values = [shuffled(draw, make(draw)) for _ in range(2000)]
    tried = [value for value in values if kind.pattern.fullmatch(value)]
    assert sum(map(kind.passes, tried)) <= kind.base * len(tried) + 3 * (kind.base * len(tried)) ** 0.5


@pytest.mark.parametrize("entity", CHECKED)
def test_a_column_of_random_digits_is_never_that_kind(entity: str) -> None:
    draw, kind = random.Random(13), national.KINDS[entity]
    values = tuple(dict.fromkeys(shuffled(draw, numbers.NATIONAL[entity][0](draw)) for _ in range(400)))
    found = [(value, seen) for value in values for seen in kind.pattern.finditer(value) if kind.passes(seen.group())]
    hits = {value: (Hit(entity, seen.start(), seen.end(), 1.0),) for value, seen in found}
    sight = Sight("c1", values, tuple(hits.get(value, ()) for value in values), frozenset())
    mine = {at: list(each) for at, each in enumerate(sight.hits) if each}
    assert by_national(sight, entity, mine) is None


@pytest.mark.parametrize("entity", national.KINDS)
def test_every_kind_has_words_that_name_it_and_a_shape_for_what_its_pattern_fits(entity: str) -> None:
    assert headers.MEANINGS[entity]
    draw = random.Random(14)
    for make in numbers.NATIONAL.get(entity, numbers.BY_NAME.get(entity, [])):
        for value in (make(draw) for _ in range(30)):
            fits = {name for name, kind in national.KINDS.items() if kind.pattern.search(value)}
            assert fits <= {kind.entity for kind in national.kinds_for(value)}
