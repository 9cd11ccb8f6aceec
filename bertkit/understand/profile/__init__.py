"""Where the time and the memory of a training go, and which key of its recipe to change."""
