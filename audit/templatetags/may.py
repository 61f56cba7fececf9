"""The template tag that asks whether an actor may do an action."""

from django import template

from audit.actions import EVERY
from audit.actors import Actor

register = template.Library()


@register.filter
def may(actor: Actor | None, action_name: str) -> bool:
    """`{% if actor|may:"key.mint" %}`. An unknown action name is a mistake in the template and raises."""
    return actor is not None and actor.may(EVERY[action_name])


@register.simple_tag
def may_do(actor: Actor | None, action_name: str, on: object) -> bool:
    """`{% may_do actor "key.revoke" key as may_revoke %}`: the same of one row, which the actor may own."""
    return actor is not None and actor.may(EVERY[action_name], on)


@register.simple_tag
def may_on_own(actor: Actor | None, action_name: str) -> bool:
    """`{% may_on_own actor "key.revoke" as may_revoke_some %}`: whether the actor may do it to rows that it owns."""
    return actor is not None and actor.may_on_own(EVERY[action_name])
