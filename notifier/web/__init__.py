"""How do browsers, shops and providers reach us? Flask lives here and nowhere else."""
