"""Pages of the panel Understand, beside their templates."""
