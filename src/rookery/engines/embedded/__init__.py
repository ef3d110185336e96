"""One machine, one folder: the services' stores on encrypted SQLite files."""
