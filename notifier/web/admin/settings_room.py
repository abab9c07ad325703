"""How is one of several kinds, a channel or a source, set up, changed and taken away?

The pages of both do this alike. What only one of them can, to send a test or to look now, is in its
own file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, request, url_for

from notifier.config_settings import Path
from notifier.domain.rights import Right
from notifier.errors import InvalidInput, NotFound
from notifier.services.describe_settings import Describer, SettingField
from notifier.services.make_secrets import refuse_name
from notifier.services.settings import AS_IN_FILE, save_settings
from notifier.web.admin.door import needs, person
from notifier.web.admin.page import note
from notifier.web.admin.paging import asked_choice
from notifier.web.admin.settings_form import Form, open_form, said, save, shown, up_to_date, wrong
from notifier.web.here import env

_NOBODY = "-"  # the name of one that has none yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The settings of all that are a `what`, such as a channel.

    `blueprint`: of their pages, below `here`. `every`: those there are, by name. `base`: where the
    settings of one are. `describe`: its fields. `kinds`: that can be added. `extra`: what the page
    of one shows besides. `allow`: raises Forbidden for who may not see these. `refuse_removal`:
    raises errors.Conflict for one that must stay.
    """

    what: str
    blueprint: Blueprint
    here: str
    every: Callable[[], Mapping[str, Any]]
    base: Callable[[str], Path]
    describe: Callable[[Describer, str, Path], Sequence[SettingField]]
    kinds: Callable[[], Sequence[str]]
    extra: Callable[[str], Mapping[str, Any]]
    allow: Callable[[], None] = lambda: None
    refuse_removal: Callable[[str], None] = lambda _: None

    def open(self) -> None:
        """Give the pages their addresses."""
        guarded = needs(Right.OWN, fresh=True)
        for path, name, method in (
            ("new", "new", "GET"),
            ("new", "add", "POST"),
            ("of/<name>", "one", "GET"),
            ("of/<name>", "change", "POST"),
            ("of/<name>/remove", "remove", "POST"),
        ):
            view = guarded(getattr(self, name))
            self.blueprint.add_url_rule(f"{self.here}/{path}", name, view, methods=[method])

    def new(self) -> Any:
        """One of the kind `?kind=`."""
        self.allow()
        kind = self._new_kind()
        return self.page("", self._empty(kind), kind=kind)

    def add(self) -> Any:
        up_to_date()
        self.allow()
        kind, name = self._new_kind(), request.form.get("name", "").strip()
        try:
            refuse_name(name, taken=self.every(), what=self.what)
        except InvalidInput as error:
            return self.page("", wrong(self._empty(kind), error), kind=kind)
        base = self.base(name)
        failed = save(lambda one: self.describe(one, kind, base), more={(*base, "kind"): kind})
        if failed is not None:
            return self.page("", failed, kind=kind)
        return redirect(self._of(name), code=303)

    def one(self, name: str) -> Any:
        up_to_date()
        return self.page(name, self.form(name))

    def change(self, name: str) -> Any:
        up_to_date()
        kind = self.kind_of(name)
        failed = save(lambda one: self.describe(one, kind, self.base(name)))
        if failed is not None:
            return self.page(name, failed)
        return redirect(self._of(name), code=303)

    def remove(self, name: str) -> Any:
        """Use it no more. One of the file goes back to what the file says."""
        self.kind_of(name)
        self.refuse_removal(name)
        changes = {self.base(name): AS_IN_FILE}
        save_settings(env(), changes, by=person(), ip=request.remote_addr or "")
        note(said("removed"))
        return redirect(url_for(f"{self.blueprint.name}.index"), code=303)

    def kind_of(self, name: str) -> str:
        """Raises errors.NotFound for a name that nobody has."""
        self.allow()
        section = self.every().get(name)
        if section is None:
            raise NotFound(f"There is no {self.what} {name!r}.")
        return str(section.kind)

    def form(self, name: str) -> Form:
        kind = self.kind_of(name)
        return open_form(lambda one: self.describe(one, kind, self.base(name)))

    def page(self, name: str, form: Form, *, kind: str = "", **more: Any) -> Any:
        """The page of one; of a new one without a name, which has a `kind`."""
        describer, base = Describer(env()), self.base(name)
        return shown(
            f"settings_{self.what}",
            status=form.status,
            called=name,
            kind=kind or self.kind_of(name),
            form=form,
            entered_name=request.form.get("name", ""),
            is_here=bool(name) and describer.is_here(base),
            is_touched=bool(name) and describer.is_touched(base),
            **{**self.extra(name), **more},
        )

    def _empty(self, kind: str) -> Form:
        return open_form(lambda one: self.describe(one, kind, self.base(_NOBODY)))

    def _new_kind(self) -> str:
        kinds = self.kinds()
        return asked_choice("kind", kinds, default=kinds[0])

    def _of(self, name: str) -> str:
        return url_for(f"{self.blueprint.name}.one", name=name)
