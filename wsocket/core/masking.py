"""Masking (RFC 6455 section 5.3), from a package that does it in C where it can."""

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the C extension
    from websockets.utils import apply_mask

__all__ = ["apply_mask"]
