"""What does every test of the admin get: somebody signed in, and their pages as a tree?"""

from __future__ import annotations

import pytest

from notifier.services.env import Env
from tests.web.admin.visitor import Admin
from tests.web.storefront import Storefront


@pytest.fixture
def admin(env: Env, store: Storefront) -> Admin:
    """Olga, who owns both shops, signed in. `admin.as_(Role.EDITOR)` is somebody else."""
    del store  # the shop is there
    return Admin(env)
