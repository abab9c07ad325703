"""What do the webhooks of shop systems say? One file for each system.

A file here has one function, `read_hook(topic, value, *, at, site, currency, now)`: the parsed body
of a delivery whose signature was checked in, `domain.shop_news.ShopNews` out. It is pure, raises
nothing and decides nothing. `at`: when the system says it was sent; `site`: the shop's front page;
`currency`: what its prices are in.
"""
