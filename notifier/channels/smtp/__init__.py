"""What does it take to hand a letter to a mail server?

`settings` what can be set · `addresses`, `headers`, `mime`, `dkim_signature` from letter to bytes ·
`verp` return addresses nobody can forge · `reply` what a server said · `classify` what that means ·
`wire` the socket · `opening`, `session` the dialogue · `batch`, `pool`, `circuit` several at once ·
`checkup`, `sender_dns` what is wrong with the set-up.

`wire`, `opening`, `session`, `batch` and `pool` do I/O on the way of a letter; the other files up
to `classify` are pure, so that another way to send can use them as they are.
"""
