"""The checkout page's template: one card, one amount, one button per thing a shopper can do."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Checkout (simulated)</title>
<style>
  :root { color-scheme: light; }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f2f4f7; color: #1a2233;
         font: 16px/1.5 system-ui, sans-serif; }
  main { box-sizing: border-box; width: min(24rem, 92vw); padding: 2rem; background: #fff; border-radius: 12px;
         box-shadow: 0 8px 30px rgb(20 30 60 / .12); }
  .tag { margin: 0; color: #667085; font-size: .8rem; letter-spacing: .04em; }
  h1 { margin: .25rem 0 0; font-size: 2.2rem; font-variant-numeric: tabular-nums; }
  .what { margin: 0 0 1.25rem; color: #475467; overflow-wrap: anywhere; }
  .note { padding: .6rem .8rem; border-radius: 8px; background: #fff6dd; }
  form { display: grid; gap: .5rem; margin: 0; }
  button { padding: .7rem 1rem; border: 1px solid #d0d5dd; border-radius: 8px; background: #fff; color: inherit;
           font: inherit; cursor: pointer; }
  button:hover, button:focus-visible { border-color: #1a2233; }
  button.pay { border-color: #0b62d6; background: #0b62d6; color: #fff; font-weight: 600; }
  .more { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; margin-top: .75rem; }
  .more button { font-size: .9rem; }
  footer { margin-top: 1.25rem; color: #98a2b3; font-size: .75rem; overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
  <p class="tag">Simulated Mollie checkout. No money moves.</p>
  {% if payment %}
  <h1 id="amount">{{ payment.amount.currency }} {{ payment.amount.value }}</h1>
  <p class="what">{{ payment.description }}{% if payment.method %} &middot; {{ payment.method }}{% endif %}</p>
  {% endif %}
  {% if note %}<p class="note" role="status">{{ note }}</p>{% endif %}
  {% if payment and payment.payable %}
  <form method="post" action="/checkout/{{ payment.id }}">
    {% if methods %}
    <input type="hidden" name="choose" value="1">
    <input type="hidden" name="action" value="pay">
    {% for name, label in methods.items() %}
    <button class="pay" name="method" value="{{ name }}" data-action="pay-{{ name }}">Pay with {{ label }}</button>
    {% endfor %}
    {% else %}
    <button class="pay" name="action" value="pay" data-action="pay">Pay</button>
    {% endif %}
  </form>
  <form class="more" method="post" action="/checkout/{{ payment.id }}">
    {% if methods %}<input type="hidden" name="choose" value="1">{% endif %}
    <button name="action" value="leave" data-action="leave">Leave the page open</button>
    <button name="action" value="cancel" data-action="cancel">Cancel</button>
    <button name="action" value="fail" data-action="fail">Let it fail</button>
    <button name="action" value="expire" data-action="expire">Let it expire</button>
  </form>
  {% endif %}
  {% if payment %}<footer>{{ payment.id }} &middot; {{ payment.status.value }}</footer>{% endif %}
</main>
</body>
</html>
"""
