"""notifier: self-hosted back-in-stock, backorder and pre-order notices for any shop."""

__version__ = "0.1.0"
