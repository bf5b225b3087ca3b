"""Makes a trained model smaller."""
