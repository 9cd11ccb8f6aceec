"""`bertkit data apply`: corrections of a file of findings, written back into a data file."""
