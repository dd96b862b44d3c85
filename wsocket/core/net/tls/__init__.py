"""TLS that ends on the I/O loop."""
