/**
 * One idempotency key for each (cart, basket, method), kept for this tab. The contract stands in checkout.js.
 *
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */
(function () {
  'use strict';

  const settings = window.molliebridge;
  if (!settings || !settings.cart || settings.keyFor) {
    return;
  }

  const STORE = 'molliebridge';
  const CART = String(settings.cart) + ':' + String(settings.basket || '');
  let memory = null; // stands in for a session storage that is denied or full

  /** A UUID version 4, or null where the browser has no randomness worth the name: then the server makes the key. */
  function uuid() {
    try {
      if (window.crypto.randomUUID) {
        return window.crypto.randomUUID();
      }
      const bytes = window.crypto.getRandomValues(new Uint8Array(16));
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      const hex = Array.prototype.map.call(bytes, function (byte) {
        return (byte + 0x100).toString(16).slice(1);
      }).join('');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    } catch (error) {
      return null;
    }
  }

  function keptKeys() {
    let text = null;
    try {
      text = window.sessionStorage.getItem(STORE);
    } catch (error) {
      // Denied: the memory of this page has to do.
    }
    try {
      const kept = JSON.parse(text || memory);
      return kept.cart === CART ? kept.keys : {};
    } catch (error) {
      return {};
    }
  }

  function keepKeys(keys) {
    memory = JSON.stringify({ cart: CART, keys: keys });
    try {
      window.sessionStorage.setItem(STORE, memory);
    } catch (error) {
      // As above.
    }
  }

  /** Read from the storage each time: a page that comes back from the browser's cache must not use what it once knew. */
  settings.keyFor = function (method) {
    const keys = keptKeys() || {};
    if (typeof keys[method] !== 'string') {
      keys[method] = uuid();
      keepKeys(keys);
    }
    return keys[method];
  };

  /** Whether the shopper came here anew. Reloading, or coming back, goes on with the try that was begun. */
  function isNewVisit() {
    try {
      const entry = window.performance.getEntriesByType('navigation')[0];
      const type = entry ? entry.type : ['navigate', 'reload', 'back_forward'][window.performance.navigation.type];
      return type !== 'reload' && type !== 'back_forward';
    } catch (error) {
      return false;
    }
  }

  // After a failed payment the shop sends the shopper here: a new try, which an old key would turn into a repeat.
  if (isNewVisit()) {
    keepKeys({});
  }
}());
