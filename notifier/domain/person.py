"""Who is at the admin's door: a person who may sign in, and where to?"""

from __future__ import annotations

from dataclasses import dataclass

from notifier.domain.rights import Right, Role, may


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who works for one or more shops. No `shops` means all of them."""

    id: int
    email: str
    name: str
    role: Role
    shops: tuple[str, ...] = ()
    locale: str = "en"
    theme: str = ""  # `light`, `dark` or, empty, as the system has it

    def may(self, right: Right) -> bool:
        """Has this person the right, in the shops they may enter?"""
        return may(self.role, right)

    def may_enter(self, shop: str) -> bool:
        """`shop` is a slug of the configuration."""
        return not self.shops or shop in self.shops
