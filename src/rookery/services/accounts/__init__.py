"""Who someone is: sign-up, log-in, sessions, tokens, keys, export and deletion of an account."""
