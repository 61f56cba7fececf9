"""Lets a template ask the same question as the verb: may this actor do that?"""

from django import template

from audit.actions import EVERY
from audit.actors import Actor

register = template.Library()


@register.filter
def may(actor: Actor | None, action_name: str) -> bool:
    """`{% if actor|may:"key.mint" %}`. An unknown action name is a mistake in the template and raises."""
    return actor is not None and actor.may(EVERY[action_name])
