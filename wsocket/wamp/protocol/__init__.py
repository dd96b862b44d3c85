"""WAMP messages, identifiers, URIs and errors, as the specification defines them."""
