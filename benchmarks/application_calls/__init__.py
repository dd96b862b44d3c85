"""What a call of a procedure of the application costs, before and after a change."""
