"""Networks: physical networks, offerings, guest networks, and the addresses that their cards hold."""
