"""Effects of the classic kind: edges, colour, distortion; no weights, no randomness but by seed."""
