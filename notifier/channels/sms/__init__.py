"""What does it take to hand an SMS to Twilio, besides Twilio's own library?

`settings` what can be set · `errors` what its codes mean · `wire` the HTTP way and whether a
request may have arrived · `spending` the daily cap · `callbacks` what it tells us later.
Only sms_twilio.py itself imports `twilio`.
"""
