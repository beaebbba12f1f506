"""Addresses that exist on a developer's machine only."""

from django.urls import path

from apps.core.development import views

urlpatterns = [
    path("mail", views.mail_list, name="mail"),
    path("mail/<str:name>", views.mail_message, name="mail-message"),
    path("mail/<str:name>/html", views.mail_html, name="mail-html"),
]
