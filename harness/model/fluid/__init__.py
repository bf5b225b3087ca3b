"""Files of the old runtime, read and written without Paddle."""
