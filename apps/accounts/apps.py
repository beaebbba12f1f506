"""The first floor as Django sees it: who you are."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from apps.accounts.services.staff_step import StaffStep
        from apps.core import second_step

        second_step.ask_by(StaffStep())
