"""What is kept, and the only place with SQL. One file per table family."""
