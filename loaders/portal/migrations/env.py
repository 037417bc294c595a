"""Where alembic begins: it runs the revisions on the connection, and in the transaction, that the store opened."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    on_version_apply=context.config.attributes["applied"],
    transactional_ddl=True,
)
context.run_migrations()
