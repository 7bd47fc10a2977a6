"""Telling people: notifications in the portal's inbox and by mail."""
