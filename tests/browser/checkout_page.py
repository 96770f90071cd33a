"""The payment step as PrestaShop's two themes render it, with the payment options that the Mollie module offers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from string import Template

HERE = Path(__file__).parent
SHIM_SCRIPTS = ["keys.js", "step.js", "checkout.js", "requests.js", "xhr.js"]
"""In the order in which the module registers them."""


class Theme(StrEnum):
    CLASSIC = "classic"
    HUMMINGBIRD = "hummingbird"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A payment option; `method` is Mollie's name, or anything for another module."""

    id: str
    method: str
    action: str
    module: str = "mollie"
    inputs: tuple[tuple[str, str], ...] = ()
    information: str = ""
    http: str = "POST"

    def form(self) -> str:
        inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in self.inputs)
        button = f'<button hidden id="pay-with-{self.id}" type="submit"></button>'
        return f'<form id="payment-form" method="{self.http}" action="{self.action}">{inputs}{button}</form>'


QR_CODE = """
<div id="bancontact-modal" hidden>
  <p id="qr-code"></p><button type="button">Without QR code</button>
</div>
"""

OPTIONS = (
    Option(id="payment-option-1", method="wire", action="/module/wire/validation", module="ps_wirepayment"),
    Option(id="payment-option-2", method="ideal", action="/module/mollie/payment?method=ideal&rand=1700000000"),
    Option(
        id="payment-option-3",
        method="creditcard",
        action="/module/mollie/payScreen?method=creditcard&rand=1700000000&cardToken=",
        inputs=(("mollieCardToken", ""), ("mollieSaveCard", "")),
        information='<p id="card-error"></p>',
    ),
    Option(
        id="payment-option-4",
        method="bancontact",
        action="/module/mollie/payment?method=bancontact&rand=1700000000",
        inputs=(("mollie-method-id", "bancontact"),),
        information=QR_CODE,
    ),
    Option(id="payment-option-5", method="paypal", action="/module/mollie/payment?method=paypal", http="GET"),
)


@dataclass(slots=True, kw_only=True)
class Checkout:
    """What the shop shows at /order; a test changes it and visits or reloads the page."""

    theme: Theme = Theme.CLASSIC
    cart: int = 42
    basket: str = "14.40 EUR"
    scripts: list[str] = field(default_factory=lambda: list(SHIM_SCRIPTS))
    extra: dict[str, object] = field(default_factory=dict)

    def settings(self, base: str) -> str:
        """What Media::addJsDef writes into the page."""
        creating = [
            {
                "url": f"{base}/module/mollie/bancontactAjax",
                "method": "bancontact",
                "actions": ["createTransaction"],
            },
            {
                "url": f"{base}/index.php?fc=module&module=mollie&controller=applePayDirectAjax",
                "method": "applepay",
                "actions": ["mollie_apple_pay_create_order"],
            },
        ]
        settings = {"cart": self.cart, "basket": self.basket, "creating": creating, **self.extra}
        urls = f"var bancontactAjaxUrl = {json.dumps(base + '/module/mollie/bancontactAjax')};"
        return f"{urls}\nvar molliebridge = {json.dumps(settings)};"

    def html(self) -> str:
        """The page; all of its scripts are files, so that a strict content security policy can be tried."""
        option = Template((HERE / "pages" / f"{self.theme}-option.html").read_text())
        page = Template((HERE / "pages" / f"{self.theme}.html").read_text())
        options = "\n".join(
            option.substitute(ID=o.id, MODULE=o.module, LABEL=o.method, INFORMATION=o.information, FORM=o.form())
            for o in OPTIONS
        )
        files = ["/settings.js", "/jquery.js", "/core.js", "/module.js", *(f"/shim/js/{name}" for name in self.scripts)]
        return page.substitute(
            OPTIONS=options,
            STYLES='<link rel="stylesheet" href="/shim/css/checkout.css">' if self.scripts else "",
            SCRIPTS="\n".join(f'<script src="{file}"></script>' for file in files),
        )
