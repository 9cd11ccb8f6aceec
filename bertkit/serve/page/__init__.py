"""The page at `/`, where every model is tried by hand, and `/docs`. Plain HTML, CSS and JavaScript: no build step."""
