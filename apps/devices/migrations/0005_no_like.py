from django.db import migrations

# Django adds these for LIKE to every unique text column. Nobody asks so, and every write pays for them.


class Migration(migrations.Migration):
    # CONCURRENTLY takes no lock that anybody would wait for, and works outside of transactions only.
    atomic = False

    dependencies = [("devices", "0004_silently_taken_over")]

    operations = [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)
        for name in (
            "devices_device_installation_id_ee58dfe6_like",
            "devices_versionpolicy_platform_211a84c5_like",
            "devices_configentry_key_1973c2f6_like",
            "devices_flag_key_837b18d5_like",
        )
    ]
