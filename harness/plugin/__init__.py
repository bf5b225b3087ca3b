"""What ``pytest_zoo`` stands on: a module for each thing that its hooks do."""
