/**
 * The checkout's payment step: one idempotency key per payment try, and no second request while one is on its way.
 *
 * It only spares the shopper and the shop needless work. Who may pay is decided by the sidecar, so the shop works
 * just as well when this file is missing, blocked, or fails. docs/concepts/front-office-script.md says more.
 *
 * WHAT IT READS: one global, made on the payment step alone by Media::addJsDef(['molliebridge' => [...]]):
 *
 *   cart      string|int  required. The cart's id.
 *   basket    string      required. Any string that changes when what is to be paid changes (the basket's hash, or
 *                         amount and currency). Another cart or basket: other keys.
 *   creating  list        optional. The AJAX controllers that create payments, each {url, method, actions}:
 *                         url      as Link::getModuleLink('mollie', 'bancontactAjax', [], true) gives it. A request is
 *                                  meant when origin and path are the same and it has each query parameter of the url.
 *                         method   Mollie's name of the method ('bancontact', 'applepay').
 *                         actions  list of values of the parameter `action` that create a payment
 *                                  (['createTransaction'], ['mollie_apple_pay_create_order']); empty: every request.
 *   module    string      optional, 'mollie'. data-module-name of the payment options that it looks after.
 *   limit     int         optional, 20000. Milliseconds after which the pay button comes back, whatever happened.
 *   texts     object      optional. working, retrying, slow, conflict, link, failed: plain text, see TEXTS below.
 *
 * WHAT IT SENDS, always a UUID version 4 in lower case:
 *
 *   forms   hidden field `molliebridge_key` in each form of the module's payment options, and the same value as query
 *           parameter of the form's action (the module's script goes to that address by itself, too). The module's
 *           payScreen controller (cards) redirects to payment without it: who wants it there carries it over.
 *   AJAX    header `X-Idempotency-Key`, on the requests that `creating` names and on no other.
 *
 *   The key is a suggestion, never a proof: it comes from a browser. It stays the same for (cart, basket, method)
 *   through double clicks, reloads and the back button; a visit that is neither reload nor back makes new ones, so that
 *   a try after a failed payment is not taken for a repeat. Where the sidecar refuses a key all the same (422 "other
 *   payload", or `deny` for a payment that has ended), the server makes a key of its own and asks once more.
 *
 * WHAT IT EXPECTS from the AJAX controllers, all else is passed on as it came:
 *
 *   409         JSON {"message": "...", "url": "https://..." or null}: already paid, or in progress. Shown to the shopper
 *               as text, with a link when there is a url (the order's confirmation, or the checkout to resume).
 *               `data.checkout_url` is read when there is no `url`. Never sent again.
 *   5xx, none   sent again with the same key after 1, 2 and 4 s, three times at most. `Retry-After` makes a wait longer;
 *               where it asks for more than 10 s the answer is passed on instead.
 *
 * TO BE REGISTERED on the payment step, position bottom, in this order: views/js/keys.js, step.js, checkout.js, requests.js,
 * xhr.js (priorities 200 to 204), and views/css/checkout.css. Where one is missing, the rest does less but does no harm.
 * No jQuery; ES2015; no template strings and no regular expressions, so that the minifier of PrestaShop's file combiner has
 * nothing to misread. They share what they need through the global that they read, and make none of their own.
 *
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */
(function () {
  'use strict';

  const settings = window.molliebridge;
  const step = settings && settings.step;
  if (!step || settings.guards) {
    return;
  }
  settings.guards = true;

  const FIELD = 'molliebridge_key';

  // ---- Payment options ----------------------------------------------------------------------------------------------

  function withoutKey(query) {
    return query.split('&').filter(function (part) {
      return part && part.indexOf(FIELD + '=') !== 0;
    });
  }

  function withKey(address, key) {
    const hash = address.indexOf('#');
    const parts = (hash < 0 ? address : address.slice(0, hash)).split('?');
    const query = withoutKey(parts.slice(1).join('?')).concat(FIELD + '=' + key);
    return parts[0] + '?' + query.join('&') + (hash < 0 ? '' : address.slice(hash));
  }

  function methodOf(form, option) {
    const field = form.querySelector('input[name="mollie-method-id"]');
    const query = (form.getAttribute('action') || '').split('#')[0].split('?').slice(1).join('?');
    return new URLSearchParams(query).get('method') || (field && field.value) || option.id;
  }

  function putKey(form, key) {
    let field = form.querySelector('input[name="' + FIELD + '"]');
    if (!field) {
      field = document.createElement('input');
      field.type = 'hidden';
      field.name = FIELD;
      form.appendChild(field);
    }
    field.value = key;
    if (form.getAttribute('action')) {
      form.setAttribute('action', withKey(form.getAttribute('action'), key));
    }
  }

  const guarded = new WeakMap();

  /** PrestaShop submits with jQuery and the card fields with the form's own submit(): neither fires a native event. */
  function guard(form) {
    const submit = form.submit;
    if (guarded.has(form) || typeof submit !== 'function') {
      return;
    }
    guarded.set(form, true);
    form.submit = function () {
      if (step.beginSubmit()) {
        submit.apply(form, arguments);
      }
    };
  }

  function prepare() {
    step.ourOptions().forEach(function (option) {
      const box = document.getElementById('pay-with-' + option.id + '-form');
      Array.prototype.forEach.call(box ? box.querySelectorAll('form') : [], function (form) {
        const key = settings.keyFor && settings.keyFor(methodOf(form, option));
        if (key) {
          putKey(form, key);
        }
        guard(form);
      });
    });
  }

  // ---- Events -------------------------------------------------------------------------------------------------------

  function stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // On the window and while the event comes down: before PrestaShop's and the Mollie module's own listeners.
  window.addEventListener('click', function (event) {
    if (step.isOursChosen() && event.target.closest && event.target.closest(step.BUTTON)) {
      if (step.isWorking()) {
        stop(event);
      } else {
        prepare();
      }
    }
  }, true);

  window.addEventListener('submit', function (event) {
    if (guarded.has(event.target) && step.isWorking()) {
      stop(event);
    }
  }, true);

  // When it has gone up through everybody and nobody has stopped it, the browser is about to send the form.
  window.addEventListener('submit', function (event) {
    if (guarded.has(event.target) && !event.defaultPrevented) {
      step.beginSubmit();
    }
  });

  // PrestaShop enables the button, or not, whenever an option is chosen or terms are agreed to: show() comes after it.
  document.addEventListener('change', function (event) {
    if (event.target.name === 'payment-option') {
      prepare();
    }
    step.show();
  });

  // Left: whatever comes back from the browser's cache must be alive. Back: the keys may have changed meanwhile.
  window.addEventListener('pagehide', step.endSubmit);
  window.addEventListener('pageshow', function (event) {
    if (event.persisted) {
      step.endSubmit();
      prepare();
    }
  });

  function start() {
    step.addRegion();
    prepare();
  }

  if (document.readyState === 'loading') {
    document.addEventListener('DOMContentLoaded', start);
  } else {
    start();
  }
}());
