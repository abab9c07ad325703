"""How does a form of settings show what is set, and how is what somebody wrote there saved?

Only what was changed is written, so one page leaves the settings of another alone. What was wrong
is named beside its field, and what was written is kept, except for secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request
from werkzeug.exceptions import Forbidden

from notifier.config_settings import Path
from notifier.errors import BadValue, Conflict, FieldProblem, InvalidInput
from notifier.i18n_figures import with_decimal_sign
from notifier.services.describe_settings import Describer, SettingField
from notifier.services.see_settings import newest_change
from notifier.services.setting_text import Shape, value_of
from notifier.services.settings import AS_IN_FILE, refresh, save_settings
from notifier.web.admin import page
from notifier.web.admin.door import person
from notifier.web.admin.said import by_field, said_of
from notifier.web.here import env

WORDS = "settings"
_BIGGEST = 2**63
_FEW = 16  # so many fields are shown at once; of more only the usual ones
_USUAL = frozenset(
    {
        "url",
        "urls",
        "pages",
        "rule",
        "user",
        "username",
        "password",
        "bearer",
        "auth_token",
        "from_number",
        "port",
        "security",
        "messaging_service_sid",
        "columns",
        "preset",
        "events",
        "every",
        "max_age",
    }
)
_MANY = (Shape.LIST, Shape.MAP)
_FIGURES = (Shape.NUMBER, Shape.SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as it is shown. `seen`: the newest change in it; `entered`: what was written, where
    that is not what is set; `problems`: by the name of the field; `trouble`: about all of it."""

    fields: Sequence[SettingField]
    seen: int = 0
    entered: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""
    status: int = 200

    def text(self, one: SettingField) -> str:
        return self.entered.get(one.name, self.was(one))

    def was(self, one: SettingField) -> str:
        """What is set, with the reader's decimal sign."""
        return in_figures(one.value) if one.shape in _FIGURES else one.value

    @property
    def usual(self) -> list[SettingField]:
        """What most set, and what somebody has set or got wrong."""
        return [one for one in self._all if self._is_usual(one)]

    @property
    def rest(self) -> list[SettingField]:
        return [one for one in self._all if not self._is_usual(one)]

    @property
    def _all(self) -> list[SettingField]:
        """Without the names of files that nobody has set."""
        return [one for one in self.fields if one.origin != "machine" or one.is_set]

    def _is_usual(self, one: SettingField) -> bool:
        named = one.required or one.name in _USUAL or len(self.fields) <= _FEW
        told = one.name in self.problems or one.name in self.entered
        return named or told or one.origin != "default"


Describe = Callable[[Describer], Sequence[SettingField]]


def shown(name: str, *, status: int = 200, **values: Any) -> Response:
    """A page of the settings."""
    return page.show(
        name,
        status=status,
        words=WORDS,
        label=label,
        help_of=help_of,
        label_at=label_at,
        in_figures=in_figures,
        **values,
    )


def said(name: str) -> str:
    return page.words_of(WORDS, page.locale())[name]


def label(one: SettingField) -> str:
    """What the field is called, in the reader's language where we have the word."""
    return _told(one)[0] or one.label


def label_at(path: str) -> str:
    """What the field of this path is called in its form; empty where it has none any more."""
    steps = path.split("/")
    labels = (_told_of(group, steps[-1])[0] for group in _groups_of(steps))
    return next(filter(None, labels), "")


def _groups_of(steps: Sequence[str]) -> list[str]:
    """Where the words for a setting may be, the nearest first."""
    match steps:
        case ["channels", name, _]:
            known = env().config.channels.get(name)
            return [known.kind] if known else []
        case ["shops", slug, "sources", name, _]:
            shop = env().config.shops.get(slug)
            source = shop.sources.get(name) if shop else None
            return [source.kind, "source"] if source else ["source"]
        case ["shops", _, "webhooks", _, _]:
            return ["webhook"]
        case ["shops", _, _]:
            return ["shop"]
        case ["shops", _, part, _] | [part, _]:
            return [part]
    return []


def in_figures(number: str) -> str:
    """A number that is written with a point, with the reader's decimal sign."""
    return with_decimal_sign(number, page.locale())


def help_of(one: SettingField) -> str:
    """What it does; for strangers' channels and sources as they themselves say it."""
    return _told(one)[1] or one.help.replace("`", "")


def _told(one: SettingField) -> tuple[str, str]:
    return _told_of(one.group, one.name)


