"""States of storage objects and their transitions: data only.

Values are what API clients see. Events keep CloudStack's meaning in our words.
"""

from django.db.models import TextChoices


class VolumeState(TextChoices):
    ALLOCATED = "Allocated", "Allocated"
    CREATING = "Creating", "Creating"
    READY = "Ready", "Ready"
    RESIZING = "Resizing", "Resizing"
    ATTACHING = "Attaching", "Attaching"
    MIGRATING = "Migrating", "Migrating"
    DESTROY = "Destroy", "Destroyed"
    EXPUNGING = "Expunging", "Expunging"
    EXPUNGED = "Expunged", "Expunged"
    NOT_UPLOADED = "NotUploaded", "Waiting for its upload"
    UPLOAD_OP = "UploadOp", "Being brought"
    UPLOADED = "Uploaded", "In an image store"
    UPLOAD_ERROR = "UploadError", "Upload failed"
    UPLOAD_ABANDONED = "UploadAbandoned", "Never uploaded"


V = VolumeState
VOLUME_TRANSITIONS = {
    (V.ALLOCATED, "create_requested"): V.CREATING,
    (V.CREATING, "create_requested"): V.CREATING,
    (V.CREATING, "succeeded"): V.READY,
    (V.CREATING, "failed"): V.ALLOCATED,
    (V.READY, "create_undone"): V.ALLOCATED,
    (V.READY, "resize_requested"): V.RESIZING,
    (V.RESIZING, "resize_requested"): V.RESIZING,
    (V.RESIZING, "succeeded"): V.READY,
    (V.RESIZING, "failed"): V.READY,
    (V.READY, "attach_requested"): V.ATTACHING,
    (V.ATTACHING, "attach_requested"): V.ATTACHING,
    (V.ATTACHING, "succeeded"): V.READY,
    (V.ATTACHING, "failed"): V.READY,
    (V.READY, "migration_requested"): V.MIGRATING,
    (V.MIGRATING, "succeeded"): V.READY,
    (V.MIGRATING, "failed"): V.READY,
    (V.NOT_UPLOADED, "upload_received"): V.UPLOAD_OP,
    (V.NOT_UPLOADED, "abandoned"): V.UPLOAD_ABANDONED,
    (V.NOT_UPLOADED, "failed"): V.UPLOAD_ERROR,
    (V.UPLOAD_OP, "succeeded"): V.UPLOADED,
    (V.UPLOAD_OP, "failed"): V.UPLOAD_ERROR,
    (V.UPLOADED, "create_requested"): V.CREATING,
    (V.CREATING, "import_failed"): V.UPLOADED,
    (V.READY, "import_undone"): V.UPLOADED,
    (V.NOT_UPLOADED, "destroy_requested"): V.DESTROY,
    (V.UPLOADED, "destroy_requested"): V.DESTROY,
    (V.UPLOAD_ERROR, "destroy_requested"): V.DESTROY,
    (V.UPLOAD_ABANDONED, "destroy_requested"): V.DESTROY,
    (V.DESTROY, "recover_uploaded"): V.UPLOADED,
    (V.ALLOCATED, "destroy_requested"): V.DESTROY,
    (V.READY, "destroy_requested"): V.DESTROY,
    (V.DESTROY, "recover_requested"): V.READY,
    (V.DESTROY, "recover_allocated"): V.ALLOCATED,
    (V.DESTROY, "expunge_requested"): V.EXPUNGING,
    (V.EXPUNGING, "expunge_requested"): V.EXPUNGING,
    (V.EXPUNGING, "failed"): V.DESTROY,
    (V.EXPUNGING, "succeeded"): V.EXPUNGED,
}
VOLUME_TRANSITIONAL = (V.CREATING, V.RESIZING, V.ATTACHING, V.MIGRATING, V.EXPUNGING, V.UPLOAD_OP)
VOLUME_NOT_MADE = (V.ALLOCATED, V.UPLOADED)
"""Nothing of it is on a pool yet; it is made when it is needed."""
VOLUME_UNFINISHED = (V.NOT_UPLOADED, V.UPLOAD_OP, V.UPLOAD_ERROR, V.UPLOAD_ABANDONED)
"""Its data is not there, and its size not known."""


