"""Publish and subscribe: the broker and what it keeps."""
