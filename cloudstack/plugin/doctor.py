"""What ``manage.py doctor`` asks a plugin; see the hook ``register_doctor_checks``."""

from cloudstack.framework.doctor import DoctorCheck, Finding

__all__ = ["DoctorCheck", "Finding"]