class VolumeType(TextChoices):
    ROOT = "ROOT", "Root disk"
    DATADISK = "DATADISK", "Data disk"


class TemplateState(TextChoices):
    CREATING = "Creating", "Creating"
    DOWNLOADING = "Downloading", "Downloading"
    NOT_UPLOADED = "NotUploaded", "Waiting for its upload"
    UPLOADING = "UploadInProgress", "Being uploaded"
    ACTIVE = "Active", "Active"
    ERROR = "Error", "Error"
    UPLOAD_ERROR = "UploadError", "Upload failed"
    UPLOAD_ABANDONED = "UploadAbandoned", "Never uploaded"
    DESTROYING = "Destroying", "Being deleted"
    DESTROYED = "Inactive", "Deleted"


T = TemplateState
TEMPLATE_TRANSITIONS = {
    (T.CREATING, "download_started"): T.DOWNLOADING,
    (T.DOWNLOADING, "download_started"): T.DOWNLOADING,
    (T.ERROR, "download_started"): T.DOWNLOADING,
    (T.CREATING, "failed"): T.ERROR,
    (T.DOWNLOADING, "succeeded"): T.ACTIVE,
    (T.DOWNLOADING, "failed"): T.ERROR,
    (T.NOT_UPLOADED, "upload_received"): T.UPLOADING,
    (T.NOT_UPLOADED, "abandoned"): T.UPLOAD_ABANDONED,
    (T.NOT_UPLOADED, "failed"): T.UPLOAD_ERROR,
    (T.UPLOADING, "upload_received"): T.UPLOADING,
    (T.UPLOADING, "succeeded"): T.ACTIVE,
    (T.UPLOADING, "failed"): T.UPLOAD_ERROR,
    (T.ACTIVE, "destroy_requested"): T.DESTROYING,
    (T.ERROR, "destroy_requested"): T.DESTROYING,
    (T.NOT_UPLOADED, "destroy_requested"): T.DESTROYING,
    (T.UPLOAD_ERROR, "destroy_requested"): T.DESTROYING,
    (T.UPLOAD_ABANDONED, "destroy_requested"): T.DESTROYING,
    (T.DESTROYING, "destroy_requested"): T.DESTROYING,
    (T.DESTROYING, "succeeded"): T.DESTROYED,
    (T.DESTROYING, "failed"): T.ERROR,
}
TEMPLATE_TRANSITIONAL = (T.CREATING, T.DOWNLOADING, T.UPLOADING, T.DESTROYING)


class TemplateType(TextChoices):
    USER = "USER", "Of a user"
    BUILTIN = "BUILTIN", "Comes with the cloud"
    SYSTEM = "SYSTEM", "Of the platform"
    VOLUME = "VOLUME", "Data of a volume on its way to a pool"


SHOWN_TYPES = (TemplateType.USER, TemplateType.BUILTIN, TemplateType.SYSTEM)
"""The types that are templates to users."""


class StoreState(TextChoices):
    """A template's copy in one image store."""

    ALLOCATED = "Allocated", "Allocated"
    CREATING = "Creating", "Being brought"
    READY = "Ready", "Ready"
    FAILED = "Failed", "Failed"
    DESTROYED = "Destroyed", "Deleted"


class CacheState(TextChoices):
    """A template's copy on one primary storage pool."""

    ALLOCATED = "Allocated", "Not there yet"
    CREATING = "Creating", "Being copied"
    READY = "Ready", "Ready"
    EVICTING = "Evicting", "Being removed"


