"""The benchmark: where a latent action pays."""
