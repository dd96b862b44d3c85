"""A router and nothing else."""

from wsocket import WSocketApp

app = WSocketApp(protocol="WAMP")
