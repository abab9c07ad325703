"""One sender of the product: from due rows in the outbox to a mail server, and the rows booked."""

from __future__ import annotations

from typing import Any

from bench.contest import Trial, peak_mb, timed
from bench.shop import announce_all, configuration, count_rows, open_shop
from notifier.app import make_renderer
from notifier.interpreter import keep_what_is_there, short_turns
from notifier.services.deliver import Sender


def work(arguments: dict[str, Any]) -> Trial:
    """Send `count` messages from the database `url` to `port`.

    `mail`: settings of the channel. `announce`: they are to be announced first.
    """
    config = configuration(
        folder=arguments["folder"],
        url=arguments["url"],
        smtp_port=arguments["port"],
        mail=arguments.get("mail"),
    )
    env, _ = open_shop(config)
    sender = Sender(env, make_renderer(env))
    sender.get_ready()
    keep_what_is_there()  # as a worker does when it is ready

    def send() -> int:
        if arguments.get("announce"):
            announce_all(env)
        while sender.send_due():
            continue
        return int(arguments["count"])

    with short_turns():
        trial = timed(send)
    sender.close()
    accepted = count_rows(env, "messages", where="state = 'accepted'")
    env.db.close()
    if accepted != arguments["count"]:
        raise AssertionError(f"{accepted} of {arguments['count']} messages were accepted")
    return Trial(
        units=trial.units, seconds=trial.seconds, extra={**trial.extra, "peak_mb": peak_mb()}
    )
