#!/bin/sh
# Creates the role of API and worker when the database is created. migrate grants it its rights (docs/audit.md).
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 --set password="$WAYBILL_APP_PASSWORD" <<'SQL'
CREATE ROLE waybill_app LOGIN PASSWORD :'password';
SQL
