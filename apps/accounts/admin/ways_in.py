"""How people sign in beside passwords: which passkeys and identities there are, and nothing that they are made of."""

from django.contrib import admin

from apps.accounts.admin.people import SEARCH_HELP, ByAddressMixin
from apps.accounts.admin.sessions import WithUserMixin
from apps.accounts.models import Identity, Passkey
from apps.core.admin import ReadOnlyAdmin

_SEARCH = ("id__exact", "user__email__exact", "user__id__exact")


@admin.register(Passkey)
class PasskeyAdmin(WithUserMixin, ByAddressMixin, ReadOnlyAdmin):
    fields = ("id", "user", "name", "is_backed_up", "created_at", "last_used_at")
    list_display = ("id", "user", "name", "is_backed_up", "last_used_at")
    search_help_text = SEARCH_HELP
    search_fields = _SEARCH
    ordering = ("-id",)


@admin.register(Identity)
class IdentityAdmin(WithUserMixin, ByAddressMixin, ReadOnlyAdmin):
    fields = ("id", "user", "issuer", "masked_subject", "created_at", "last_used_at")
    list_display = ("id", "user", "issuer", "masked_subject", "last_used_at")
    search_help_text = SEARCH_HELP
    search_fields = _SEARCH
    ordering = ("-id",)

    @admin.display(description="subject")
    def masked_subject(self, identity: Identity) -> str:
        return f"{identity.subject[:3]}…"
