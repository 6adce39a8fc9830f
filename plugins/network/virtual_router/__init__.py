"""VXLAN segments made of bridges, and their DHCP and DNS by dnsmasq, through the agents of the hosts."""
