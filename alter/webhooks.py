"""`alter webhooks`: manage webhooks, which receive the audit log, and their failed deliveries."""

from typing import Any

import click

from alter import output, undo_commands
from alter.command import F, Noun, paged
from alter.exit_codes import usage
from alter.key_options import given, reason_option, yes_option
from alter.param_types import Id
from alter.portal_columns import DELIVERIES_CHANGED, DELIVERY, WEBHOOK, WEBHOOK_SECRET
from alter.run import Run, pass_run

ID = "01a2014c-7d92-72cf-83df-d30ffbfe9814"
MAX_DELIVERIES = 500
"""Failed deliveries that one request changes."""
webhook_argument = click.argument("webhook", type=Id(), metavar="ID")


def failed_options(command: F) -> F:
    """Which failed deliveries: one, or all."""
    command = click.option(
        "--all", "every", is_flag=True, help="All failed deliveries, at most the oldest 500."
    )(command)
    return click.argument("delivery", type=Id(), metavar="[ID]", required=False)(command)


@click.group(
    cls=Noun,
    examples="""
    alter webhooks create --name siem --url https://siem.example.com/hooks/alter --sends events
    alter webhooks failed
    """,
)
def webhooks() -> None:
    """Manage webhooks, which receive the audit log, and their failed deliveries.

    This requires a role in all apps.
    """


@webhooks.command("list", shows=WEBHOOK, examples="alter webhooks list")
@paged(50)
@pass_run
def list_webhooks(run: Run, **part: Any) -> None:
    """List webhooks, newest first, with their state."""
    run.show_page("/webhooks", **part)


@webhooks.command(shows=WEBHOOK, examples=f"alter webhooks show {ID}")
@webhook_argument
@pass_run
def show(run: Run, webhook: str) -> None:
    """Show a webhook, without its signing secret."""
    run.show(run.client.get(f"/webhooks/{webhook}"))


@webhooks.command(
    shows=WEBHOOK_SECRET,
    examples="""
    alter webhooks create --name siem --url https://siem.example.com/hooks/alter
    alter webhooks create --name denied --url https://siem.example.com/in --sends denied --only-app
    """,
)
@click.option("--name", required=True, metavar="TEXT", help="The name, at most 60 characters.")
@click.option("--url", required=True, metavar="URL", help="The https URL that receives signed JSON.")
@click.option(
    "--sends",
    type=click.Choice(["everything", "events", "calls", "denied"], case_sensitive=False),
    help="Which entries; calls are requests. Default: everything.",
)
@click.option(
    "--only-app", is_flag=True, help="Only entries of the app of --app, ALTER_APP_ID or the linked folder."
)
@click.option(
    "--idempotency-key", metavar="TEXT", help="A unique value, so that retries create only one webhook."
)
@pass_run
def create(run: Run, only_app: bool, idempotency_key: str | None, **options: Any) -> None:
    """Create a webhook. Its signing secret is printed once."""
    body = given(app_id=run.app_id if only_app else None, **options)
    run.reveal(
        lambda: run.client.make("/webhooks", body, idempotency_key),
        undo_commands.delete_webhook,
        undo="delete",
    )


@webhooks.command(shows=WEBHOOK, examples=f"alter webhooks pause {ID}")
@webhook_argument
@reason_option
@pass_run
def pause(run: Run, webhook: str, reason: str | None) -> None:
    """Pause a webhook. Entries wait until it is resumed."""
    run.show(run.client.post(f"/webhooks/{webhook}/pause", given(reason=reason)))


@webhooks.command(shows=WEBHOOK, examples=f"alter webhooks resume {ID}")
@webhook_argument
@pass_run
def resume(run: Run, webhook: str) -> None:
    """Resume a paused webhook where it stopped."""
    run.show(run.client.post(f"/webhooks/{webhook}/resume", {}))


@webhooks.command(shows=DELIVERY, examples=f"alter webhooks test {ID}")
@webhook_argument
@pass_run
def test(run: Run, webhook: str) -> None:
    """Send a signed test message without entries."""
    run.show(run.client.post(f"/webhooks/{webhook}/test", {}))
    output.say(f"For the result: alter webhooks deliveries {webhook}")


