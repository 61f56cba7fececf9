"""The ways a gateway, or a call that one asks about, is refused. Codes are for ever: docs/errors.md."""

from core.errors import Conflict, NotFound, Refusal

HOW_TO_SET_UP = "The guide Putting a gateway in front says how it is set up."


class GatewayNotFound(NotFound):
    """No gateway in use has this name."""

    code = "gateway_not_found"
    message = "There is no gateway of this name."
    hint = "See them all with .venv/bin/python manage.py list_gateways."


class GatewayExists(Conflict):
    """A gateway in use has this name already."""

    code = "gateway_exists"
    message = "There is a gateway of this name."
    hint = (
        "Give it a new secret with .venv/bin/python manage.py rotate_gateway, "
        "or make the name free with retire_gateway."
    )


class GatewayUnknown(Refusal):
    """The secret of a gateway was presented, and it is none in force.

    Not 401: gateways hand that to the caller as a word on the caller's key, which may be good. Any other status
    below 500 is an error to them, which they log.
    """

    code = "gateway_unknown"
    status = 400
    message = "The gateway's secret, sent as X-Alter-Gateway, is wrong, was rotated or is retired."
    hint = f"Get a new one with .venv/bin/python manage.py rotate_gateway. {HOW_TO_SET_UP}"


class GatewayIncomplete(Refusal):
    """A gateway that proved itself does not say what was called, or says it twice."""

    code = "gateway_incomplete"
    status = 400
    message = "The gateway must say once what was called, in the two headers it is set up for."
    hint = HOW_TO_SET_UP
