"""What is measured in a process of its own, so that its memory and its time are its own."""
