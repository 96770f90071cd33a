// What PrestaShop's own script does on the payment step, in short: it shows the chosen option's form, and the button
// submits that form with jQuery, which calls the handlers of jQuery and then the form's submit(), without a native event.
$(function () {
  const conditions = '#conditions-to-approve input[type="checkbox"]';
  const button = '#payment-confirmation button';

  function chosen() {
    return $('input[name="payment-option"]:checked').attr('id');
  }

  function update() {
    const ready = Boolean(chosen()) && $(conditions + ':not(:checked)').length === 0;
    $('.js-additional-information, .js-payment-option-form').hide();
    $('#' + chosen() + '-additional-information, #pay-with-' + chosen() + '-form').show();
    $(button).toggleClass('disabled', !ready).attr('disabled', !ready);
    $('.js-alert-payment-conditions').toggle(!ready);
  }

  $('body').on('change', conditions + ', input[name="payment-option"]', update);
  $('body').on('click', button, function () {
    if (chosen() === undefined || $(conditions).prop('checked') === false) {
      $('input[name="payment-option"], ' + conditions).each(function () {
        this.reportValidity();
      });
      return;
    }
    $(button).addClass('disabled');
    $('#pay-with-' + chosen() + '-form form').submit();
  });
  $('.js-additional-information, .js-payment-option-form').hide();
});
