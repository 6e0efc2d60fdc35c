"""Text to keyed, content-free sketches. Prompt text exists here and in `records`, and nowhere above."""
