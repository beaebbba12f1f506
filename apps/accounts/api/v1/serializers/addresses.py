"""Shapes of another address."""

from apps.accounts.api.v1.serializers.fields import AddressField, CodeField
from apps.core.http.serializers import Input


class EmailChange(Input):
    email = AddressField()


class EmailConfirmation(Input):
    code = CodeField(help_text="Six digits, from the mail to the new address.")
