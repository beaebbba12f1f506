"""Posts and comments say whether their author's account is out."""

from django.db import migrations, models

_HELP = "Its author's account does not stand: indexes leave it out (`content/marking.py`)."


class Migration(migrations.Migration):
    dependencies = [
        ("content", "0007_media_audit"),
    ]

    operations = [
        migrations.AddField(
            model_name=name,
            name="author_out",
            field=models.BooleanField(
                db_default=False, default=False, editable=False, help_text=_HELP
            ),
        )
        for name in ("comment", "post")
    ]
