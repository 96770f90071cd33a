/**
 * The payment step: what is on its way, how that looks, and when the shopper gets the button back. The contract stands in
 * checkout.js.
 *
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */
(function () {
  'use strict';

  const settings = window.molliebridge;
  if (!settings || !settings.cart || settings.step) {
    return;
  }

  const MODULE = settings.module || 'mollie';
  // Longer than an undisturbed payment request takes (below a second, and ten at Mollie's worst), shorter than patience.
  const LIMIT = Number(settings.limit) > 0 ? Number(settings.limit) : 20000;
  const CONFIRMATION = '#payment-confirmation, .js-payment-confirmation';
  const BUTTON = '#payment-confirmation button, .js-payment-confirmation button';
  const CONDITION = '#conditions-to-approve input[type="checkbox"], .js-conditions-to-approve input[type="checkbox"]';
  const TEXTS = Object.assign({
    working: 'Your payment is being prepared.',
    retrying: 'The shop does not answer. It is being tried again.',
    slow: 'This takes longer than usual. You can try again.',
    conflict: 'This order has been paid already, or a payment is in progress.',
    link: 'Continue',
    failed: 'The payment could not be started. Please try again.',
  }, settings.texts);

  function all(selector) {
    return Array.prototype.slice.call(document.querySelectorAll(selector));
  }

  function ourOptions() {
    return all('input[name="payment-option"]').filter(function (option) {
      return option.getAttribute('data-module-name') === MODULE;
    });
  }

  function isOursChosen() {
    return ourOptions().some(function (option) {
      return option.checked;
    });
  }

  const turns = new Map(); // key -> {key, waiting}: the AJAX request under way, and those that come after it
  let submitting = false;
  let timer = null;
  let region = null;
  let progress = false; // the message tells of something that goes on, and goes when that ends

  function isWorking() {
    return submitting || turns.size > 0;
  }

  function isReady() {
    return all('input[name="payment-option"]:checked').length > 0 && all(CONDITION).every(function (box) {
      return box.checked;
    });
  }

  function show() {
    const busy = isWorking() && isOursChosen();
    all(BUTTON).forEach(function (button) {
      if (!busy && !button.classList.contains('molliebridge-busy')) {
        return;
      }
      button.classList.toggle('molliebridge-busy', busy);
      button.setAttribute('aria-busy', String(busy));
      button.disabled = busy || !isReady();
      // PrestaShop put this class there when the button was pressed, and never takes it away again by itself.
      button.classList.toggle('disabled', button.disabled);
    });
  }

  function addRegion() {
    const confirmation = document.querySelector(CONFIRMATION);
    if (!region && confirmation) {
      region = document.createElement('div');
      region.className = 'molliebridge-message';
      region.setAttribute('role', 'status');
      region.setAttribute('aria-live', 'polite');
      const row = confirmation.closest('.buttons-wrapper') || confirmation;
      row.parentNode.insertBefore(region, row);
    }
  }

  function say(text, link) {
    progress = text === TEXTS.working || text === TEXTS.retrying;
    addRegion();
    if (!region) {
      return;
    }
    region.className = 'molliebridge-message' + (text ? ' alert ' + (progress ? 'alert-info' : 'alert-warning') : '');
    region.textContent = text;
    if (link) {
      const anchor = document.createElement('a');
      anchor.href = link;
      anchor.className = 'alert-link';
      anchor.textContent = TEXTS.link;
      region.appendChild(document.createTextNode(' '));
      region.appendChild(anchor);
    }
  }

  /** Begin, or begin again, the time after which no shopper is kept waiting, whatever became of the request. */
  function watch(text, extra) {
    clearTimeout(timer);
    timer = setTimeout(giveUp, LIMIT + (extra || 0));
    say(text);
    show();
  }

  function settle() {
    if (!isWorking()) {
      clearTimeout(timer);
      if (progress) {
        say('');
      }
    }
    show();
  }

  function giveUp() {
    const held = Array.from(turns.values());
    submitting = false;
    say(TEXTS.slow);
    held.forEach(endTurn);
    show();
  }

  function beginSubmit() {
    if (isWorking()) {
      return false;
    }
    submitting = true;
    watch(TEXTS.working);
    return true;
  }

  function endSubmit() {
    submitting = false;
    settle();
  }

  /** Call `start(turn)` when no request with this key is under way; it ends with `endTurn(turn)`. */
  function takeTurn(key, start) {
    const current = turns.get(key);
    if (current) {
      current.waiting.push(start);
      return;
    }
    const turn = { key: key, waiting: [] };
    turns.set(key, turn);
    watch(TEXTS.working);
    start(turn);
  }

  function endTurn(turn) {
    if (turns.get(turn.key) === turn) {
      turns.delete(turn.key);
      settle();
      turn.waiting.forEach(function (start) {
        takeTurn(turn.key, start);
      });
    }
  }

  settings.step = {
    BUTTON: BUTTON,
    texts: TEXTS,
    ourOptions: ourOptions,
    isOursChosen: isOursChosen,
    isWorking: isWorking,
    beginSubmit: beginSubmit,
    endSubmit: endSubmit,
    takeTurn: takeTurn,
    endTurn: endTurn,
    watch: watch,
    say: say,
    show: show,
    addRegion: addRegion,
  };
}());
