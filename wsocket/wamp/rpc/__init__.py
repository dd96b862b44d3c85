"""Remote procedure calls: the dealer, its registrations and its calls."""
