"""Who may do what: rules of roles, authorizers, and the judge that uses both."""
