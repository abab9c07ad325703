"""What does a product page say? Readers for JSON-LD, microdata, OpenGraph and a merchant's rule.

Everything here is pure: bytes in, values out. Nothing raises on a broken page except LookFailed
for a page that is not a product page at all (a bot wall, a log-in form, an empty answer).
"""
