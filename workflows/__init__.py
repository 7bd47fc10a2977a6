"""What happens over time: scoring, cycles, jobs, delivery; this floor knows no web."""
