"""The rules of the network, one folder a service: no service imports another, none knows a database."""
