"""Feeds: releases as RSS 2.0, Atom and JSON Feed 1.1. Values in, bytes out."""

from distributor.channels.feeds.building import build
from distributor.channels.feeds.entries import entry, notice, stub, tombstone
from distributor.channels.feeds.stylesheet import stylesheet, stylesheet_path
from distributor.channels.feeds.values import TYPES, Built, Enclosure, Entry, Feed, Tombstone

__all__ = [
    "TYPES",
    "Built",
    "Enclosure",
    "Entry",
    "Feed",
    "Tombstone",
    "build",
    "entry",
    "notice",
    "stub",
    "stylesheet",
    "stylesheet_path",
    "tombstone",
]
