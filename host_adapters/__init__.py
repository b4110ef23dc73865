"""Programs that Senga is used from."""
