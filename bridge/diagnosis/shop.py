"""The shop, seen from outside: is it open, and does Mollie's webhook reach the module."""

from __future__ import annotations

from bridge.diagnosis.findings import Check, Verdict, failed, ok, warning
from bridge.diagnosis.installation import Installation
from bridge.diagnosis.untestable import NoAddress
from bridge.diagnosis.web import Page, ShopAddress, Unreached, post

BY_QUERY = "index.php?fc=module&module=mollie&controller=webhook&security_token=doctor"
BY_PATH = "module/mollie/webhook?security_token=doctor"

_OWN = {400: "no token", 409: "another call runs", 422: "no id"}
"""What the module (and, where the web server routes there, the sidecar) says to a call without an id."""


def _address(installation: Installation) -> Verdict:
    try:
        addresses = installation.addresses
    except NoAddress as error:
        return failed(str(error), "set the shop's domain in the back office: Shop Parameters > Traffic & SEO")
    through = addresses[0].through
    seen = ", ".join(address.base for address in addresses) + (f" through {through}" if through else "")
    if not all(address.base.startswith("https:") for address in addresses):
        return warning(seen, "switch SSL on in the back office: Mollie calls, and shoppers pay, without encryption")
    return ok(seen)


def _open(installation: Installation) -> Verdict:
    if installation.shop_settings.get("PS_SHOP_ENABLE", "1") == "0":
        return failed(
            "the shop is in maintenance mode",
            "Mollie's webhooks are answered 503 until it is opened: Shop Parameters > General > Maintenance",
        )
    return ok("the shop is open")


def _webhook(installation: Installation) -> Verdict:
    asked = 0
    for address in installation.addresses:
        for path in (BY_QUERY, *([BY_PATH] if address.rewrites else [])):
            asked += 1
            fault = _fault(address, path)
            if fault is not None:
                return fault
    return ok(f"{asked} {'address' if asked == 1 else 'addresses'} answered as the Mollie module does")


def _fault(address: ShopAddress, path: str) -> Verdict | None:
    url = address.base + path.partition("?")[0]
    try:
        page = post(address, path, {})
    except Unreached as error:
        return failed(
            f"{url}: {error}",
            "put right DNS, certificate or firewall; if only this host can not reach it, set webhooks.shop_url",
        )
    if page.status in _OWN:
        return None
    return _judge(url, page)


def _judge(url: str, page: Page) -> Verdict:
    seen = f"{url} answered {page.status}"
    match page.status:
        case 301 | 302 | 303 | 307 | 308:
            return failed(
                f"{seen}, a redirect to {page.location.partition('?')[0]}",
                "a redirect loses the webhook's body: make the shop's domain and SSL settings those of its address",
            )
        case 401 if "success" in page.body:
            return failed(seen, "the Mollie module has no API key: enter it in the back office")
        case 401 | 403:
            return failed(seen, "a password or a firewall stands before the shop: let Mollie's calls through")
        case 404:
            return failed(seen, "the Mollie module is not installed or disabled, or another program answers there")
        case 503:
            return failed(seen, "the shop is in maintenance mode, or overloaded")
        case status if status >= 500:
            return failed(seen, "the shop's own error: see PHP's log")
        case _:
            return failed(seen, "another program than the Mollie module answers there")


CHECKS = (
    Check("shop.address", "the shop's address is known", _address),
    Check("shop.open", "the shop is open", _open),
    Check("shop.webhook", "Mollie's webhook reaches the Mollie module", _webhook),
)
