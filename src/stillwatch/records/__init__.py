"""Gateway logs to exchanges: readers, quarantine, and the schema of the tables that cross every boundary."""
