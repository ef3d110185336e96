"""What is shown of a person: the public page of an account and its lists, read only."""
