"""Where django-allauth's pages of second factors and of providers are: each behind a gate of ours."""

import allauth.mfa.base.views as factor_pages
import allauth.mfa.recovery_codes.views as code_pages
import allauth.mfa.totp.views as totp_pages
import allauth.mfa.webauthn.views as passkey_pages
import allauth.socialaccount.views as provider_views
from django.urls import path
from django.views.generic import RedirectView

import portal.views as portal_pages
from portal.auth.two_factor import recorded
from portal.web.gates import open_to_all, own

to_security = RedirectView.as_view(pattern_name="security")
factors = [  # django-allauth's pages, which keep the record by recorded()
    path("", own(to_security), name="mfa_index"),
    path("authenticate/", open_to_all(factor_pages.authenticate), name="mfa_authenticate"),
    path("reauthenticate/", own(factor_pages.reauthenticate), name="mfa_reauthenticate"),
    path("totp/activate/", own(recorded(totp_pages.activate_totp)), name="mfa_activate_totp"),
    path("totp/deactivate/", own(recorded(totp_pages.deactivate_totp)), name="mfa_deactivate_totp"),
    path("recovery-codes/", own(code_pages.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "recovery-codes/generate/",
        own(recorded(code_pages.generate_recovery_codes)),
        name="mfa_generate_recovery_codes",
    ),
    path("webauthn/", own(to_security), name="mfa_list_webauthn"),
    path("webauthn/login/", open_to_all(passkey_pages.login_webauthn), name="mfa_login_webauthn"),
    path("webauthn/add/", own(recorded(passkey_pages.add_webauthn)), name="mfa_add_webauthn"),
    path(
        "webauthn/reauthenticate/",
        own(passkey_pages.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "webauthn/keys/<int:pk>/edit/", own(recorded(passkey_pages.edit_webauthn)), name="mfa_edit_webauthn"
    ),
    path(
        "webauthn/keys/<int:pk>/remove/",
        own(recorded(passkey_pages.remove_webauthn)),
        name="mfa_remove_webauthn",
    ),
]
provider_pages = [  # what is left of django-allauth's own: nobody signs up or connects accounts by hand
    path(
        "login/cancelled/", open_to_all(provider_views.login_cancelled), name="socialaccount_login_cancelled"
    ),
    path("login/error/", open_to_all(provider_views.login_error), name="socialaccount_login_error"),
    path("signup/", open_to_all(portal_pages.not_here), name="socialaccount_signup"),
    path("", own(to_security), name="socialaccount_connections"),
]
