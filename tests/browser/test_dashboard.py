"""The merchant's page in a real browser: signed in by keyboard, read on a desk and on a phone, by day and by night."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bridge.demo.serving import serve_in_thread
from bridge.web.app import create_app
from tests.browser.payment_step import Watch
from tests.fakes.busy_month import HOSTILE, BusyMonth
from tests.fakes.services import World, make_world
from tests.web.caller import ADMIN_TOKEN, SETTINGS

pytestmark = [pytest.mark.browser, pytest.mark.req("B13")]

PHONE = {"width": 360, "height": 740}
PAGES = (
    *("/dashboard", "/dashboard/reports", "/dashboard/reports/duplicate_payments", "/dashboard/deliveries?state=dead"),
    *("/dashboard/refunds", "/dashboard/locks", "/dashboard/cart?cart_id=42", "/dashboard/nothing"),
)

CONTRAST = """
() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (!/, 0\\)$|^transparent$/.test(color)) { return color; }
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const shown = walker.currentNode.textContent.trim() && element.checkVisibility() && !element.closest('title, desc');
    if (!shown) { continue; }
    const style = getComputedStyle(element);
    const [a, b] = [light(element.closest('svg') ? style.fill : style.color), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) { found.push([walker.currentNode.textContent.trim().slice(0, 40), ratio.toFixed(2)]); }
  }
  return found;
}
"""
"""Texts that stand out less than 4.5 to 1 from what is behind them (WCAG 2, level AA)."""


@pytest.fixture
def world() -> Iterator[World]:
    with make_world() as made:
        BusyMonth(made.ledger, made.clock.now()).write()
        yield made


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with serve_in_thread(create_app(world.services, SETTINGS)) as server:
        yield server.url


@pytest.fixture
def page(chromium: Browser, url: str) -> Iterator[Page]:
    """A tab of a fresh profile; what a page complains about on the console fails the test."""
    context = chromium.new_context(base_url=url)
    context.set_default_timeout(10_000)
    watch = Watch(context)
    yield context.new_page()
    context.close()
    assert watch.complaints == []


def sign_in(page: Page, path: str = "/dashboard") -> None:
    page.goto(path)
    page.get_by_label("The admin's token").fill(ADMIN_TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{path}")


def visit(page: Page, path: str) -> None:
    """One of the pages, also where it says that there is none, or that the stand-in has no database for reports."""
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == {"nothing": 404, "duplicate_payments": 409}.get(path.rpartition("/")[2], 200)
    assert "text/html" in answer.headers["content-type"]


def test_signing_in_needs_no_mouse(page: Page) -> None:
    page.goto("/dashboard/reports")
    expect(page.get_by_label("The admin's token")).to_be_focused()
    page.keyboard.type(ADMIN_TOKEN)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Reports")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Carts paid more than once")).to_be_focused()


def test_a_wrong_token_is_told_and_the_form_stays(page: Page) -> None:
    page.goto("/dashboard")
    page.get_by_label("The admin's token").fill("wrong")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_have_text("That is not the admin's token.")
    expect(page.get_by_label("The admin's token")).to_be_focused()


def test_the_plots_are_drawn_in_their_colours_with_bars_as_high_as_their_numbers(page: Page) -> None:
    sign_in(page)

    plot = page.get_by_role("img", name="Second payments, by day")
    expect(plot).to_be_visible()
    bars = plot.locator("rect")
    assert bars.count() > 30
    # Styled by the sheet, which the policy lets through: what it did not reach would be black.
    assert page.evaluate("(bar) => getComputedStyle(bar).fill", bars.first.element_handle()) == "rgb(31, 95, 191)"
    prevented, resumed = (
        bars.filter(has_text=re.compile(f"^1 Feb: {name} ")).first for name in ("prevented", "resumed")
    )
    assert height(resumed) / height(prevented) == pytest.approx(number(resumed) / number(prevented), rel=0.05)


def height(bar: Locator) -> float:
    box = bar.bounding_box()
    assert box is not None
    return box["height"]


def number(bar: Locator) -> int:
    """What a bar says when it is pointed at."""
    return int((bar.text_content() or "").rpartition(" ")[2])


def test_a_plots_numbers_can_be_read_as_a_table(page: Page) -> None:
    sign_in(page)
    card = page.locator("#decided")

    expect(card.get_by_role("table")).to_be_hidden()
    card.get_by_text("As a table").click()

    expect(card.get_by_role("row")).to_have_count(31)
    expect(card.get_by_role("row").nth(1)).to_contain_text("2026-03-01")


def test_from_a_worry_one_comes_to_its_report_and_back(page: Page) -> None:
    sign_in(page)

    page.get_by_role("link", name="The payments").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Surplus money not given back")
    page.get_by_role("link", name="All reports").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reports")


def test_on_a_phone_no_page_is_wider_than_the_phone(page: Page) -> None:
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    sign_in(page)

    for path in PAGES:
        visit(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"], path


def test_on_a_phone_the_letters_of_a_plot_keep_their_size(page: Page) -> None:
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    sign_in(page)

    box = page.get_by_role("img", name="Second payments, by day").locator("text").first.bounding_box()
    assert box is not None
    assert box["height"] >= 12


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(244, 246, 249)"), ("dark", "rgb(18, 23, 30)")])
def test_every_text_stands_out_from_its_ground_by_day_and_by_night(
    page: Page, scheme: Literal["light", "dark"], ground: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    sign_in(page)

    for path in PAGES:
        visit(page, path)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground, path
        assert page.evaluate(CONTRAST) == [], path


def test_the_search_for_faint_texts_finds_one(page: Page) -> None:
    sign_in(page)
    page.evaluate("document.querySelector('h1').style.color = '#ccc'")

    assert [text for text, _ in page.evaluate(CONTRAST)] == ["Overview"]


def test_hostile_words_are_read_and_not_run(page: Page) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script of somebody else's ran: {dialog.message}"))
    sign_in(page)
    page.goto("/dashboard/refunds")

    expect(page.get_by_role("cell", name=HOSTILE, exact=True).first).to_be_visible()
    assert page.locator("main img, main script").count() == 0


@pytest.mark.req("B4")
def test_a_proposed_refund_is_kept_with_one_click(page: Page) -> None:
    sign_in(page, "/dashboard/refunds")

    page.get_by_role("button", name="Keep it").click()

    page.wait_for_url("**/refunds?state=dropped")
    expect(page.get_by_role("cell", name="dropped", exact=True)).to_be_visible()


def test_signed_out_one_does_not_come_back_by_the_back_button(page: Page) -> None:
    sign_in(page)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")

    page.goto("/dashboard")

    expect(page.get_by_label("The admin's token")).to_be_visible()


def test_a_page_of_somebody_elses_can_not_frame_it(chromium: Browser, url: str) -> None:
    frame = f'<iframe src="{url}/dashboard/login">'
    page = chromium.new_page()
    page.route("**/foreign", lambda route: route.fulfill(content_type="text/html", body=frame))

    page.goto(f"{url}/foreign", wait_until="load")

    assert page.frames[-1].url.startswith("chrome-error:")
    page.close()
