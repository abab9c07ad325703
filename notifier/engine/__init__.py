"""What runs when. The engine only ticks: what is due lives in rows."""
