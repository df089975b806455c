"""Registered when the app is ready."""
