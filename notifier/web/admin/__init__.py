"""The pages of those who work for a shop: a Flask app of its own."""
