"""Text to quantities and back."""

from __future__ import annotations

import pytest
from commands import complaint
from hypothesis import given
from hypothesis import strategies as st

from ipcbench.errors import BadRequest
from ipcbench.units import (
    LARGEST_SIZE,
    LONGEST_DURATION,
    format_bandwidth,
    format_duration,
    format_rate,
    format_ratio,
    format_size,
    format_time,
    parse_duration,
    parse_size,
    size_name,
)


@given(st.integers(1, LARGEST_SIZE))
def test_a_size_written_is_read_back(size: int) -> None:
    assert parse_size(size_name(size)) == size


@given(st.text(max_size=20))
def test_any_text_is_a_size_or_a_bad_request(text: str) -> None:
    said = complaint(BadRequest, lambda: parse_size(text))
    assert len(said.splitlines()) == 1 if said is not None else 0 <= parse_size(text) <= LARGEST_SIZE


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_a_bad_request(text: str) -> None:
    said = complaint(BadRequest, lambda: parse_duration(text))
    assert len(said.splitlines()) == 1 if said is not None else 1 <= parse_duration(text) <= LONGEST_DURATION


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("64B", 64),
        ("64 b", 64),
        ("16KiB", 16_384),
        ("16k", 16_384),
        ("1kB", 1000),
        ("1.5KiB", 1536),
        ("1MiB", 2**20),
        ("1MB", 10**6),
        ("256MiB", 2**28),
        (" 8B ", 8),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "-0.5",
        "-1",
        "12XB",
        "1e99",
        "",
        "B",
        "nan",
        "inf",
        "1.5B",
        "0.3",
        "257MiB",
        "1GiB",
        "1_000",
        "\u0664",
        "9" * 400,
        "8B\n8B",
    ],
)
def test_bad_sizes_are_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(BadRequest, match="expected 0B to 256MiB, such as"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("90", 90),
        ("10m", 600),
        ("10min", 600),
        ("1h", 3600),
        ("1.5h", 5400),
        ("5000ms", 5),
        ("1d", 86_400),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["abc", "0s", "0", "-5s", "", "1e99", "8d", "200h", "500ms", "inf", "nan", "1h30m"])
def test_bad_durations_are_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(BadRequest, match="expected 1s to 7 days, such as"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [(1, "1B"), (64, "64B"), (1024, "1KiB"), (16_385, "16385B"), (2**20, "1MiB"), (3 * 2**19, "1536KiB")],
)
def test_size_names_are_exact_and_short(size: int, text: str) -> None:
    assert size_name(size) == text


@pytest.mark.parametrize(
    ("size", "text"), [(1, "1 B"), (64, "64 B"), (16_384, "16 KiB"), (1.5 * 2**20, "1.5 MiB"), (2**30, "1 GiB")]
)
def test_sizes_for_people(size: float, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (80e-9, "80.0 ns"),
        (1.234e-9, "1.23 ns"),
        (999.4e-9, "999 ns"),
        (999.6e-9, "1.00 µs"),
        (4.02e-6, "4.02 µs"),
        (137e-6, "137 µs"),
        (9.996e-6, "10.0 µs"),
        (1.2, "1.20 s"),
        (0.9996, "1.00 s"),
    ],
)
def test_times_have_three_digits_and_the_unit_that_fits(seconds: float, text: str) -> None:
    assert format_time(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (45.2, "45 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.7, "1 h 00 min"),
        (4200, "1 h 10 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_durations_for_people_never_show_sixty(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(12, "12.0 /s"), (7300, "7.30 k/s"), (1.2e6, "1.20 M/s"), (3e9, "3.00 G/s")]
)
def test_rates(rate: float, text: str) -> None:
    assert format_rate(rate) == text


@pytest.mark.parametrize(
    ("rate", "text"), [(500, "500 B/s"), (340 * 2**20, "340 MiB/s"), (1.25 * 2**30, "1.25 GiB/s"), (2048, "2.00 KiB/s")]
)
def test_bandwidth_is_binary(rate: float, text: str) -> None:
    assert format_bandwidth(rate) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(1, "1.00×"), (1.234, "1.23×"), (1.996, "2.0×"), (3.62, "3.6×"), (9.96, "10×"), (1234, "1,234×")],
)
def test_ratios_have_as_many_digits_as_matter(ratio: float, text: str) -> None:
    assert format_ratio(ratio) == text


@given(st.floats(1e-10, 1e4))
def test_a_time_keeps_its_value_to_half_a_percent(seconds: float) -> None:
    number, unit = format_time(seconds).split()
    scale = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}[unit]
    back = float(number.replace(",", "")) * scale
    assert back == pytest.approx(seconds, rel=0.006, abs=0.006e-9)
