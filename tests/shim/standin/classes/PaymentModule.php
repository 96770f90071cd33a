<?php

declare(strict_types=1);

abstract class PaymentModule extends Module
{
    public $currentOrder;
    public $currentOrderReference;

    /**
     * Makes the cart's order, or one for each package, under one new reference.
     *
     * It looks for an order first and throws when there is one, but nothing keeps another script from passing the same
     * check before this one inserts.
     */
    public function validateOrder(
        $id_cart,
        $id_order_state,
        $amount_paid,
        $payment_method = 'Unknown',
        $message = null,
        $extra_vars = [],
        $currency_special = null,
        $dont_touch_amount = false,
        $secure_key = false,
        ?Shop $shop = null,
        ?string $order_reference = null
    ) {
        $context = $this->context;
        $cart = $context->cart = new Cart($id_cart);
        $context->customer = new Customer($cart->id_customer);
        $context->currency = new Currency($cart->id_currency);
        Hook::exec('actionValidateOrderBefore', [
            'cart' => $cart,
            'customer' => $context->customer,
            'currency' => $context->currency,
            'id_order_state' => &$id_order_state,
            'payment_method' => $payment_method,
        ]);
        if (!Validate::isLoadedObject($cart) || $cart->orderExists()) {
            $error = 'Cart cannot be loaded or an order has already been placed using this cart';
            PrestaShopLogger::addLog($error, 4, '0000001', 'Cart', (int) $cart->id);
            throw new PrestaShopException($error);
        }
        // Between the look and the insert a real shop works on packages, taxes and vouchers. The race happens here.
        Standin::note('checked');
        Standin::pause('gap');
        $reference = $this->currentOrderReference = $order_reference ?: Tools::passwdGen(9, 'NO_NUMERIC');
        $orders = [];
        foreach ($cart->getPackageList()[0] as $package) {
            $orders[] = $this->insertOrder($cart, $package['product_list'], $reference, $payment_method);
        }
        Standin::note('inserted ' . $reference);
        $this->payAndMove($orders, $cart, (int) $id_order_state, round((float) $amount_paid, 2), $payment_method, $extra_vars);
        $this->currentOrder = (int) $orders[0]->id;

        return true;
    }

    private function insertOrder(Cart $cart, array $lines, string $reference, $payment_method): Order
    {
        $order = new Order();
        $order->reference = $reference;
        $order->id_shop = (int) $cart->id_shop;
        $order->id_customer = (int) $cart->id_customer;
        $order->id_cart = (int) $cart->id;
        $order->id_currency = (int) $cart->id_currency;
        $order->secure_key = $cart->secure_key;
        $order->payment = $payment_method;
        $order->module = $this->name;
        $order->total_products = array_sum(array_column($lines, 'total'));
        $order->total_products_wt = $cart->getOrderTotal(true, Cart::BOTH, $lines);
        $order->total_paid = $order->total_paid_tax_incl = $order->total_products_wt;
        $order->total_paid_tax_excl = $order->total_products;
        if (!$order->add()) {
            throw new PrestaShopException('Can\'t save Order');
        }
        $order->insertDetails($lines);

        return $order;
    }

    private function payAndMove(array $orders, Cart $cart, int $state, float $paid, $method, array $extra): void
    {
        // The payment belongs to the reference; its amount is added to the last order alone, as PrestaShop does it.
        $logable = Order::isLogable($state);
        if ($logable) {
            end($orders)->addOrderPayment($paid, $method, $extra['transaction_id'] ?? null);
            if (number_format($paid, 2) !== number_format($cart->getOrderTotal(), 2)) {
                $state = Order::PAYMENT_ERROR;
            }
        }
        foreach ($orders as $order) {
            Hook::exec('actionValidateOrder', [
                'cart' => $cart,
                'order' => $order,
                'customer' => $this->context->customer,
                'currency' => $this->context->currency,
                'orderStatus' => $state,
            ]);
            $order->setCurrentState($state);
        }
    }
}
