"""Does the test bed itself hold: fresh databases on both engines, and nothing left over?"""

from sqlalchemy import text

from notifier.store.session import Database


def test_a_test_gets_an_empty_migrated_database(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("CREATE TABLE seen (id INTEGER)"))  # fails if a test before left it


def test_the_next_test_does_not_see_what_the_last_one_wrote(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("CREATE TABLE seen (id INTEGER)"))
