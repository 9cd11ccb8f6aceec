"""The commands of the panel Understand."""
