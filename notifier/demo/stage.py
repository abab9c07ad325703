"""What is on stage in the demo: shop, feed, mailbox, phones, notifier; and how do they meet?"""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime

from notifier.demo.clock import DemoClock
from notifier.demo.goods import GOODS, LANGUAGES
from notifier.demo.mailbox import Mailbox
from notifier.demo.merchant_feed import FeedDesk
from notifier.demo.push import ApiAnswer, push_stock, put_products, sign_up_guests
from notifier.demo.settings import SHOP, Keys, Places
from notifier.demo.shop import Act, Shop
from notifier.demo.twilio_network import PhoneNetwork
from notifier.services.env import Env, ShopRef

__all__ = ["GUEST_DOMAIN", "STRATEGIES", "Note", "Stage", "TextBack"]

STRATEGIES = ("adaptive", "per_unit", "fixed", "all")
FLAP_EVERY = 2.1  # seconds: longer than the pace of looking, shorter than the cool-down
FLAPS = 3
GUESTS = ("Ada", "Bela", "Cleo", "Dora", "Emil", "Finn", "Gita", "Hugo", "Ines", "Jan",
          "Kira", "Leo", "Mila", "Nora", "Otto", "Pia", "Rosa", "Sami", "Tom", "Uma")  # fmt: skip
GUEST_DOMAIN = "@guests.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that happened on the stage itself, for the timeline."""

    at: datetime
    kind: str
    variant: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextBack:
    """An answer typed on the phone's page (`person`), or what the network says to it itself."""

    number: str
    at: datetime
    side: str
    text: str


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything the demo's pages look at and turn."""

    places: Places
    keys: Keys
    shop: Shop
    desk: FeedDesk
    mailbox: Mailbox
    phones: PhoneNetwork
    env: Env
    clock: DemoClock
    since: datetime
    travelling: threading.Lock = field(default_factory=threading.Lock)
    notes: deque[Note] = field(default_factory=lambda: deque(maxlen=200))
    texts_back: list[TextBack] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _flapping: set[str] = field(default_factory=set)
    _guests: int = 0

    def __post_init__(self) -> None:
        self.shop.on_change = self._shop_changed

    @property
    def ref(self) -> ShopRef:
        return self.env.shop(SHOP)

    def stop(self) -> None:
        """End what flaps."""
        self._stopping.set()

    def note(self, kind: str, text: str, *, variant: str = "") -> None:
        self.notes.append(Note(at=self.clock(), kind=kind, variant=variant, text=text))

    # How the shop tells the notifier.

    def set_pushing(self, on: bool) -> None:
        """Push every change at once (the feed then stands still), or wait to be polled."""
        self.desk.pushes = on
        words = "Changes are pushed at once" if on else "Changes wait in the feed to be polled"
        self.note("switch", f"{words}.")

    def _shop_changed(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            shelf = self.shop.shelf(key)
            units = "" if shelf.quantity is None else f", {shelf.quantity} left"
            when = f", expected {shelf.eta}" if shelf.eta else ""
            words = shelf.availability.value.replace("_", " ")
            self.note("shop", f"The shop changed it: {words}{units}{when}.", variant=key)
        if self.desk.pushes and keys:
            self.push(keys)

    def push(self, keys: tuple[str, ...]) -> ApiAnswer:
        """POST /api/v1/stock for these variants."""
        answer = push_stock(
            self.places.notifier,
            {key: self.shop.shelf(key) for key in keys},
            key=self.keys.api,
        )
        about = keys[0] if len(keys) == 1 else ""
        if answer.ok:
            held = ", held for Olga's word" if answer.body.get("held") else ""
            said = f"{answer.body.get('changed')} changed, {answer.body.get('announced')} announced"
            self.note("push", f"Pushed: {said}{held}.", variant=about)
        else:
            self.note("push", f"Push refused ({answer.status}): {answer.problem}", variant=about)
        return answer

    def name_products(self) -> ApiAnswer:
        """Tell the notifier what the goods are called in every language."""
        return put_products(
            self.places.notifier,
            [
                {
                    "key": good.key,
                    "titles": {one: good.name[one] for one in LANGUAGES},
                    "variants": [
                        {"key": kind.key, "titles": {one: kind.label[one] for one in LANGUAGES}}
                        for kind in good.kinds
                    ],
                }
                for good in GOODS
            ],
            key=self.keys.api,
        )

    # What can be played.

    def flap(self, key: str) -> bool:
        """In and out of stock, quickly, as a warehouse sync gone mad; False while it does."""
        if key in self._flapping:
            return False
        self._flapping.add(key)
        threading.Thread(target=self._flap, args=(key,), name="demo-flap", daemon=True).start()
        return True

    def _flap(self, key: str) -> None:
        for _ in range(FLAPS):
            for act in (Act.EMPTY, Act.RESTOCK):
                self.shop.act(key, act)
                if self._stopping.wait(FLAP_EVERY):
                    return
        self._flapping.discard(key)

    def add_guests(self, key: str, count: int) -> int:
        """Made-up people who wait for a variant too; how many got in line."""
        names = []
        for _ in range(count):
            name = GUESTS[self._guests % len(GUESTS)].lower()
            number = self._guests // len(GUESTS)
            names.append(f"{name}{number or ''}{GUEST_DOMAIN}")
            self._guests += 1
        answers = sign_up_guests(
            self.places.notifier,
            key,
            names,
            key=self.keys.api,
        )
        joined = sum(answer.status == 201 for answer in answers)
        refused = next((answer.problem for answer in answers if not answer.ok), "")
        words = f"{joined} made-up people got in line."
        self.note("guests", f"{words} {refused}".strip(), variant=key)
        return joined

    def choose_strategy(self, name: str) -> None:
        """As if release.strategy in the configuration were changed."""
        ref = self.ref
        release = ref.config.release.model_copy(update={"strategy": name})
        config = ref.config.model_copy(update={"release": release})
        self.env.shops[SHOP] = replace(ref, config=config)
        self.note("switch", f"Releases that begin now are told by “{name}”.")

    def one_click(self, url: str) -> int:
        """What a mail program does at "Unsubscribe" (RFC 8058); the answer's status, 0: none."""
        asked = urllib.request.Request(
            url,
            data=b"List-Unsubscribe=One-Click",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0
