/**
 * The test button of the module's back office page.
 *
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */
(function () {
  'use strict';
  var button = document.getElementById('molliebridge-test');
  var box = document.getElementById('molliebridge-connection');
  if (!button || !box) {
    return;
  }
  function show(ok, message) {
    box.className = 'alert ' + (ok ? 'alert-success' : 'alert-danger');
    box.textContent = message;
    button.disabled = false;
  }
  button.addEventListener('click', function () {
    button.disabled = true;
    fetch(button.getAttribute('data-url'), {method: 'POST', credentials: 'same-origin', cache: 'no-store'})
      .then(function (response) {
        return response.json();
      })
      .then(function (answer) {
        show(answer.ok === true, String(answer.message));
      })
      .catch(function (error) {
        show(false, String(error));
      });
  });
}());
