"""Where accounts are found, version 1."""

from django.urls import path

from apps.accounts.api.v1 import views

urlpatterns = [
    path("auth/register", views.Register.as_view(), name="auth-register"),
    path("auth/verify-email", views.VerifyEmail.as_view(), name="auth-verify-email"),
    path("auth/verify-email/resend", views.ResendCode.as_view(), name="auth-resend-code"),
    path("auth/login", views.Login.as_view(), name="auth-login"),
    path("auth/refresh", views.Refresh.as_view(), name="auth-refresh"),
    path("auth/logout", views.Logout.as_view(), name="auth-logout"),
    path("me", views.Me.as_view(), name="me"),
    path("me/sessions", views.SessionList.as_view(), name="session-list"),
    path("me/sessions/<uuid:id>", views.SessionDetail.as_view(), name="session-detail"),
]
