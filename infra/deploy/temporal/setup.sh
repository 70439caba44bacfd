#!/bin/sh
# Creates Temporal's databases and brings their schema to this server's version. Repeatable: `create` and `setup-schema`
# refuse what exists already, and `update-schema` fails if they failed for another reason.
set -eu
for name in temporal visibility; do
  database=temporal
  [ "$name" = visibility ] && database=temporal_visibility
  temporal-sql-tool --db "$database" create || true
  temporal-sql-tool --db "$database" setup-schema -v 0.0 || true
  temporal-sql-tool --db "$database" update-schema -d "/etc/temporal/schema/postgresql/v12/$name/versioned"
done
