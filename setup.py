"""What pyproject.toml cannot say yet: the optional C extension."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "wsocket.core._plain_frames",
            ["wsocket/core/_plain_frames.c"],
            optional=True,  # without a C compiler, plain_frames.py does it
        )
    ]
)
