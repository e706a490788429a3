"""Movement person by person: slow, plain, and written apart from the counted engine, to check it against."""
