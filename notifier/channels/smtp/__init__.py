"""What does it take to hand a letter to a mail server?

`settings` what can be set · `addresses`, `headers`, `letter_headers`, `mime`, `dkim_signature`
from letter to bytes · `verp` return addresses nobody can forge · `reply` what a server said ·
`classify` what that means · `printable`, `form_mail` many letters on one form · `wire` the socket
· `opening`, `session` getting in · `lane` one connection's dialogue · `dial`, `run`, `pool`,
`one_call` many letters at once · `circuit`, `pace` when to leave a server alone · `checkup`,
`sender_dns` what is wrong with the set-up.

`wire`, `opening`, `session`, `dial`, `lane` and `pool` do I/O; the other files are pure.
"""
