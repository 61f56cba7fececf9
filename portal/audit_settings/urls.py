"""Where the audit log settings, webhooks and failed deliveries are, and who may see them."""

from django.urls import path

import audit.actions as on_audit
import portal.audit_settings.portal_log_views as log_pages
import portal.audit_settings.views as record_pages
from portal.web.gates import page

audit_settings = [
    path("", page(record_pages.record, on_audit.READ_UPKEEP), name="audit-settings"),
    path("portal-log/", page(log_pages.log, on_audit.READ_UPKEEP), name="portal-log"),
    path(
        "retention/<str:kind>/", page(record_pages.retain, on_audit.RETAIN), name="audit-settings-retention"
    ),
    path("webhooks/", page(record_pages.webhooks, on_audit.READ_UPKEEP), name="webhooks"),
    path(
        "webhooks/new/",
        page(record_pages.create, on_audit.CREATE_WEBHOOK),
        name="webhook-create",
    ),
    path(
        "webhooks/<uuid:webhook_id>/",
        page(record_pages.webhook, on_audit.READ_UPKEEP),
        name="webhook",
    ),
    path(
        "webhooks/<uuid:webhook_id>/pause/",
        page(record_pages.pause, on_audit.PAUSE_WEBHOOK),
        name="webhook-pause",
    ),
    path(
        "webhooks/<uuid:webhook_id>/resume/",
        page(record_pages.resume, on_audit.RESUME_WEBHOOK),
        name="webhook-resume",
    ),
    path(
        "webhooks/<uuid:webhook_id>/test/",
        page(record_pages.test, on_audit.TEST_WEBHOOK),
        name="webhook-test",
    ),
    path(
        "webhooks/<uuid:webhook_id>/rotate/",
        page(record_pages.rotate, on_audit.ROTATE_WEBHOOK),
        name="webhook-rotate",
    ),
    path(
        "webhooks/<uuid:webhook_id>/delete/",
        page(record_pages.delete, on_audit.DELETE_WEBHOOK),
        name="webhook-delete",
    ),
    path(
        "witnessed/<str:source>/",
        page(record_pages.witnessed, on_audit.READ_UPKEEP),
        name="audit-settings-witnessed",
    ),
    path(
        "failed-deliveries/",
        page(record_pages.failed_deliveries, on_audit.READ_UPKEEP),
        name="failed-deliveries",
    ),
    path(
        "failed-deliveries/retry/",
        page(record_pages.retry, on_audit.RETRY_DELIVERY),
        name="failed-deliveries-retry",
    ),
    path(
        "failed-deliveries/discard/",
        page(record_pages.discard, on_audit.DISCARD_DELIVERY),
        name="failed-deliveries-discard",
    ),
    path(
        "failed-deliveries/<uuid:delivery_id>/retry/",
        page(record_pages.retry, on_audit.RETRY_DELIVERY),
        name="failed-delivery-retry",
    ),
    path(
        "failed-deliveries/<uuid:delivery_id>/discard/",
        page(record_pages.discard, on_audit.DISCARD_DELIVERY),
        name="failed-delivery-discard",
    ),
]
