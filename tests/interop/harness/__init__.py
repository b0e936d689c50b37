"""What the interop tests stand on: daemons, their tables, waiting."""
