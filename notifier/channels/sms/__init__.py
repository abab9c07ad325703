"""What does it take to hand an SMS to Twilio, besides Twilio's own library?

`settings` what can be set · `account` Twilio's library for one account · `request` what is asked
for a letter · `wire` the HTTP way and whether a request may have arrived · `errors` what its codes
mean · `spending` the daily caps · `pace` the rate · `callbacks` what it tells us later ·
`signature` whether it was Twilio · `asking` what it says when asked · `checkup` what is wrong with
the set-up.
"""