def _told_of(group: str, name: str) -> tuple[str, str]:
    """Label and help of locales/admin/settings_fields.toml: `label | help`."""
    words = page.words_of("settings_fields", page.locale())
    found, _, told = words.get(f"{group}_{name}", "").partition(" | ")
    return found, told


def whole_service() -> None:
    """What all shops share is for who owns them all."""
    if person().shops:
        raise Forbidden("This is for all shops; you own some of them.")


def up_to_date() -> None:
    """Another process may have saved a moment ago; what is shown must be what is saved over."""
    refresh(env())


def open_form(describe: Describe) -> Form:
    """The form as it is now."""
    fields = list(describe(Describer(env())))
    return Form(fields=fields, seen=newest_change(env(), [one.path for one in fields]))


def save(describe: Describe, *, more: Mapping[Path, Any] | None = None) -> Form | None:
    """Save what was changed; the form with what is wrong in it, or None when all is saved.

    `more`: values that have no field. In a form for something new nothing is `seen`.
    """
    before = open_form(describe)
    back = request.form.get("back", "")
    changes: dict[Path, Any] = dict(more or {})
    problems: dict[str, str] = {}
    if back:
        changes |= {one.path: AS_IN_FILE for one in before.fields if one.name == back}
    else:
        _read(before.fields, changes, problems)
    if problems:
        return _again(before, problems=problems, status=422)
    try:
        done = changes and save_settings(
            env(),
            changes,
            by=person(),
            seen_change=_seen() if more is None else None,
            under=["/".join(one.path) for one in before.fields],
            ip=request.remote_addr or "",
        )
    except InvalidInput as error:
        by_name, rest = _sorted(error, before.fields)
        return _again(before, problems=by_name, trouble=rest, status=422)
    except Conflict as error:
        refresh(env())
        return _again(open_form(describe), trouble=said_of(error), status=409)
    page.note(said("saved" if done else "nothing_changed"))
    return None


def wrong(form: Form, error: InvalidInput | Conflict) -> Form:
    """The form again, with an error that was found outside of its fields."""
    status = 422 if isinstance(error, InvalidInput) else 409
    if not isinstance(error, InvalidInput):
        return _again(form, trouble=said_of(error), status=status)
    problems = {f"@{field}": said for field, said in by_field(error).items()}
    return _again(form, problems=problems, status=status)


def is_new(name: str) -> bool:
    """Whether the browser sent another value than it was shown."""
    form = request.form
    was, now = form.get(f"was.{name}"), form.get(f"s.{name}")
    if was is None and now is None:
        return False
    return _even(now or "") != _even(was or "")


def _seen() -> int:
    text = request.form.get("seen", "")
    if not (text.isascii() and text.isdigit()) or int(text[:20]) >= _BIGGEST:
        raise InvalidInput.of("seen", "number", "must be the number of a change")
    return int(text)


def _read(
    fields: Sequence[SettingField], changes: dict[Path, Any], problems: dict[str, str]
) -> None:
    for one in fields:
        text = _even(request.form.get(f"s.{one.name}", ""))
        if one.read_only or not (bool(text) if one.secret else is_new(one.name)):
            continue
        try:
            shape = one.shape if not one.secret or one.shape in _MANY else Shape.TEXT
            changes[one.path] = value_of(shape, text)
        except BadValue as error:
            told = FieldProblem(
                field=one.name, code=error.code, message=str(error), values=error.values
            )
            problems[one.name] = said_of(told)


def _again(form: Form, *, status: int, trouble: str = "", problems: Any = None) -> Form:
    """The same with what was written, but no secret."""
    entered = {
        one.name: _even(request.form.get(f"s.{one.name}", ""))
        for one in form.fields
        if not one.secret and not one.read_only and is_new(one.name)
    }
    return Form(
        fields=form.fields,
        seen=form.seen,
        entered=entered,
        problems=problems or {},
        trouble=trouble,
        status=status,
    )


def _sorted(error: InvalidInput, fields: Sequence[SettingField]) -> tuple[dict[str, str], str]:
    """Problems by the name of their field, and in one text those that belong to none."""
    by_name: dict[str, str] = {}
    rest = []
    for problem in error.problems:
        steps = tuple(problem.field.split("/"))
        for one in fields:
            if steps[: len(one.path)] == one.path:
                by_name[one.name] = said_of(problem)
                break
        else:
            rest.append(said_of(problem))
    return by_name, " ".join(dict.fromkeys(rest))


def _even(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
