"""Message templates: found, checked, rendered. `Renderer` is the way in for what is sent,
`DraftRoom` for what somebody has just written and nobody trusts yet."""

from notifier.rendering.renderer import Rendered, Renderer, shipped_renderer
from notifier.rendering.sources import (
    FileTemplates,
    GivenParts,
    Layered,
    TemplateLookup,
    TemplateSource,
)

__all__ = [
    "FileTemplates",
    "GivenParts",
    "Layered",
    "Rendered",
    "Renderer",
    "TemplateLookup",
    "TemplateSource",
    "shipped_renderer",
]
