"""The vocabulary that every other part speaks: pure values and rules, no input or output, no framework."""