C = CacheState
CACHE_TRANSITIONS = {
    (C.ALLOCATED, "copy_requested"): C.CREATING,
    (C.CREATING, "copy_requested"): C.CREATING,
    (C.CREATING, "succeeded"): C.READY,
    (C.CREATING, "failed"): C.ALLOCATED,
    (C.ALLOCATED, "evict_requested"): C.EVICTING,
    (C.READY, "evict_requested"): C.EVICTING,
    (C.EVICTING, "evict_requested"): C.EVICTING,
    (C.EVICTING, "copy_requested"): C.CREATING,
    (C.EVICTING, "failed"): C.READY,
}
CACHE_TRANSITIONAL = (C.CREATING, C.EVICTING)


class PoolState(TextChoices):
    INITIALIZED = "Initialized", "Initialized"
    UP = "Up", "Up"
    DISABLED = "Disabled", "Disabled"
    PREPARE_FOR_MAINTENANCE = "PrepareForMaintenance", "Preparing for maintenance"
    ERROR_IN_MAINTENANCE = "ErrorInMaintenance", "Error in maintenance"
    MAINTENANCE = "Maintenance", "In maintenance"
    CANCEL_MAINTENANCE = "CancelMaintenance", "Leaving maintenance"
    REMOVING = "Removing", "Being removed"
    REMOVED = "Removed", "Removed"


P = PoolState
POOL_TRANSITIONS = {
    (P.INITIALIZED, "connected"): P.UP,
    (P.INITIALIZED, "failed"): P.REMOVED,
    (P.UP, "disable"): P.DISABLED,
    (P.DISABLED, "enable"): P.UP,
    (P.UP, "maintenance_requested"): P.PREPARE_FOR_MAINTENANCE,
    (P.DISABLED, "maintenance_requested"): P.PREPARE_FOR_MAINTENANCE,
    (P.PREPARE_FOR_MAINTENANCE, "succeeded"): P.MAINTENANCE,
    (P.PREPARE_FOR_MAINTENANCE, "failed"): P.ERROR_IN_MAINTENANCE,
    (P.ERROR_IN_MAINTENANCE, "maintenance_requested"): P.PREPARE_FOR_MAINTENANCE,
    (P.ERROR_IN_MAINTENANCE, "cancel_requested"): P.CANCEL_MAINTENANCE,
    (P.MAINTENANCE, "cancel_requested"): P.CANCEL_MAINTENANCE,
    (P.CANCEL_MAINTENANCE, "succeeded"): P.UP,
    (P.CANCEL_MAINTENANCE, "failed"): P.ERROR_IN_MAINTENANCE,
    (P.UP, "remove_requested"): P.REMOVING,
    (P.DISABLED, "remove_requested"): P.REMOVING,
    (P.MAINTENANCE, "remove_requested"): P.REMOVING,
    (P.REMOVING, "remove_requested"): P.REMOVING,
    (P.REMOVING, "succeeded"): P.REMOVED,
    (P.REMOVING, "failed"): P.DISABLED,
}
POOL_CLOSED = (P.PREPARE_FOR_MAINTENANCE, P.ERROR_IN_MAINTENANCE, P.MAINTENANCE, P.CANCEL_MAINTENANCE, P.REMOVING)
"""States in which no machine may open a volume of the pool."""
POOL_TRANSITIONAL = (P.INITIALIZED, P.PREPARE_FOR_MAINTENANCE, P.CANCEL_MAINTENANCE, P.REMOVING)


class PoolType(TextChoices):
    SHARED_MOUNT_POINT = "SharedMountPoint", "Shared directory"
    FILESYSTEM = "Filesystem", "Local directory"
    NETWORK_FILESYSTEM = "NetworkFilesystem", "NFS"
    VMFS = "VMFS", "vSphere datastore"
    SIMULATOR = "Simulator", "Simulator"


class PoolScope(TextChoices):
    ZONE = "ZONE", "Zone"
    CLUSTER = "CLUSTER", "Cluster"
    HOST = "HOST", "Host"


class OfferingState(TextChoices):
    ACTIVE = "Active", "Active"
    INACTIVE = "Inactive", "Inactive"
