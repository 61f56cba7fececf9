"""What can be done to people and to the portal as a whole, and the permission each needs."""

from audit.actions import action

READ_MEMBERS = action("member.read", "dashboard_members:read", "read")
INVITE = action("member.invite", "dashboard_members:write", "invited", again=True)
WITHDRAW = action("member.withdraw", "dashboard_members:write", "withdrew the invitation of")
JOIN = action("member.join", "", "took up the invitation of")
CHANGE_ROLE = action("member.change-role", "dashboard_members:write", "changed the role of", again=True)
END = action("member.end", "dashboard_members:write", "ended the membership of", again=True)
KEEP_ADMIN = action("member.keep-admin", "", "kept, as the last admin,")
READ_PEOPLE = action("person.read", "dashboard_members:read", "read")
SIGN_OUT_PERSON = action("person.sign-out", "dashboard_members:write", "signed out everywhere", again=True)
DEACTIVATE = action("person.deactivate", "dashboard_members:write", "deactivated", again=True)
REACTIVATE = action("person.reactivate", "dashboard_members:write", "reactivated", again=True)
CREATE_PERSON = action("person.create", "", "created the account of")
CONFIRM_EMAIL = action(
    "person.confirm-email", "dashboard_members:write", "vouched for the address of", again=True
)
CHANGE_EMAIL = action("person.change-email", "dashboard_members:write", "changed the address of", again=True)
RENAME_SELF = action("person.rename", "", "renamed")
CHANGE_HOUSE = action("house.change", "dashboard_members:write", "changed", again=True)
ISSUE_TOKEN = action("access-token.issue", "", "issued")
REVOKE_TOKEN = action("access-token.revoke", "", "revoked")
REPORT_LEAK = action("leak.report", "", "was told of a leak of")
END_FOUND_TOKEN = action("access-token.end", "dashboard_keys:admin", "ended the found")
REVOKE_MANY = action("desk.revoke", "", "revoked many keys at once at")
SIGN_IN = action("sign-in.pass", "", "signed in")
SIGN_OUT = action("sign-in.end", "", "signed out")
FAIL_SIGN_IN = action("sign-in.fail", "", "failed to sign in")
CHANGE_PASSWORD = action("sign-in.change-password", "", "changed the password of")
CONFIRM_OWN_EMAIL = action("sign-in.confirm-email", "", "confirmed the address of")
LINK_IDENTITY = action("sign-in.link", "", "linked to the identity provider")
PROVE = action("sign-in.prove", "", "proved again who they are")
FAIL_PROOF = action("sign-in.fail-proof", "", "failed to prove who they are")
LEAVE_PROOF = action("sign-in.leave-proof", "", "will be asked again")
END_SESSION = action("session.end", "", "ended sessions of")
ENROL_FACTOR = action("second-factor.enrol", "", "set up a second factor of")
REMOVE_FACTOR = action("second-factor.remove", "", "removed a second factor of")
RENAME_FACTOR = action("second-factor.rename", "", "renamed a passkey of")
RESET_FACTORS = action(
    "second-factor.reset", "dashboard_members:write", "reset the second factors of", again=True
)
