"""Commands on zones, pods, clusters, hosts and their capacity."""
