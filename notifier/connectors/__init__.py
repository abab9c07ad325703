"""Ways to ask a shop for its stock. One file each; the file name is the kind."""
