"""Server: every Run behind one HTTP door. `bertkit serve` starts it (docs/serve.md)."""
