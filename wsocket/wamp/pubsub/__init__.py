"""Publish and subscribe: the broker, its subscriptions and what it keeps."""
