"""Definitions become tables, screens and access here; this floor knows neither web nor queue."""
