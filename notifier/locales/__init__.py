"""The fixed phrases, one TOML file per locale, all with the same keys."""
