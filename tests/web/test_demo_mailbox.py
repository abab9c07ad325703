"""Does the demo's mail server take mail as others do, and does the mailbox show what came?"""

from __future__ import annotations

import smtplib
import tomllib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from notifier.demo.inbox import linked
from notifier.demo.mailbox import Mailbox, MailServer
from notifier.demo.place import find_ports, lent_folder
from notifier.demo.settings import Keys, Places, config_tree, make_config, read_keys, to_toml
from notifier.errors import ConfigError


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[MailServer]:
    server = MailServer(lambda sender, to, raw: mailbox.add(mail_from=sender, to=to, raw=raw))
    server.start()
    yield server
    server.stop()


def letter(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Kettle & Co <hello@kettle.example>"
    mail["To"] = "ann@waits.example"
    mail["Subject"] = "Zurück: Kännchen"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Es ist da: https://kettle.example/p.\n")
    mail.add_alternative("<html><head></head><body><h1>Es ist da</h1></body></html>", "html")
    return mail


def send(server: MailServer, mail: EmailMessage, to: str = "ann@waits.example") -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
        client.send_message(mail, from_addr="bounce@kettle.example", to_addrs=[to])


def test_a_mail_comes_with_its_parts_and_headers(server: MailServer, mailbox: Mailbox) -> None:
    send(server, letter())
    [mail] = mailbox.newest()
    assert (mail.mail_from, mail.to) == ("bounce@kettle.example", "ann@waits.example")
    assert (mail.subject, mail.sender) == ("Zurück: Kännchen", "Kettle & Co")
    assert mail.text.startswith("Es ist da")
    assert "<h1>" in mail.html
    assert mailbox.count() == (1, 1)


def test_reading_a_mail_makes_it_read(server: MailServer, mailbox: Mailbox) -> None:
    send(server, letter())
    mailbox.mark_read(1)
    assert mailbox.count() == (1, 0)


def test_mail_to_nobody_bounces_as_a_wrong_address_does(
    server: MailServer, mailbox: Mailbox
) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(server, letter(), to="nobody.7@guests.example")
    [(code, words)] = refused.value.recipients.values()
    assert (code, words[:5]) == (550, b"5.1.1")
    assert mailbox.count() == (0, 0)


def test_the_newest_mail_comes_first_and_one_persons_mails_can_be_had_alone(
    server: MailServer, mailbox: Mailbox
) -> None:
    for to in ("ann@waits.example", "ben@waits.example", "ann@waits.example"):
        send(server, letter(), to=to)
    assert [mail.number for mail in mailbox.newest()] == [3, 2, 1]
    assert [mail.number for mail in mailbox.newest(to="ann@waits.example")] == [3, 1]
    assert mailbox.addresses() == ["ann@waits.example", "ben@waits.example"]


def test_the_one_click_address_counts_only_with_its_second_header(
    server: MailServer, mailbox: Mailbox
) -> None:
    url = "http://localhost:8025/u/abc"
    send(server, letter(List_Unsubscribe=f"<mailto:stop@kettle.example>, <{url}>"))
    send(
        server,
        letter(
            List_Unsubscribe=f"<mailto:stop@kettle.example>, <{url}>",
            List_Unsubscribe_Post="List-Unsubscribe=One-Click",
        ),
    )
    assert [mail.one_click_url for mail in mailbox.newest()] == [url, ""]


def test_mails_outlive_the_process(server: MailServer, mailbox: Mailbox, tmp_path: Path) -> None:
    send(server, letter())
    [mail] = Mailbox(tmp_path / "mail").newest()
    assert (mail.to, mail.subject) == ("ann@waits.example", "Zurück: Kännchen")


def test_links_in_a_text_can_be_clicked_and_nothing_else_is_markup() -> None:
    html = linked('<b>Now</b> "https://kettle.example/p?a=1&b=2". javascript:alert(1)')
    assert html.count("<a ") == 1
    assert 'href="https://kettle.example/p?a=1&amp;b=2"' in html
    assert "<b>" not in html
    assert "javascript:alert(1)" in html


def test_the_written_configuration_is_the_one_that_runs(tmp_path: Path) -> None:
    places = Places(
        folder=tmp_path / 'a "strange" folder',
        notifier="http://localhost:8025",
        storefront="http://localhost:8026",
        listen="127.0.0.1:8025",
        smtp_port=2525,
        phone_url="http://127.0.0.1:9999",
    )
    tree = config_tree(places, Keys(), keep_all=True)
    assert make_config(tomllib.loads(to_toml(tree))) == make_config(tree)


def test_a_folder_used_again_keeps_its_keys(tmp_path: Path) -> None:
    keys = Keys()
    places = Places(
        folder=tmp_path,
        notifier="http://localhost:8025",
        storefront="http://localhost:8026",
        listen="127.0.0.1:8025",
        smtp_port=2525,
        phone_url="http://127.0.0.1:9999",
    )
    (tmp_path / "config.toml").write_text(to_toml(config_tree(places, keys)))
    assert read_keys(tmp_path) == keys


def test_a_busy_port_makes_the_demo_take_the_next_two(server: MailServer) -> None:
    first, second = find_ports(server.port)
    assert second == first + 1
    assert server.port not in (first, second)


@pytest.mark.parametrize("port", [-1, 65_535, 70_000])
def test_a_port_that_cannot_be_is_refused_with_what_to_do(port: int) -> None:
    with pytest.raises(ConfigError, match=str(port)):
        find_ports(port)


def test_a_lent_folder_is_gone_afterwards_and_a_given_one_stays(tmp_path: Path) -> None:
    with lent_folder(None) as lent:
        (lent / "notifier.db").touch()
    assert not lent.exists()
    with lent_folder(tmp_path / "mine") as mine:
        (mine / "notifier.db").touch()
    assert (mine / "notifier.db").exists()
