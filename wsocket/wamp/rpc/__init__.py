"""Remote procedure calls: the dealer and what it keeps."""
