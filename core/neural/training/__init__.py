"""Training on MindSpore: differentiable networks, losses, perceptual features, data, checkpoints, the loop."""
