"""The product's public app, or the bare floor, as a server that wants a WSGI app to import.

$NOTIFIER_BENCH says which, as JSON: `bare`, the `url` of its database, its `folder`.
"""

from __future__ import annotations

import json
import os
from typing import Any

from notifier.config import Service


def make_app() -> Any:
    asked = json.loads(os.environ["NOTIFIER_BENCH"])
    if asked["bare"]:
        from bench.children.bare_web import make_app as bare

        threads = int(Service.model_fields["web_threads"].default)
        return bare(asked["url"], connections=threads)
    from bench.shop import configuration
    from notifier.app import open_service
    from notifier.log import set_up_logging
    from notifier.web.site import create_site

    set_up_logging(level="ERROR")
    config = configuration(folder=asked["folder"], url=asked["url"])
    return create_site(*open_service(config))


app = make_app() if "NOTIFIER_BENCH" in os.environ else None
