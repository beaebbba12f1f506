"""Shapes of a new password."""

from apps.accounts.api.v1.serializers.fields import AddressField, CodeField, PasswordField
from apps.core.http.serializers import Input


class PasswordForgotten(Input):
    email = AddressField()


class PasswordReset(Input):
    email = AddressField()
    code = CodeField()
    password = PasswordField(help_text="The new one: at least 12 characters.")


class PasswordChange(Input):
    current_password = PasswordField(
        required=False, help_text="May be left out after `POST me/reauthenticate`."
    )
    password = PasswordField(help_text="The new one: at least 12 characters.")
