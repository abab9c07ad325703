"""What does the demo need in place of the outside world? Small servers with the true wire format.

They stand in for a phone network so that the demo runs the real channels without an account.
"""
