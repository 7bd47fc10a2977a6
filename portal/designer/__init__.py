"""The designer's rules: what is on the desk of whoever changes a definition, and how a field is typed."""
