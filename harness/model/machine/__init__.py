"""What computes, whichever framework runs it."""
