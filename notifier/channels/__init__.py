"""Ways to reach a customer. One file each; the file name is the kind."""
