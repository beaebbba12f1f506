from django.db import migrations, models
from django.db.models import Q

# What waited for a job of its own waits in its provider's queue; the jobs have nothing left to do.
QUEUE_UP = """
    UPDATE notifications_delivery AS delivery SET
        provider = COALESCE(NULLIF(delivery.provider, ''), NULLIF(device.push_provider, ''), 'fcm'),
        next_attempt_at = COALESCE(delivery.next_attempt_at, delivery.created_at)
    FROM devices_device AS device
    WHERE device.id = delivery.device_id AND delivery.state IN ('queued', 'sent')
        AND (delivery.next_attempt_at IS NULL OR delivery.provider = '');
    DELETE FROM core_job WHERE name = 'notifications.deliver' AND state = 'pending';
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0002_audit"), ("notifications", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="priority",
            field=models.PositiveSmallIntegerField(
                choices=[
                    (0, "prompt: somebody waits for it"),
                    (1, "campaign: overtaken by everything else"),
                ],
                db_default=0,
                default=0,
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="provider",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The service that it goes through: its queue.",
                max_length=10,
            ),
        ),
        migrations.RemoveIndex(model_name="delivery", name="delivery_in_flight"),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=Q(("state__in", ["queued", "sent"])),
                fields=["provider", "priority", "next_attempt_at"],
                name="delivery_due",
            ),
        ),
        migrations.RunSQL(QUEUE_UP, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=Q(
                    Q(("state__in", ["queued", "sent"]), _negated=True),
                    Q(
                        ("next_attempt_at__isnull", False),
                        Q(("provider", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="delivery_open_is_in_a_queue",
            ),
        ),
    ]
