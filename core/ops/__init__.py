"""Pure operations: array in, new array out."""
