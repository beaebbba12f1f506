"""A page of rows in which a condition that no index knows leaves gaps: bounded, however wide the gaps are.

Whom a reader has blocked is known to no index, so their posts are passed over one by one. A page passes over no more
than `MOST_SIFTED` rows: it then ends short of its size, and its cursor continues where it stopped looking.
"""

from collections.abc import Sequence

from django.conf import settings

# Three times the largest page.
MOST_SIFTED = 3 * settings.MAX_PAGE


def sifted_page(keys: Sequence[str], order: Sequence[str], rows: str) -> str:
    """Write the statement of a page; `rows` are SQL for JSON, null where a row does not fit, and order values.

    Where `%s` stands outside of `rows`, the page's size goes, the last time behind them.
    """
    # The last one shown; on a page that came out short, the last one looked at.
    end = ", ".join(
        f"coalesce((array_agg({key}) FILTER (WHERE j IS NOT NULL))[%s], (array_agg({key}))[count(*)])"
        for key in keys
    )
    by = ", ".join(
        f"{key} DESC" if name.startswith("-") else key
        for key, name in zip(keys, order, strict=True)
    )
    # Postgres stops looking as soon as one row more than the page holds was seen: a running count only grows.
    return (
        f"SELECT convert_to(coalesce(string_agg(j, ',') FILTER (WHERE seen < %s), ''), 'UTF8'), "  # noqa: S608
        f"count(j) > %s OR count(*) = {MOST_SIFTED}, {end} "
        f"FROM (SELECT *, count(j) OVER (ORDER BY {by} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen "
        f"FROM ({rows} LIMIT {MOST_SIFTED}) AS looked_at (j, {', '.join(keys)})) AS page WHERE seen <= %s"
    )
