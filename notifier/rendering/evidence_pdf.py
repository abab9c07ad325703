"""How is the record of one order printed?

The same document as the JSON export, which is embedded in the file whole: where a glyph is missing
or a text was cut for the page, the exact value is there. Needs the extra `evidence`.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from notifier.errors import ConfigError

if TYPE_CHECKING:
    from fpdf import FPDF

FONT = "open-sans"
INK = (28, 32, 38)
SOFT = (96, 104, 114)
RULE = (208, 212, 217)
PANEL = (245, 246, 248)
ATTACHED = "evidence.json"


def evidence_pdf(document: dict[str, Any]) -> bytes:
    """`document` (services.evidence) as a PDF file, with the document itself embedded as JSON.

    Raises errors.ConfigError when the extra `evidence` is not installed.
    """
    page = _Page(document)
    page.print_all()
    return page.as_bytes()


def _sheet(footer: str) -> FPDF:
    try:
        import ttf_opensans
        from fpdf import FPDF
    except ImportError as missing:
        raise ConfigError(
            f"To print evidence as PDF, install the extra: pip install 'notifier[evidence]' "
            f"({missing.name} is missing). The JSON export needs nothing."
        ) from missing

    class Sheet(FPDF):
        def footer(self) -> None:
            self.set_y(-14)
            self.set_font(FONT, size=7.5)
            self.set_text_color(*SOFT)
            self.cell(0, 5, footer, align="L")
            self.set_x(self.l_margin)
            self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")

    sheet = Sheet(format="A4")
    folder = ttf_opensans.TTF_BIN_FOLDER
    sheet.add_font(FONT, fname=str(folder / "OpenSans-Regular.ttf"))
    sheet.add_font(FONT, style="B", fname=str(folder / "OpenSans-SemiBold.ttf"))
    sheet.set_margins(18, 18, 18)
    sheet.set_auto_page_break(True, margin=20)
    return sheet


class _Page:
    """One file in the making. `_text` is the only place that puts words on paper."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        order = document["order"]
        self._zone = ZoneInfo(order["ship_to"]["zone"])
        self._sheet = _sheet(f"{document['shop']['name']} · order {order['ref']} · evidence"[:110])
        known = self._sheet.fonts[FONT].cmap  # type: ignore[union-attr]
        self._glyphs = frozenset(known)

    def as_bytes(self) -> bytes:
        self._sheet.embed_file(
            bytes=json.dumps(self._document, ensure_ascii=False, indent=2).encode(),
            basename=ATTACHED,
            mime_type="application/json",
        )
        return bytes(self._sheet.output())

    def print_all(self) -> None:
        document, sheet = self._document, self._sheet
        made_at = datetime.fromisoformat(document["made_at"])
        sheet.set_title(f"Evidence for order {document['order']['ref']}")
        sheet.set_creation_date(made_at)
        sheet.set_creator(document["made_by"])
        sheet.add_page()
        self._print_order()
        for line in document["lines"]:
            self._print_line(line)
        self._print_ledger(document["ledger"])

    def _print_order(self) -> None:
        document = self._document
        order = document["order"]
        self._text(f"Order {order['ref']}", size=20, bold=True)
        self._text(f"Record of what was promised, told and decided · {document['shop']['name']}")
        self._gap(4)
        customers = ", ".join(f"{one['address']} ({one['medium']})" for one in order["customer"])
        self._facts(
            ("Customer", customers),
            ("Complete since", self._when(order["completed_at"])),
            ("Received", f"{self._when(order['received_at'])} {order['received_from']}".strip()),
            ("Ships to", f"{order['ship_to']['country'] or 'unknown'}, {self._zone.key}"),
            ("This copy made", f"{self._when(document['made_at'])} by {document['made_by']}"),
        )
        self._text(
            f"Times are those of {self._zone.key}. The file {ATTACHED}, embedded here, holds the "
            "same record with every value in full.",
            size=8,
            soft=True,
        )

    def _print_line(self, line: dict[str, Any]) -> None:
        stands = line["stands"]
        self._gap(6)
        self._heading(f"Line {line['ref']}: {line['title']}")
        promise = (line["promise"] or {}).get("text") or "nothing; the law's own time counts"
        refund = stands["refund"]
        self._facts(
            ("Quantity", f"{line['quantity']}, sold as {line['sold_as']}"),
            ("Promised", promise),
            ("Rules", stands["rules"]),
            ("Promised until", stands["promised_until"]),
            ("To be met until", stands["must_be_met_until"] or "no such day"),
            ("Stands at", _words(stands["state"])),
            ("Next", _words(stands["next_step"])),
            *(
                [
                    (
                        "Refund",
                        f"due since {refund['vested_on']} ({_words(refund['ground'])}), by "
                        f"{refund['to_be_sent_by']}; "
                        + (
                            f"sent {self._when(refund['sent_at'])}"
                            if refund["sent_at"]
                            else "not sent yet"
                        ),
                    )
                ]
                if refund
                else []
            ),
        )
        self._subheading("Why it stands there")
        for reason in stands["reasons"]:
            self._row(self._when(reason["at"]), _words(reason["why"]), detail=reason["paragraph"])
        self._subheading("What happened")
        for event in line["history"]:
            self._row(
                self._when(event["at"]),
                " · ".join(filter(None, (_words(event["kind"]), event["by"]))),
                detail=_told(event["facts"]),
            )
        for notice in line["notices"]:
            self._print_notice(notice)

    def _print_notice(self, notice: dict[str, Any]) -> None:
        self._subheading(f"Sent: {_words(notice['kind'])} by {notice['medium']}")
        taken = notice["taken_by_provider_at"]
        back = notice["came_back_at"]
        fate = f"taken by the provider {self._when(taken)}" if taken else "not taken by a provider"
        if back:
            fate += f"; came back {self._when(back)}"
        self._facts(
            ("To", notice["to"]),
            ("Written", f"{self._when(notice['written_at'])}, try {notice['attempt']}"),
            ("Fate", fate),
            ("SHA-256", notice["sha256"] + ("" if notice["intact"] else "  DOES NOT FIT THE TEXT")),
        )
        self._panel(notice["subject"], notice["text"])

    def _print_ledger(self, links: list[dict[str, Any]]) -> None:
        self._gap(6)
        self._heading("Ledger")
        self._text(
            "Each entry holds the hash of the one before it. `notifier audit verify` walks the "
            "whole chain.",
            size=8,
            soft=True,
        )
        for link in links:
            number = "not sealed yet" if link["sequence"] is None else f"{link['book']} no. "
            number += "" if link["sequence"] is None else str(link["sequence"])
            self._row(
                self._when(link["at"]),
                f"{number} · {_words(link['act'])}",
                detail=" ".join(
                    filter(
                        None,
                        (
                            link["hash"] and f"hash {link['hash']}",
                            link["facts"].get("digest")
                            and f"of what was sent {link['facts']['digest']}",
                        ),
                    )
                ),
            )

    # ---- the pieces ----

    def _heading(self, words: str) -> None:
        self._line()
        self._sheet.start_section(self._legible(words)[:80])
        self._text(words, size=13, bold=True)
        self._gap(1)

    def _subheading(self, words: str) -> None:
        self._gap(3)
        if self._sheet.will_page_break(18):
            self._sheet.add_page()
        self._text(words, size=9.5, bold=True)
        self._gap(0.5)

    def _facts(self, *pairs: tuple[str, str]) -> None:
        for name, value in pairs:
            self._two(name, value, width=34)

    def _row(self, when: str, what: str, *, detail: str = "") -> None:
        self._two(when, what, width=52)
        if detail:
            self._indented(detail, by=52)

    def _two(self, left: str, right: str, *, width: float) -> None:
        sheet = self._sheet
        if sheet.will_page_break(6):
            sheet.add_page()
        top, page = sheet.get_y(), sheet.page_no()
        self._text(left, soft=True, width=width)
        sheet.set_xy(sheet.l_margin + width, top) if sheet.page_no() == page else None
        self._text(right)
        sheet.set_x(sheet.l_margin)

    def _indented(self, words: str, *, by: float) -> None:
        self._sheet.set_x(self._sheet.l_margin + by)
        self._text(words, size=7.5, soft=True)

    def _panel(self, subject: str, body: str) -> None:
        sheet = self._sheet
        sheet.set_fill_color(*PANEL)
        self._gap(1)
        if subject:
            self._text(subject, bold=True, fill=True)
        self._text(body, size=8, fill=True)

    def _line(self) -> None:
        sheet = self._sheet
        sheet.set_draw_color(*RULE)
        sheet.line(sheet.l_margin, sheet.get_y(), sheet.w - sheet.r_margin, sheet.get_y())
        self._gap(2)

    def _gap(self, height: float) -> None:
        self._sheet.ln(height)

    def _text(
        self,
        words: str,
        *,
        size: float = 9,
        bold: bool = False,
        soft: bool = False,
        width: float = 0,
        fill: bool = False,
    ) -> None:
        sheet = self._sheet
        sheet.set_font(FONT, style="B" if bold else "", size=size)
        sheet.set_text_color(*(SOFT if soft else INK))
        sheet.multi_cell(
            width,
            size * 0.52,
            self._legible(words),
            align="L",
            fill=fill,
            new_x="LMARGIN",
            new_y="NEXT",
            padding=(1, 2) if fill else 0,
        )

    def _legible(self, words: str) -> str:
        """A glyph the font lacks is shown by its number; the embedded file has it as it is."""
        return "".join(
            char if char in "\n" or ord(char) in self._glyphs else f"\\u{ord(char):04x}"
            for char in words
        )

    def _when(self, iso: str) -> str:
        return datetime.fromisoformat(iso).astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


def _told(facts: dict[str, Any]) -> str:
    return ", ".join(
        f"{_words(name)}: {_WORDS.get(value, value) if value is None or value is True else value}"
        for name, value in sorted(facts.items())
        if name not in _INNER and value not in ("", [], {})
    )


_WORDS = {None: "none", True: "yes"}
_INNER = frozenset({"signature", "scope", "eta"})  # all in the embedded file
