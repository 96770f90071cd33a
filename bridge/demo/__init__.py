"""What a newcomer sees in two minutes: Mollie's simulator, a toy shop, and the timeline before and after."""
