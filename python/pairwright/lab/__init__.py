"""The vocabulary lab: what a vocabulary does with text, and how to change it."""
