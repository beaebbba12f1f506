from django.db import migrations

# Django adds these for LIKE to every unique text column. Nobody asks so, and every write pays for them.


class Migration(migrations.Migration):
    # CONCURRENTLY takes no lock that anybody would wait for, and works outside of transactions only.
    atomic = False

    dependencies = [("accounts", "0012_guests_since")]

    operations = [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop)
        for name in ("accounts_user_email_b2644a56_like", "accounts_apikey_prefix_2468c39f_like")
    ]
