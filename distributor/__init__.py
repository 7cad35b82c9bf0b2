"""Distributor: a self-hosted press-release distribution service."""

__version__ = "0.1.0"
