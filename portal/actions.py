"""What can be done to people and to the portal as a whole, and the permission each needs."""

from audit.actions import action

READ_MEMBERS = action("member.read", "dashboard_members:read", "read")
INVITE = action("member.invite", "dashboard_members:write", "invited")
WITHDRAW = action("member.withdraw", "dashboard_members:write", "withdrew the invitation of")
JOIN = action("member.join", "", "took up the invitation of")
CHANGE_ROLE = action("member.change-role", "dashboard_members:write", "changed the role of")
END = action("member.end", "dashboard_members:write", "ended the membership of")
ISSUE_TOKEN = action("access-token.issue", "", "issued")
REVOKE_TOKEN = action("access-token.revoke", "", "revoked")
SIGN_IN = action("sign-in.pass", "", "signed in")
SIGN_OUT = action("sign-in.end", "", "signed out")
FAIL_SIGN_IN = action("sign-in.fail", "", "failed to sign in")
CHANGE_PASSWORD = action("sign-in.change-password", "", "changed the password of")
