"""What is proposed against a group: graduated, reversible, checked against the registry, and agreed by two people."""
