"""Who is at the console: passwords, login providers, sessions, and what each request needs to be let through."""
