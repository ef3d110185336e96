"""Where things are kept: each engine fulfils every Protocol that the services' store modules name."""
