"""HTTP/1.1: requests read strictly, responses, our own WSGI server."""
