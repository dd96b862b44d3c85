"""The router that a file describes, and the commands for that file."""
