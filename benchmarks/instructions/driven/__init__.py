"""The program that does the work under callgrind."""
