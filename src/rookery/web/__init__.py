"""What a browser gets: pages, templates and static files, a client of the services like any other."""
