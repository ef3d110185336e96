"""Finding tweets by words and place, people by name, and what is talked about now."""
