"""Money: read from decimal text, kept in minor units, written as Mollie writes it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.errors import InvalidMoney
from bridge.domain.money import CURRENCIES, LARGEST_MINOR, Money, exponent
from tests.unit.builders import eur

currencies = st.sampled_from(sorted(CURRENCIES))
amounts = st.builds(lambda currency, minor: Money(currency=currency, minor=minor), currencies, st.integers(0, 10**9))


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("14.40", "EUR", 1440),
        ("14.4", "EUR", 1440),
        ("14", "EUR", 1400),
        ("0.01", "EUR", 1),
        ("0", "EUR", 0),
        ("14.400000", "EUR", 1440),
        ("1440", "JPY", 1440),
        ("1440.0", "JPY", 1440),
        ("10000000000.00", "EUR", LARGEST_MINOR),
        ("1000000000000", "JPY", LARGEST_MINOR),
    ],
)
def test_an_amount_is_read_into_minor_units(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(currency=currency, minor=minor)


@pytest.mark.parametrize(
    ("text", "currency", "complaint"),
    [
        ("14.405", "EUR", "more decimal places than EUR has"),
        ("1440.5", "JPY", "more decimal places than JPY has"),
        ("1E-30", "EUR", "more decimal places"),
        ("1.00000000000000000000000000001", "EUR", "more decimal places"),
        ("-0.01", "EUR", "out of range"),
        ("10000000000.01", "EUR", "out of range"),
        ("1E+400", "EUR", "out of range"),
        ("NaN", "EUR", "out of range"),
        ("-Infinity", "EUR", "out of range"),
        ("", "EUR", "not a decimal number"),
        ("14,40", "EUR", "not a decimal number"),
        ("14.40 EUR", "EUR", "not a decimal number"),
        ("0x10", "EUR", "not a decimal number"),
        ("14.40", "XXX", "is not one that Mollie takes"),
        ("14.40", "eur", "is not one that Mollie takes"),
        ("14.40", "", "is not one that Mollie takes"),
    ],
)
def test_what_is_no_money_is_refused_with_the_reason(text: str, currency: str, complaint: str) -> None:
    with pytest.raises(InvalidMoney, match=complaint):
        Money.parse(text, currency)


def test_a_long_text_is_not_repeated_in_the_complaint() -> None:
    with pytest.raises(InvalidMoney) as refused:
        Money.parse("0." + "1" * 5000, "EUR")

    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("stored", "currency", "minor"),
    [
        ("14.400000", "EUR", 1440),
        ("14.404999", "EUR", 1440),
        ("14.405000", "EUR", 1441),
        ("14.395000", "EUR", 1440),
        ("0.004999", "EUR", 0),
        ("0.005000", "EUR", 1),
        ("1439.500000", "JPY", 1440),
        ("1439.499999", "JPY", 1439),
    ],
)
def test_the_shops_six_decimals_are_rounded_half_up(stored: str, currency: str, minor: int) -> None:
    assert Money.round_shop(Decimal(stored), currency) == Money(currency=currency, minor=minor)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(currency="EUR", minor=1440), "14.40"),
        (Money(currency="EUR", minor=5), "0.05"),
        (Money(currency="EUR", minor=0), "0.00"),
        (Money(currency="JPY", minor=1440), "1440"),
        (Money(currency="EUR", minor=LARGEST_MINOR), "10000000000.00"),
        (Money(currency="JPY", minor=LARGEST_MINOR), "1000000000000"),
    ],
)
def test_an_amount_is_written_as_mollie_wants_it(money: Money, text: str) -> None:
    assert money.value == text


@given(amounts)
def test_what_is_written_is_read_as_the_same(money: Money) -> None:
    assert Money.parse(money.value, money.currency) == money


@given(amounts)
def test_rounding_leaves_what_can_be_paid_as_it_is(money: Money) -> None:
    assert Money.round_shop(Decimal(money.value), money.currency) == money


@given(amounts)
def test_mollie_gets_as_many_decimal_places_as_the_currency_has(money: Money) -> None:
    assert len(money.value.partition(".")[2]) == exponent(money.currency)


@pytest.mark.slow
@given(st.text(max_size=30) | st.decimals().map(str), st.sampled_from(["EUR", "JPY", "XXX"]))
def test_reading_ends_with_money_or_a_complaint(text: str, currency: str) -> None:
    try:
        money = Money.parse(text, currency)
    except InvalidMoney:
        return
    assert Decimal(money.value) == Decimal(text)


def test_money_less_money_is_never_below_zero() -> None:
    assert eur("14.40").less(eur("4.40")) == eur("10.00")
    assert eur("4.40").less(eur("14.40")) == eur("0")


def test_another_currency_can_not_be_taken_away() -> None:
    with pytest.raises(InvalidMoney, match="another currency"):
        eur("14.40").less(Money.parse("1", "USD"))


@pytest.mark.parametrize("minor", [-1, LARGEST_MINOR + 1])
def test_no_money_is_out_of_range(minor: int) -> None:
    with pytest.raises(InvalidMoney, match="out of range"):
        Money(currency="EUR", minor=minor)
