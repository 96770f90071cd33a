"""The module in a PrestaShop that is really there: `make test-shop`. Nothing of it runs in `make test`."""
