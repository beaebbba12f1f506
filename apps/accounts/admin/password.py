"""Staff's own password, changed in the admin: by the same rules and with the same effects as on the phone."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminPasswordChangeForm

from apps.accounts.errors import PasswordWrong
from apps.accounts.services import password_change
from apps.core.actors import Actor
from apps.core.errors import Invalid, Unavailable


class StaffPasswordForm(AdminPasswordChangeForm):
    """Changes the password while it is cleaned, because the service says what is wrong with it."""

    def clean_old_password(self) -> str:
        # Compared by the service, which hashes a few at a time.
        return str(self.cleaned_data["old_password"])

    def clean(self) -> None:
        super().clean()
        if not self.errors:
            self._change(self.cleaned_data["old_password"], self.cleaned_data["new_password1"])

    def _change(self, old: str, new: str) -> None:
        try:
            password_change.change(actor=Actor(self.user.pk), password=new, current_password=old)
        except PasswordWrong:
            self.add_error("old_password", self.error_messages["password_incorrect"])
        except Invalid as refusal:
            for fault in refusal.extra["errors"]:
                self.add_error("new_password2", fault["detail"])
        except Unavailable as refusal:
            self.add_error(None, refusal.detail)

    def save(self, commit: bool = True) -> Any:
        self.user.refresh_from_db()
        return self.user


admin.site.password_change_form = StaffPasswordForm
