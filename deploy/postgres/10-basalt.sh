#!/bin/sh
# Run once by the image when the database is empty: a role that owns one database and nothing else.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/basalt_password)" --username "$POSTGRES_USER" <<'SQL'
CREATE ROLE basalt LOGIN PASSWORD :'password';
CREATE DATABASE basalt OWNER basalt;
REVOKE CONNECT, TEMPORARY ON DATABASE basalt FROM PUBLIC;
SQL
