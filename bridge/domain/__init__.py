"""What is true whatever the world does: pure values, states and decisions."""
