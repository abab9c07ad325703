"""What the product does: one verb a file. Transactions begin here; rules come from domain/."""
