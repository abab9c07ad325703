"""Are the variables of every message told to those who write templates, as they are?"""

from __future__ import annotations

import pytest

from notifier.domain.message import MessageKind
from notifier.domain.template_variables import variables_of
from tests.meta.checkout import script


@pytest.mark.parametrize("kind", MessageKind)
def test_every_variable_has_a_sentence(kind: MessageKind) -> None:
    without = [one.path for one in variables_of(kind) if not one.meaning]

    assert without == [], "add them to MEANINGS in notifier/domain/template_variables.py"


def test_the_page_about_templates_is_what_the_program_says() -> None:
    write = script("write_templates")

    assert write.PAGE.read_text(encoding="utf-8") == write.page(), (
        "run python scripts/write_templates.py"
    )
