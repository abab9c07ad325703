"""What do the relays that carry our mail report by signed callback?

Each provider is a file here: what its keys look like, whether a callback is its word, and which
receipts that makes. See base.py.
"""
