from django.db import migrations

# Django adds these for LIKE to every unique text column. Nobody asks so, and every write pays for them.


class Migration(migrations.Migration):
    # CONCURRENTLY takes no lock that anybody would wait for, and works outside of transactions only.
    atomic = False

    dependencies = [("core", "0002_audit")]

    operations = [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)
        for name in ("core_slot_name_2bff6149_like",)
    ]
