"""How does a message look in a real mailbox or phone? Sample data, one address, nothing stored."""

from __future__ import annotations

import secrets

from notifier.channels.base import Letter, Phase, Result
from notifier.domain.message import Medium, MessageKind
from notifier.domain.message_samples import sample_context
from notifier.errors import InvalidInput, NotFound
from notifier.i18n import available_locales, choose_locale
from notifier.rendering import Renderer
from notifier.services.channels import make_channel
from notifier.services.env import Env


def send_test(
    env: Env,
    renderer: Renderer,
    *,
    channel: str,
    address: str,
    shop: str = "",
    kind: str = "back_in_stock",
    locale: str = "",
) -> Result:
    """Send one message now. Raises errors.NotFound, InvalidInput, ConfigError, TemplateProblem."""
    section = env.config.channels.get(channel)
    if section is None:
        raise NotFound(
            f"There is no channel {channel!r}. There are: {', '.join(env.config.channels)}."
        )
    ref = env.shop(shop) if shop else next(iter(env.shops.values()), None)
    if ref is None:
        raise NotFound("No shop is configured.")
    if kind not in {one.value for one in MessageKind}:
        raise InvalidInput.of("kind", "unknown", f"There is no message {kind!r}.")
    if locale and not choose_locale(locale, available_locales(), default=""):
        there = ", ".join(available_locales())
        raise InvalidInput.of("locale", "unknown", f"There is no {locale!r}. There are: {there}.")
    medium = Medium.SMS if carries_sms(env, channel) else Medium.EMAIL
    language = locale or ref.config.locale
    context = sample_context(MessageKind(kind), language)
    context["shop"] = {**context["shop"], "name": ref.config.name}
    rendered = renderer.render(
        MessageKind(kind), medium=medium, shop=ref.slug, locale=language, context=context
    )
    letter = Letter(
        message_id=0,
        uid=f"test-{secrets.token_hex(8)}",
        attempt_no=1,
        kind=kind,
        address=address,
        shop=ref.slug,
        locale=rendered.locale,
        sender=ref.config.sender,
        reply_to=ref.config.reply_to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        short=rendered.short,
    )
    return post_now(env, channel, letter)


def carries_sms(env: Env, channel: str) -> bool:
    """Whether this channel is one for SMS: by its kind, or because a shop uses it so."""
    section = env.config.channels.get(channel)
    by_kind = section is not None and section.kind.startswith("sms_")
    return by_kind or any(one.config.sms_channel == channel for one in env.shops.values())


def post_now(env: Env, channel: str, letter: Letter) -> Result:
    """Hand one letter over, beside the outbox, and say what came of it. Raises ConfigError."""
    made = make_channel(env, channel)

    def note(_message_id: int, _phase: Phase) -> None:
        """A test leaves no trace, so there is nothing to take over after a crash."""

    try:
        for _, result in made.send([letter], note=note):
            return result
    finally:
        made.close()
    raise NotFound(f"Channel {channel!r} gave no answer.")
