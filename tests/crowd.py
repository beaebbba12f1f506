"""A product that many people have used for years: rows by the ten thousand, made inside Postgres in a second or two."""

from functools import cache

from django.db import connection

from tests.phone import Phone

MANY = 20_000
PEOPLE = 2_000

# What a column holds that nobody says anything about and that may not be empty.
_PLAIN = {
    "text": "''",
    "character varying": "''",
    "boolean": "false",
    "integer": "0",
    "smallint": "0",
    "bigint": "0",
    "bytea": "int4send(n::int)",
    "jsonb": "'{}'",
    "ARRAY": "'{}'",
    "timestamp with time zone": "now()",
    "uuid": "uuidv7()",
}


def person(number: str) -> str:
    """Write the id of a person, by number, as SQL; there are `PEOPLE` of them, from 0."""
    return f"('00000000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def post(number: str) -> str:
    """Write the id of a post, by number, as SQL; there are `MANY` of them, from 1."""
    return f"('00000001-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def many(table: str, count: int = MANY, **columns: str) -> None:
    """Insert rows; columns are SQL over `n`, which counts from 1, and whatever they leave out is plain."""
    columns = _needed(table) | columns
    statement = "INSERT INTO {} ({}) SELECT {} FROM generate_series(1, {}) AS n"
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(table, ", ".join(columns), ", ".join(columns.values()), count)
        )


@cache
def _kinds(table: str) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL",
            [table],
        )
        return dict(cursor.fetchall())


def _needed(table: str) -> dict[str, str]:
    return {column: _PLAIN[kind] for column, kind in _kinds(table).items()}


def gather(reader: Phone, shown: str) -> None:
    """Fill every table that a list reads. Much of it is the reader's; much was said to the post `shown`."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
    mine, back = f"'{reader.user_id}'::uuid", "now() - n * interval '1 minute'"
    somebody = person(f"n % {PEOPLE}")
    many("accounts_user", PEOPLE, id=person("n - 1"), email="n || '@crowd.test'", is_active="true")
    many(
        "content_post",
        id=post("n"),
        author_id=f"CASE WHEN n % 4 = 0 THEN {mine} ELSE {somebody} END",
        title="'Post ' || n || CASE WHEN n % 1000 = 1 THEN ' about lighthouses' ELSE '' END",
        body="'Some words that every post has, and ' || md5(n::text)",
        status="CASE WHEN n % 5 = 0 THEN 'draft' ELSE 'published' END",
        visibility="CASE WHEN n % 7 = 0 THEN 'private' ELSE 'public' END",
        language="'en'",
        created_at=back,
        published_at=f"CASE WHEN n % 5 = 0 THEN NULL ELSE {back} END",
    )
    below = f"CASE WHEN n % 10 = 0 THEN '{shown}'::uuid ELSE {post('n')} END"
    many("content_comment", post_id=below, author_id=somebody, body="'Lovely.'", created_at=back)
    many("content_bookmark", MANY // 4, post_id=post("n"), user_id=mine, created_at=back)
    many("content_reaction", post_id=post("n"), user_id=somebody, kind="'like'")
    many(
        "content_collaborator",
        PEOPLE - 1,
        post_id=f"'{shown}'::uuid",
        user_id=person("n"),
        role="'viewer'",
        created_at=back,
    )
    shared = post("n * 4 + 1")
    many(
        "content_collaborator",
        PEOPLE,
        post_id=shared,
        user_id=mine,
        role="'editor'",
        created_at=back,
    )
    # People who write nothing: whom somebody blocks is left out of what they read.
    many("accounts_user", PEOPLE, id=person(f"n + {PEOPLE}"), email="n || '@silent.test'")
    many("accounts_block", 40, blocker_id=mine, blocked_id=person(f"n + {PEOPLE}"))
    many(
        "accounts_block",
        blocker_id=somebody,
        blocked_id=person(f"(n + 1 + n / {PEOPLE}) % {PEOPLE}"),
    )
    many(
        "accounts_passkey",
        user_id=f"CASE WHEN n % 100 = 0 THEN {mine} ELSE {somebody} END",
        credential_id="int4send(n::int)",
    )
    later = "now() + interval '1 day'"
    many(
        "accounts_session",
        id="uuidv7(n * interval '1 millisecond')",
        user_id=f"CASE WHEN n % 100 = 0 THEN {mine} ELSE {somebody} END",
        idle_expires_at=later,
        absolute_expires_at=later,
    )
    many(
        "devices_device",
        installation_id="'crowd-' || n",
        user_id=f"CASE WHEN n % 100 = 0 THEN {mine} ELSE {somebody} END",
        platform="'ios'",
        created_at=back,
    )
    many(
        "notifications_notification",
        recipient_id=f"CASE WHEN n % 4 = 0 THEN {mine} ELSE {somebody} END",
        kind="'comment_created'",
        category="'social'",
        key="n::text",
        created_at=back,
    )
    with connection.cursor() as cursor:
        # As autovacuum does: what was inserted lately moves into place, and is counted.
        cursor.execute("SELECT gin_clean_pending_list('document_words')")
        cursor.execute("SELECT gin_clean_pending_list('document_title')")
        cursor.execute("ANALYZE")
