"""With which made-up orders are the messages to people who have bought something tried?

What the samples of message_samples.py have besides: a new date or none, every meaning of silence,
the withdrawal link or none, every end an order can have. The locked sentences are like the real
ones (locales/*.toml, section `clause`), not the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notifier.domain.message import LEGAL_NOTICES, MessageKind

_LINK = "https://notify.kettle.example/o/AYrR0mWq2H6tKcZ8vQe5Lx1bNs7pJd4GfUo"

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "placed_on": "2 March 2026",
        "eta": "by 20 April 2026",
        "was": "by 1 April 2026",
        "later": "by 8 April 2026",
        "reason": "The glaze of the last batch had flaws, so the potter is making it anew.",
        "answer_by": "8 April 2026",
        "date": "The revised shipping date for this item is 20 April 2026.",
        "no_date": "We are unable to say when we can ship this item.",
        "choice": "You have a choice: agree to this delay, or cancel and be refunded promptly.",
        "consents": "Unless we hear from you before 20 April 2026, you are deemed to agree.",
        "cancels": "Unless we hear from you by 8 April 2026, the order is cancelled and refunded.",
        "nothing": "If you do not answer, you have agreed to nothing.",
        "refund": "If you cancel, we send back all you paid within seven working days.",
        "right": "You may withdraw from the contract until 14 days after you have received it.",
        "withdraw": "withdraw from contract here",
        "at": "20 April 2026, 23:59 (Central European Summer Time)",
        "customer": "You cancelled it.",
        "time": "It was not shipped in time, and we did not hear that you want to wait.",
        "shop": "We cannot supply this item and have cancelled it ourselves.",
        "refund_by": "30 April 2026",
        "gift": "A tin of tea comes with every pre-order.",
    },
    "de": {
        "placed_on": "2. März 2026",
        "eta": "bis zum 20. April 2026",
        "was": "bis zum 1. April 2026",
        "later": "bis zum 8. April 2026",
        "reason": "Die Glasur der letzten Charge war fehlerhaft, die Töpferei fertigt sie neu.",
        "answer_by": "8. April 2026",
        "date": "Der neue Versandtermin für diesen Artikel ist der 20. April 2026.",
        "no_date": "Wir können nicht sagen, wann wir diesen Artikel versenden können.",
        "choice": "Sie haben die Wahl: der Verzögerung zustimmen oder stornieren.",
        "consents": "Hören wir vor dem 20. April 2026 nichts, gelten Sie als einverstanden.",
        "cancels": "Hören wir bis zum 8. April 2026 nichts, wird storniert und erstattet.",
        "nothing": "Wenn Sie nicht antworten, haben Sie nichts zugestimmt.",
        "refund": "Wenn Sie stornieren, senden wir alles innerhalb von sieben Arbeitstagen zurück.",
        "right": "Sie können den Vertrag bis 14 Tage nach Erhalt widerrufen.",
        "withdraw": "Vertrag widerrufen",
        "at": "20. April 2026, 23:59 (Mitteleuropäische Sommerzeit)",
        "customer": "Sie haben storniert.",
        "time": "Der Artikel ist nicht rechtzeitig versandt worden.",
        "shop": "Wir können diesen Artikel nicht liefern und haben ihn selbst storniert.",
        "refund_by": "30. April 2026",
        "gift": "Zu jeder Vorbestellung gibt es eine Dose Tee.",
    },
    "es": {
        "placed_on": "2 de marzo de 2026",
        "eta": "como tarde el 20 de abril de 2026",
        "was": "como tarde el 1 de abril de 2026",
        "later": "como tarde el 8 de abril de 2026",
        "reason": "El esmalte de la última remesa tenía defectos y el taller lo repite.",
        "answer_by": "8 de abril de 2026",
        "date": "La nueva fecha de envío de este artículo es el 20 de abril de 2026.",
        "no_date": "No podemos decir cuándo podremos enviar este artículo.",
        "choice": "Se puede elegir: aceptar este retraso, o cancelar y recibir el reembolso.",
        "consents": "Sin respuesta antes del 20 de abril de 2026, se entenderá aceptado.",
        "cancels": "Sin respuesta hasta el 8 de abril de 2026, el pedido se cancela y se devuelve.",
        "nothing": "Sin respuesta no se acepta ningún cambio.",
        "refund": "En caso de cancelación, devolvemos todo en siete días laborables.",
        "right": "Se puede desistir del contrato hasta 14 días después de recibirlo.",
        "withdraw": "desistir del contrato aquí",
        "at": "20 de abril de 2026, 23:59 (hora de verano de Europa central)",
        "customer": "La cancelación ha sido a petición del cliente.",
        "time": "El artículo no se envió a tiempo.",
        "shop": "No podemos suministrar este artículo y lo hemos cancelado nosotros.",
        "refund_by": "30 de abril de 2026",
        "gift": "Con cada reserva se regala una lata de té.",
    },
}


def about_order(context: dict[str, Any], language: str) -> dict[str, Any]:
    """The values that only messages about orders have, added to those of the rich sample."""
    words = _WORDS[language]
    product = {**context["product"], "url": "https://kettle.example/p/dawn", "regular_price": ""}
    return {
        **context,
        "product": {**product, "variant": context["variant"]["title"]},
        "order": {"ref": "K-1001", "placed_on": words["placed_on"], "preorder": False},
        "eta": {
            "text": words["eta"],
            "was": words["was"],
            "overdue": False,
            "arrives": False,
        },
        "promised": {"text": words["was"]},
        "notice": {
            "reason": words["reason"],
            "answer_by": words["answer_by"],
            "silence": "cancels",
            "renewed": True,
            "legal": True,
        },
        "clauses": _sentences(words, "date", "choice", "cancels", "refund", "right"),
        "links": {
            "decide": _LINK,
            "wait": f"{_LINK}?choose=wait",
            "cancel": f"{_LINK}?choose=cancel",
            "withdraw": f"{_LINK}?choose=withdraw",
        },
        "labels": {"withdraw": words["withdraw"]},
        "choices": dict.fromkeys(("wait", "cancel", "withdraw"), True),
        "checking": {"about": "no_news"},
        "cancellation": _ended(words, "customer"),
    }


def vary_order(context: dict[str, Any], language: str, sample: str, *, kind: MessageKind) -> None:
    """What the samples of this name differ in besides, in an order."""
    words = _WORDS[language]
    match sample:
        case "bare":
            _take_away(context, words)
        case "right to left":
            context["notice"].update(silence="nothing", renewed=False)
            context["clauses"] = _sentences(words, "date", "choice", "nothing", "refund", "right")
            context["eta"].update(arrives=True)
            context["checking"]["about"] = "missed"
            context["choices"].update(period=True)
            context["cancellation"] = _ended(words, "shop", partly=True)
        case "emoji":
            context["notice"].update(silence="consents", renewed=False)
            context["clauses"] = _sentences(words, "date", "choice", "consents", "refund")
            context["order"]["preorder"] = True
            context["incentive"] = {"code": "DAWN-EARLY", "text": words["gift"]}
            context["eta"]["was"] = ""
            context["cancellation"] = _ended(words, "time")
        case "nothing left":
            context["eta"].update(text="", was=words["later"])
            context["clauses"] = _sentences(words, "no_date", "choice", "cancels", "refund")
            context["checking"]["about"] = "missed"
            context["choices"].update(wait=False, period=True, terminate=True)
            context["cancellation"] = _ended(words, "time", partly=True)
    if sample not in ("bare", "nothing left"):
        title = context["variant"]["title"]
        context["product"]["variant"] = "" if context["any_variant"] else title
    if kind is MessageKind.ORDER_CANCELLED:
        context["links"]["withdraw"] = context["labels"]["withdraw"] = ""
    if kind not in LEGAL_NOTICES:  # news says no more than what every message says
        context["clauses"] = _sentences(words, "right") if context["links"]["withdraw"] else []


def _take_away(context: dict[str, Any], words: Mapping[str, str]) -> None:
    """Only what a message about an order cannot do without."""
    context["product"].update(url="", variant="")
    context["order"].update(ref="", placed_on="")
    context["eta"].update(arrives=False)
    context["promised"]["text"] = ""
    context["notice"].update(reason="", answer_by="", silence="nothing", renewed=False, legal=False)
    context["clauses"] = _sentences(words, "choice")
    context["links"] = {
        "decide": _LINK,
        "wait": f"{_LINK}?choose=wait",
        "cancel": f"{_LINK}?choose=cancel",
        "withdraw": "",
    }
    context["labels"]["withdraw"] = ""
    context["choices"] = {}
    context["checking"]["about"] = "review"


def _sentences(words: Mapping[str, str], *names: str) -> list[dict[str, str]]:
    return [{"text": words[name]} for name in names]


def _ended(words: Mapping[str, str], by: str, *, partly: bool = False) -> dict[str, Any]:
    return {
        "at": words["at"],
        "by": by,
        "ground": words[by],
        "refund_by": words["refund_by"],
        "partly": partly,
    }
