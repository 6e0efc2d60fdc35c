"""What others would use instead, each measured as its authors or users run it, with its best threshold."""
