"""Who may do what: rules of roles, dynamic authorizers, the guard that asks both."""
