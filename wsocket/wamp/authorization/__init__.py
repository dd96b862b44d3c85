"""Who may do what: rules of roles, authorizers, and the guard that uses both."""
