"""How user code runs: in threads or in greenlets."""
