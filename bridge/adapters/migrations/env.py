"""What Alembic runs: on the connection it is given, or, without one, as SQL text for MariaDB and MySQL."""

from alembic import context

attributes = context.config.attributes
connection = attributes.get("connection")

if connection is None:
    context.configure(dialect_name="mysql", version_table=attributes["version_table"], literal_binds=True)
else:
    context.configure(connection=connection, version_table=attributes["version_table"])

with context.begin_transaction():
    context.run_migrations()
