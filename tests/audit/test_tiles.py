import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.refusals import Invalid
from audit.tiles import ENTRIES, FULL, Tile, read_path, tiles_of


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0, FULL), "tile/0/000"),
        (Tile(1, 1_234_067, FULL), "tile/1/x001/x234/067"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(ENTRIES, 1000, 1), "tile/entries/x001/000.p/1"),
    ],
)
def test_places_are_spelled_as_the_standard_says(tile, path) -> None:
    assert tile.path == path


@given(st.integers(-1, 8), st.integers(0, 10**12), st.integers(1, FULL))
def test_a_place_is_read_back_from_its_path(level, number, width) -> None:
    tile = Tile(level, number, width)
    assert read_path(tile.path.removeprefix("tile/")) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        "0/1",
        "0/0001",
        "0/x000/001",
        "-1/000",
        "64/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/",
        "0/x001",
        "entries/../000",
        "0/000/",
        "00/000",
        "0/ 00",
        "0/000.p/01",
        "0/٠٠٠",
    ],
)
def test_any_other_spelling_is_refused(path) -> None:
    with pytest.raises(Invalid):
        read_path(path)


@pytest.mark.parametrize(
    ("size", "count"), [(0, 0), (1, 2), (255, 2), (256, 3), (257, 5), (65_536, 514), (65_537, 516), (70_000, 551)]
)
def test_only_full_tiles_are_hashed_upwards(size, count) -> None:
    tiles = list(tiles_of(size))
    assert len(tiles) == count
    assert sum(each.width for each in tiles if each.level == ENTRIES) == size
    for level in {each.level for each in tiles if each.level > 0}:
        below = sum(each.width == FULL for each in tiles if each.level == level - 1)
        assert sum(each.width for each in tiles if each.level == level) == below
