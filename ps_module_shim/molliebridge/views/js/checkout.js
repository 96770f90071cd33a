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
 *   5xx, no     sent again with the same key after 1, 2 and 4 s, three times at most. `Retry-After` makes a wait longer; where
 *   answer      it asks for more than 10 s the answer is passed on instead.
 *
 * To be registered with position bottom, together with views/css/checkout.css. No jQuery; ES2015; no template strings and no
 * regular expressions, which PrestaShop's file combiner has been known to break.
 *
 * @author    The prestashop-mollie-bridge authors
 * @copyright The prestashop-mollie-bridge authors
 * @license   https://opensource.org/license/mit MIT
 */
(function () {
  'use strict';
}());
