"""Django's SQLite, with writers who get their turn as soon as it is free."""
