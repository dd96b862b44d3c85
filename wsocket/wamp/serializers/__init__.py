"""Messages to bytes and back: JSON, MessagePack, CBOR, UBJSON."""
