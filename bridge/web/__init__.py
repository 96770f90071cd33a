"""The HTTP edge: validation, tokens, problems, and routes that hand over to one service each."""
