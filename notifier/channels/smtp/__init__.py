"""What does it take to hand a letter to a mail server?

`settings` what can be set · `addresses`, `headers`, `mime`, `dkim_signature` from letter to bytes ·
`verp` return addresses nobody can forge · `reply` what a server said · `classify` what that means ·
`wire` the socket · `session` the dialogue · `pool`, `circuit` several dialogues at once ·
`checkup`, `sender_dns` what is wrong with the set-up.

Only `wire`, `session` and `pool` do I/O on the way of a letter; the rest are pure functions.
"""
