"""A trained model and a recipe in, a smaller model out."""
