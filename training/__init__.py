"""Training of Senga's own AnimeGANv2 styles with PyTorch (not needed to run Senga)."""
