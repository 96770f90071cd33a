// What the Mollie module's scripts do on the payment step, in short: cards are turned into a token before the form is sent, and
// Bancontact asks for a QR code in place of sending the form at all.
$(function () {
  let hasToken = false;

  $('input[name="mollieCardToken"]').closest('form').on('submit', function (event) {
    const form = this;
    if (hasToken) {
      return;
    }
    event.preventDefault();
    $.post('/card-token').done(function (token) {
      $('input[name="mollieCardToken"]').val(token);
      hasToken = true;
      form.submit();
      navigator.sendBeacon('/token-used');
    }).fail(function () {
      $('#card-error').text('The card number is not valid');
    });
    $('#payment-confirmation button').prop('disabled', false);
  });

  $('input[name="mollie-method-id"][value="bancontact"]').closest('form').on('submit', function (event) {
    const form = this;
    event.preventDefault();
    $('#payment-confirmation button').prop('disabled', false);
    $.ajax({
      url: bancontactAjaxUrl,
      data: { ajax: 1, action: 'createTransaction' },
      success: function (response) {
        $('#qr-code').text(JSON.parse(response).qr_code);
      },
    });
    $.ajax({ url: bancontactAjaxUrl, data: { ajax: 1, timeout: 0, action: 'checkForPaidTransaction' } });
    $('body').addClass('modal-open');
    $('#bancontact-modal').show().find('button').one('click', function () {
      window.location.href = $(form).attr('action');
    });
  });
});