@webhooks.command(shows=WEBHOOK_SECRET, examples=f"alter webhooks rotate {ID} --yes")
@webhook_argument
@yes_option
@reason_option
@pass_run
def rotate(run: Run, webhook: str, yes: bool, reason: str | None) -> None:
    """Replace the signing secret. The new one is printed once."""
    if not yes:
        _confirm(run, webhook, "Replace the signing secret of {}? The old one is not used any more.")
    run.reveal(
        lambda: run.client.post(f"/webhooks/{webhook}/rotate", given(reason=reason)),
        lambda _: ("webhooks", "rotate", webhook, "--yes"),
        undo="replace",
    )


@webhooks.command(shows=WEBHOOK, examples=f"alter webhooks delete {ID} --yes")
@webhook_argument
@yes_option
@reason_option
@pass_run
def delete(run: Run, webhook: str, yes: bool, reason: str | None) -> None:
    """Delete a webhook permanently. Pending deliveries are discarded."""
    if not yes:
        _confirm(run, webhook, "Delete {} permanently? Pending deliveries are discarded.")
    run.show(run.client.post(f"/webhooks/{webhook}/delete", given(reason=reason)))


@webhooks.command(shows=DELIVERY, examples=f"alter webhooks deliveries {ID}")
@webhook_argument
@paged(50)
@pass_run
def deliveries(run: Run, webhook: str, **part: Any) -> None:
    """List pending and recent deliveries of a webhook, newest first."""
    run.show_page(f"/webhooks/{webhook}/deliveries", **part)


@webhooks.command(shows=DELIVERY, examples="alter webhooks failed --all --output jsonl")
@paged(50)
@pass_run
def failed(run: Run, **part: Any) -> None:
    """List deliveries of all webhooks that failed for 24 hours."""
    run.show_page("/failed-deliveries", **part)


@webhooks.command(
    shows=DELIVERY,
    examples=f"""
    alter webhooks retry {ID}
    alter webhooks retry --all
    """,
)
@failed_options
@pass_run
def retry(run: Run, delivery: str | None, every: bool) -> None:
    """Send one failed delivery again, or all of them."""
    _change_failed(run, "retry", delivery, every, {})


@webhooks.command(
    shows=DELIVERY,
    examples=f"""
    alter webhooks discard {ID} --yes
    alter webhooks discard --all --yes --reason "Receiver was replaced"
    """,
)
@failed_options
@yes_option
@reason_option
@pass_run
def discard(run: Run, delivery: str | None, every: bool, yes: bool, reason: str | None) -> None:
    """Discard one failed delivery, or all. Their entries stay in the audit log."""
    _check_which(delivery, every)
    if not yes:
        run.need_terminal("Use --yes to confirm.")
        run.ask(f"Discard {'all failed deliveries' if every else 'this delivery'}? They are never sent.")
    _change_failed(run, "discard", delivery, every, given(reason=reason))


def _check_which(delivery: str | None, every: bool) -> None:
    if bool(delivery) == every:
        raise usage("Give the ID of a failed delivery, or --all.", "To list them: alter webhooks failed")


def _change_failed(run: Run, verb: str, delivery: str | None, every: bool, body: dict[str, Any]) -> None:
    """Change one failed delivery, or the oldest MAX_DELIVERIES. Until they have arrived, retried ones stay failed."""
    _check_which(delivery, every)
    if not every:
        run.show(run.client.post(f"/failed-deliveries/{delivery}/{verb}", body))
        return
    run.shape = DELIVERIES_CHANGED
    answer = run.client.post(f"/failed-deliveries/{verb}", body)
    run.show(answer)
    if answer["deliveries"] == MAX_DELIVERIES:
        output.say(f"These are the oldest {MAX_DELIVERIES}. For more, run this again once they are gone.")


def _confirm(run: Run, webhook: str, question: str) -> None:
    run.need_terminal("Use --yes to confirm.")
    details = run.client.get(f"/webhooks/{webhook}")
    run.ask(question.format(f"{details['name']} ({details['url']})"))
