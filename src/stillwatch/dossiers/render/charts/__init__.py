"""Charts as inline SVG: positions in per cent, no text that scales, colours by class so that themes and print apply.

Every chart stands beside its numbers in a table; the drawing itself is hidden from screen readers or has a caption.
"""
