import uuid

import django.db.models.deletion
import django.db.models.manager
import django.utils.timezone
from django.db import migrations, models

import cloudstack.framework.secrets


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("infrastructure", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="DiskOffering",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("removed", models.DateTimeField(blank=True, editable=False, null=True)),
                ("name", models.CharField(max_length=255)),
                ("display_text", models.CharField(blank=True, default="", max_length=4096)),
                ("size_gib", models.PositiveIntegerField(default=0)),
                ("is_custom", models.BooleanField(default=False)),
                ("is_custom_iops", models.BooleanField(default=False)),
                ("min_iops", models.PositiveBigIntegerField(blank=True, null=True)),
                ("max_iops", models.PositiveBigIntegerField(blank=True, null=True)),
                ("local_storage", models.BooleanField(default=False)),
                ("provisioning", models.CharField(default="thin", max_length=16)),
                ("cache_mode", models.CharField(default="none", max_length=16)),
                ("tags", models.CharField(blank=True, default="", max_length=1024)),
                ("bytes_read_rate", models.PositiveBigIntegerField(blank=True, null=True)),
                ("bytes_write_rate", models.PositiveBigIntegerField(blank=True, null=True)),
                ("iops_read_rate", models.PositiveBigIntegerField(blank=True, null=True)),
                ("iops_write_rate", models.PositiveBigIntegerField(blank=True, null=True)),
                ("size_is_strict", models.BooleanField(default=False)),
                ("is_displayed", models.BooleanField(default=True)),
                ("is_compute_only", models.BooleanField(default=False, editable=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("Active", "Active"), ("Inactive", "Inactive")], default="Active", max_length=16
                    ),
                ),
                ("sort_key", models.IntegerField(default=0)),
                ("details", models.JSONField(blank=True, default=dict)),
                ("domains", models.ManyToManyField(blank=True, related_name="disk_offerings", to="accounts.domain")),
                ("zones", models.ManyToManyField(blank=True, related_name="disk_offerings", to="infrastructure.zone")),
            ],
            options={
                "abstract": False,
                "base_manager_name": "all_objects",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("all_objects", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="GuestOsCategory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("removed", models.DateTimeField(blank=True, editable=False, null=True)),
                ("name", models.CharField(max_length=255)),
                ("is_featured", models.BooleanField(default=False)),
            ],
            options={
                "verbose_name": "guest OS category",
                "verbose_name_plural": "guest OS categories",
                "abstract": False,
                "base_manager_name": "all_objects",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed__isnull", True)),
                        fields=("name",),
                        name="guest_os_category_name_once",
                    )
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("all_objects", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="GuestOs",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("removed", models.DateTimeField(blank=True, editable=False, null=True)),
                ("description", models.CharField(max_length=255)),
                ("is_user_defined", models.BooleanField(default=False)),
                ("is_displayed", models.BooleanField(default=True)),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="systems",
                        to="storage.guestoscategory",
                    ),
                ),
            ],
            options={
                "verbose_name": "guest OS",
                "verbose_name_plural": "guest OSes",
                "abstract": False,
                "base_manager_name": "all_objects",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("all_objects", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="ImageStore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("removed", models.DateTimeField(blank=True, editable=False, null=True)),
                ("name", models.CharField(max_length=255)),
                ("provider", models.CharField(max_length=64)),
                ("protocol", models.CharField(blank=True, default="", max_length=32)),
                ("url", models.CharField(max_length=1024)),
                ("credentials", cloudstack.framework.secrets.EncryptedField(blank=True, null=True)),
                ("details", models.JSONField(blank=True, default=dict)),
                ("read_only", models.BooleanField(default=False)),
                ("capacity_bytes", models.PositiveBigIntegerField(default=0)),
                ("used_bytes", models.PositiveBigIntegerField(default=0)),
                ("facts_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "zone",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="image_stores",
                        to="infrastructure.zone",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "all_objects",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("all_objects", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="StoragePool",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("removed", models.DateTimeField(blank=True, editable=False, null=True)),
                ("name", models.CharField(max_length=255)),
                ("hypervisor", models.CharField(max_length=32)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("SharedMountPoint", "Shared directory"),
                            ("Filesystem", "Local directory"),
                            ("NetworkFilesystem", "NFS"),
                            ("Simulator", "Simulator"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[("ZONE", "Zone"), ("CLUSTER", "Cluster"), ("HOST", "Host")],
                        default="CLUSTER",
                        max_length=16,
                    ),
                ),
                ("path", models.CharField(max_length=1024)),
                ("host_address", models.CharField(blank=True, default="", max_length=255)),
                ("provider", models.CharField(default="DefaultPrimary", max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("Initialized", "Initialized"),
                            ("Up", "Up"),
                            ("Disabled", "Disabled"),
                            ("PrepareForMaintenance", "Preparing for maintenance"),
                            ("ErrorInMaintenance", "Error in maintenance"),
                            ("Maintenance", "In maintenance"),
                            ("CancelMaintenance", "Leaving maintenance"),
                            ("Removing", "Being removed"),
                            ("Removed", "Removed"),
                        ],
                        default="Initialized",
                        editable=False,
                        max_length=32,
                    ),
                ),
                ("capacity_bytes", models.PositiveBigIntegerField(default=0)),
                ("used_bytes", models.PositiveBigIntegerField(default=0)),
                ("allocated_bytes", models.PositiveBigIntegerField(default=0, editable=False)),
                ("capacity_is_given", models.BooleanField(default=False)),
                ("tags", models.CharField(blank=True, default="", max_length=1024)),
                ("details", models.JSONField(blank=True, default=dict)),
                ("credentials", cloudstack.framework.secrets.EncryptedField(blank=True, null=True)),
                ("facts_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("error", models.CharField(blank=True, default="", editable=False, max_length=1024)),
                (
                    "cluster",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pools",
                        to="infrastructure.cluster",
                    ),
                ),
                (
                    "host",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="local_pools",
                        to="infrastructure.host",
                    ),
                ),
                (
                    "pod",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pools",
                        to="infrastructure.pod",
                    ),
                ),
                (
                    "zone",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pools", to="infrastructure.zone"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "all_objects",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("all_objects", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="PoolReservation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("holder_uuid", models.UUIDField()),
                ("size_bytes", models.PositiveBigIntegerField()),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "pool",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reservations",
                        to="storage.storagepool",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PoolHost",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("path", models.CharField(max_length=1024)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pool_hosts", to="infrastructure.host"
                    ),
                ),
                (
                    "pool",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pool_hosts", to="storage.storagepool"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Template",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("removed", models.DateTimeField(blank=True, editable=False, null=True)),
                ("name", models.CharField(max_length=255)),
                ("display_text", models.CharField(blank=True, default="", max_length=4096)),
                ("hypervisor", models.CharField(max_length=32)),
                ("format", models.CharField(max_length=16)),
                ("url", models.CharField(blank=True, default="", max_length=2048)),
                ("checksum", models.CharField(blank=True, default="", max_length=255)),
                ("sha256", models.CharField(blank=True, default="", editable=False, max_length=64)),
                ("virtual_size_bytes", models.PositiveBigIntegerField(default=0)),
                ("physical_size_bytes", models.PositiveBigIntegerField(default=0)),
                ("is_public", models.BooleanField(default=False)),
                ("is_featured", models.BooleanField(default=False)),
                ("is_extractable", models.BooleanField(default=False)),
                ("is_cross_zone", models.BooleanField(default=False)),
                ("bootable", models.BooleanField(default=True)),
                ("password_enabled", models.BooleanField(default=False)),
                ("ssh_key_enabled", models.BooleanField(default=False)),
                ("requires_hvm", models.BooleanField(default=True)),
                ("dynamically_scalable", models.BooleanField(default=False)),
                ("direct_download", models.BooleanField(default=False, editable=False)),
                ("bits", models.PositiveSmallIntegerField(default=64)),
                ("architecture", models.CharField(default="x86_64", max_length=16)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("USER", "Of a user"),
                            ("BUILTIN", "Comes with the cloud"),
                            ("SYSTEM", "Of the platform"),
                        ],
                        default="USER",
                        max_length=16,
                    ),
                ),
                ("tag", models.CharField(blank=True, default="", max_length=255)),
                ("sort_key", models.IntegerField(default=0)),
                ("details", models.JSONField(blank=True, default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("Creating", "Creating"),
                            ("Downloading", "Downloading"),
                            ("NotUploaded", "Waiting for its upload"),
                            ("UploadInProgress", "Being uploaded"),
                            ("Active", "Active"),
                            ("Error", "Error"),
                            ("UploadError", "Upload failed"),
                            ("UploadAbandoned", "Never uploaded"),
                            ("Destroying", "Being deleted"),
                            ("Inactive", "Deleted"),
                        ],
                        default="Creating",
                        editable=False,
                        max_length=32,
                    ),
                ),
                ("error", models.CharField(blank=True, default="", editable=False, max_length=1024)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "domain",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.domain",
                    ),
                ),
                (
                    "guest_os",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="templates",
                        to="storage.guestos",
                        verbose_name="guest OS",
                    ),
                ),
            ],
            options={
                "permissions": [("use_template", "Can make machines from the template")],
                "abstract": False,
                "base_manager_name": "all_objects",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("all_objects", django.db.models.manager.Manager()),
            ],
        ),
        migrations.CreateModel(
            name="TemplatePoolRef",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("Allocated", "Not there yet"),
                            ("Creating", "Being copied"),
                            ("Ready", "Ready"),
                            ("Evicting", "Being removed"),
                        ],
                        default="Allocated",
                        max_length=16,
                    ),
                ),
                ("path", models.CharField(blank=True, default="", max_length=1024)),
                ("size_bytes", models.PositiveBigIntegerField(default=0)),
                ("job_uuid", models.UUIDField(blank=True, editable=False, null=True)),
                ("last_used", models.DateTimeField(default=django.utils.timezone.now)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "pool",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="template_refs",
                        to="storage.storagepool",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pool_refs", to="storage.template"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TemplateStoreRef",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("Allocated", "Allocated"),
                            ("Creating", "Being brought"),
                            ("Ready", "Ready"),
                            ("Failed", "Failed"),
                            ("Destroyed", "Deleted"),
                        ],
                        default="Allocated",
                        max_length=16,
                    ),
                ),
                ("percent", models.PositiveSmallIntegerField(default=0)),
                ("error", models.CharField(blank=True, default="", max_length=1024)),
                ("size_bytes", models.PositiveBigIntegerField(default=0)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="template_refs",
                        to="storage.imagestore",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="store_refs", to="storage.template"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TemplateZone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="template_zones",
                        to="storage.template",
                    ),
                ),
                (
                    "zone",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="template_zones",
                        to="infrastructure.zone",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UploadTicket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("expires", models.DateTimeField()),
                ("claimed", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "template",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="upload_ticket", to="storage.template"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Volume",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("removed", models.DateTimeField(blank=True, editable=False, null=True)),
                ("name", models.CharField(max_length=255)),
                (
                    "type",
                    models.CharField(
                        choices=[("ROOT", "Root disk"), ("DATADISK", "Data disk")], default="DATADISK", max_length=16
                    ),
                ),
                ("size_bytes", models.PositiveBigIntegerField()),
                ("physical_size_bytes", models.PositiveBigIntegerField(default=0)),
                ("path", models.CharField(blank=True, default="", editable=False, max_length=1024)),
                ("format", models.CharField(default="qcow2", max_length=16)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("Allocated", "Allocated"),
                            ("Creating", "Creating"),
                            ("Ready", "Ready"),
                            ("Resizing", "Resizing"),
                            ("Attaching", "Attaching"),
                            ("Migrating", "Migrating"),
                            ("Destroy", "Destroyed"),
                            ("Expunging", "Expunging"),
                            ("Expunged", "Expunged"),
                        ],
                        default="Allocated",
                        editable=False,
                        max_length=16,
                    ),
                ),
                ("provisioning", models.CharField(default="thin", max_length=16)),
                ("min_iops", models.PositiveBigIntegerField(blank=True, null=True)),
                ("max_iops", models.PositiveBigIntegerField(blank=True, null=True)),
                ("is_displayed", models.BooleanField(default=True)),
                ("delete_protection", models.BooleanField(default=False)),
                ("destroyed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
                (
                    "disk_offering",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="volumes",
                        to="storage.diskoffering",
                    ),
                ),
                (
                    "domain",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.domain",
                    ),
                ),
                (
                    "pool",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="volumes",
                        to="storage.storagepool",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="volumes",
                        to="storage.template",
                    ),
                ),
                (
                    "zone",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="volumes", to="infrastructure.zone"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "all_objects",
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("all_objects", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddIndex(
            model_name="diskoffering",
            index=models.Index(
                condition=models.Q(("removed__isnull", True)), fields=["sort_key", "id"], name="disk_offering_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="guestos",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed__isnull", True)), fields=("description",), name="guest_os_description_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="imagestore",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed__isnull", True)), fields=("name",), name="image_store_name_once"
            ),
        ),
        migrations.AddIndex(
            model_name="storagepool",
            index=models.Index(
                condition=models.Q(("removed__isnull", True)), fields=["zone", "hypervisor"], name="pool_alive_in_zone"
            ),
        ),
        migrations.AddConstraint(
            model_name="storagepool",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed__isnull", True)), fields=("zone", "name"), name="pool_name_once_in_zone"
            ),
        ),
        migrations.AddConstraint(
            model_name="poolreservation",
            constraint=models.UniqueConstraint(fields=("holder_uuid", "pool"), name="one_share_of_a_pool_per_holder"),
        ),
        migrations.AddConstraint(
            model_name="poolhost",
            constraint=models.UniqueConstraint(fields=("pool", "host"), name="pool_once_per_host"),
        ),
        migrations.AddIndex(
            model_name="template",
            index=models.Index(
                condition=models.Q(("removed__isnull", True)), fields=["account", "id"], name="template_acct"
            ),
        ),
        migrations.AddIndex(
            model_name="template",
            index=models.Index(
                condition=models.Q(("removed__isnull", True)), fields=["domain", "id"], name="template_dom"
            ),
        ),
        migrations.AddIndex(
            model_name="template",
            index=models.Index(
                condition=models.Q(("is_public", True), ("removed__isnull", True)),
                fields=["is_public", "id"],
                name="template_public",
            ),
        ),
        migrations.AddIndex(
            model_name="template",
            index=models.Index(
                condition=models.Q(("removed__isnull", True)), fields=["sort_key", "id"], name="template_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="templatepoolref",
            constraint=models.UniqueConstraint(fields=("template", "pool"), name="template_once_on_pool"),
        ),
        migrations.AddConstraint(
            model_name="templatestoreref",
            constraint=models.UniqueConstraint(fields=("template", "store"), name="template_once_in_store"),
        ),
        migrations.AddConstraint(
            model_name="templatezone",
            constraint=models.UniqueConstraint(fields=("template", "zone"), name="template_once_in_zone"),
        ),
        migrations.AddIndex(
            model_name="uploadticket",
            index=models.Index(fields=["expires"], name="upload_ticket_expires"),
        ),
        migrations.AddIndex(
            model_name="volume",
            index=models.Index(
                condition=models.Q(("removed__isnull", True)), fields=["account", "id"], name="volume_acct"
            ),
        ),
        migrations.AddIndex(
            model_name="volume",
            index=models.Index(
                condition=models.Q(("removed__isnull", True)), fields=["domain", "id"], name="volume_dom"
            ),
        ),
        migrations.AddIndex(
            model_name="volume",
            index=models.Index(
                condition=models.Q(("removed__isnull", True), ("state", "Destroy")),
                fields=["state", "destroyed_at"],
                name="volume_to_expunge",
            ),
        ),
        migrations.AddConstraint(
            model_name="volume",
            constraint=models.CheckConstraint(condition=models.Q(("size_bytes__gt", 0)), name="volume_has_a_size"),
        ),
    ]
