"""Event types of the infrastructure."""

from cloudstack.framework.events.types import event_type

ZONE_CREATE = event_type("ZONE.CREATE", "a zone was created")
ZONE_EDIT = event_type("ZONE.EDIT", "a zone was changed")
ZONE_DELETE = event_type("ZONE.DELETE", "a zone was deleted")
POD_CREATE = event_type("POD.CREATE", "a pod was created")
POD_EDIT = event_type("POD.EDIT", "a pod was changed")
POD_DELETE = event_type("POD.DELETE", "a pod was deleted")
CLUSTER_CREATE = event_type("CLUSTER.CREATE", "a cluster was added")
CLUSTER_EDIT = event_type("CLUSTER.EDIT", "a cluster was changed")
CLUSTER_DELETE = event_type("CLUSTER.DELETE", "a cluster was deleted")
HOST_ADD = event_type("HOST.ADD", "a host was added")
HOST_EDIT = event_type("HOST.EDIT", "a host was changed")
HOST_DELETE = event_type("HOST.DELETE", "a host was deleted")
HOST_STATE = event_type("HOST.STATE", "the connection to a host changed its state")
HOST_RESOURCE_STATE = event_type("HOST.RESOURCE.STATE", "a host was enabled, disabled or put in or out of maintenance")
HOST_RECONNECT = event_type("HOST.RECONNECT", "a host is connected anew")
MAINT_PREPARE = event_type("MAINT.PREPARE", "a host is emptied for maintenance")
MAINT_CANCEL = event_type("MAINT.CANCEL", "a host comes back from maintenance")
DEDICATE = event_type("DEDICATE.RESOURCE", "a zone, pod, cluster or host is kept for a domain or account")
DEDICATE_RELEASE = event_type("DEDICATE.RESOURCE.RELEASE", "a dedicated zone, pod, cluster or host is open for all")
CAPACITY_DRIFT = event_type("CAPACITY.DRIFT", "counters of promised capacity were wrong and have been put right")
