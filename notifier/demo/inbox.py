"""How does a mail program show the demo's mails: the list, one mail, its text, its source?"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.wrappers import Response as AnyResponse

from notifier.demo.mailbox import NOBODY, Mail
from notifier.demo.stage import GUEST_DOMAIN
from notifier.demo.storefront import stage

__all__ = ["blueprint"]

VIEWS = ("html", "text", "source")
SCHEMES = ("light", "dark")
REAL = "real"  # everybody but the made-up people
MOST_SHOWN = 200
_URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
_DARK = "@media (prefers-color-scheme: dark)"

blueprint = Blueprint("inbox", __name__)


@blueprint.get("/inbox")
@blueprint.get("/inbox/<int:number>")
def inbox_page(number: int = 0) -> str:
    """The list, and one mail beside it."""
    mailbox = stage().mailbox
    mail = mailbox.find(number) if number else None
    if number and mail is None:
        abort(404, "There is no such mail.")
    view = request.args.get("view", "html")
    scheme = request.args.get("scheme", "")
    if mail is not None:
        mailbox.mark_read(mail.number)
    return render_template(
        "demo/inbox.html",
        rows=[_row(one) for one in _wanted()],
        whose=_whose(),
        to=request.args.get("to", ""),
        mail=mail,
        head=_head(mail) if mail else {},
        view=view if view in VIEWS else "html",
        scheme=scheme if scheme in SCHEMES else "",
        text=linked(mail.text) if mail else "",
        said=request.args.get("said", ""),
        nobody=NOBODY,
    )


@blueprint.get("/inbox.json")
def inbox_state() -> Response:
    """What is new, for the page's own script."""
    mailbox = stage().mailbox
    count, unread = mailbox.count()
    rows = [_row(one) for one in _wanted()]
    return jsonify({"count": count, "unread": unread, "mails": rows, "whose": _whose()})


@blueprint.get("/inbox/<int:number>/body")
def mail_body(number: int) -> Response:
    """The HTML part alone, in a room of its own: no script, no forms, links open elsewhere."""
    mail = stage().mailbox.find(number) or abort(404)
    scheme = request.args.get("scheme", "light")
    answer = Response(_as_seen(mail.html, dark=scheme == "dark"), mimetype="text/html")
    answer.headers["Content-Security-Policy"] = (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        "style-src 'unsafe-inline'; img-src 'self' "
        f"{stage().places.storefront} https: data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    )
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@blueprint.post("/inbox/<int:number>/unsubscribe")
def unsubscribe(number: int) -> AnyResponse:
    """The button beside the sender: the one POST of RFC 8058, made by the mail program."""
    mail = stage().mailbox.find(number) or abort(404)
    url = mail.one_click_url
    ours = urlsplit(stage().places.notifier).netloc
    if not url or urlsplit(url).netloc != ours:
        abort(409, "This mail offers no one-click unsubscribe.")
    status = stage().one_click(url)
    said = "unsubscribed" if 200 <= status < 300 else f"refused-{status}"
    stage().note("switch", f"The mail program's “Unsubscribe” got the answer {status}.")
    return redirect(url_for("inbox.inbox_page", number=number, said=said), code=303)


def linked(text: str) -> Markup:
    """Plain text with its addresses made into links."""
    parts: list[Markup | str] = []
    end = 0
    for found in _URL.finditer(text):
        parts.append(escape(text[end : found.start()]))
        url = escape(found.group())
        parts.append(Markup('<a href="{0}" target="_blank" rel="noopener">{0}</a>').format(url))
        end = found.end()
    parts.append(escape(text[end:]))
    return Markup("").join(parts)


def _wanted() -> list[Mail]:
    """The mails to one address, or to all that are not made up, or all."""
    to = request.args.get("to", "")
    newest = stage().mailbox.newest(to="" if to == REAL else to)
    if to == REAL:
        newest = [mail for mail in newest if not mail.to.endswith(GUEST_DOMAIN)]
    return newest[:MOST_SHOWN]


def _whose() -> list[str]:
    """Whose mails can be shown alone: `real` first when made-up people got some too."""
    addresses = stage().mailbox.addresses()
    real = [one for one in addresses if not one.endswith(GUEST_DOMAIN)]
    return [REAL, *real] if len(real) < len(addresses) else real


def _row(mail: Mail) -> dict[str, Any]:
    preview = " ".join(mail.text.split())
    return {
        "number": mail.number,
        "from": mail.sender,
        "to": mail.to,
        "subject": mail.subject,
        "preview": preview[:140],
        "at": mail.at.isoformat(timespec="seconds"),
        "ago": round((stage().clock() - mail.at).total_seconds()),
        "read": stage().mailbox.is_read(mail.number),
    }


def _head(mail: Mail) -> dict[str, Any]:
    kept = ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe",
            "List-Unsubscribe-Post", "Reply-To", "Auto-Submitted")  # fmt: skip
    fields = [(name, str(mail.parsed[name])) for name in kept if mail.parsed[name]]
    return {"fields": fields, "one_click": mail.one_click_url, "size": len(mail.raw)}


def _as_seen(html: str, *, dark: bool) -> str:
    """The mail as a program in light or dark colours shows it, whatever this browser prefers."""
    seen = html.replace(_DARK, "@media all" if dark else "@media not all")
    scheme = "dark" if dark else "light"
    added = f'<base target="_blank"><style>:root{{color-scheme:{scheme}!important}}</style>'
    return seen.replace("</head>", f"{added}</head>", 1)
