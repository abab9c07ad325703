"""Which numbers does the service count while it works? (Those read from rows are in web/health.)"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry()

SENT = Counter(
    "notifier_tries_total",
    "Tries at messages by result.",
    ["channel", "outcome"],
    registry=REGISTRY,
)
TAKEN_OVER = Counter(
    "notifier_taken_over_total",
    "Messages taken over from senders that died or were too slow.",
    registry=REGISTRY,
)
LATE = Counter(
    "notifier_late_results_total",
    "Results rejected because somebody else had taken the message over.",
    registry=REGISTRY,
)
LOOKS = Counter(
    "notifier_looks_total", "Looks at sources by result.", ["source", "result"], registry=REGISTRY
)
SIGN_UPS = Counter(
    "notifier_sign_ups_total", "Requests to subscribe by answer.", ["answer"], registry=REGISTRY
)
HOOKS_REFUSED = Counter(
    "notifier_hooks_refused_total", "Callbacks with a wrong signature.", ["hook"], registry=REGISTRY
)
HOOKS_IGNORED = Counter(
    "notifier_hooks_ignored_total",
    "Signed deliveries about something that nothing is done for.",
    ["hook"],
    registry=REGISTRY,
)
LIMITED = Counter(
    "notifier_limited_total",
    "Asked for more often than a limit allows, by limit.",
    ["limit"],
    registry=REGISTRY,
)
MAIL_EVENTS = Counter(
    "notifier_mail_events_total",
    "What mail providers called back with: news, known, not ours, or of no matter here.",
    ["provider", "result"],
    registry=REGISTRY,
)
DATABASE_BUSY = Counter(
    "notifier_database_busy_total",
    "Transactions that the database could not take, by what followed.",
    ["then"],
    registry=REGISTRY,
)
UNWRITABLE = Counter(
    "notifier_unwritable_total",
    "Messages that could not be written: a template or a row is at fault.",
    ["kind"],
    registry=REGISTRY,
)
JOB_SECONDS = Histogram(
    "notifier_job_seconds", "How long a run of a job took.", ["job"], registry=REGISTRY
)
UNMATCHED_ROWS = Counter(
    "notifier_unmatched_rows_total",
    "Pushed rows about variants that were not known.",
    ["shop"],
    registry=REGISTRY,
)
NO_SKELETON = Counter(
    "notifier_skeletons_refused_total",
    "Messages written one by one since the quick way gave another text.",
    ["kind"],
    registry=REGISTRY,
)
TEXTS_ASKED = Counter(
    "notifier_texts_asked_total",
    "Texts without an end asked about at the provider, by what it said.",
    ["channel", "result"],
    registry=REGISTRY,
)
TEXTS_MISSED = Counter(
    "notifier_texts_missed_total",
    "Texts from people that were heard of only when the provider was asked.",
    ["channel", "wish"],
    registry=REGISTRY,
)
MAILBOX_LOOKS = Counter(
    "notifier_mailbox_looks_total",
    "Looks into mailboxes that mail comes back to, by result.",
    ["mailbox", "result"],
    registry=REGISTRY,
)
MAILS_READ = Counter(
    "notifier_mails_read_total",
    "Mails that came back, by whether they said something.",
    ["mailbox", "result"],
    registry=REGISTRY,
)
