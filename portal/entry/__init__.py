"""What a person enters into the form of a record: read from a request, and shown as inputs with their problems."""
