#!/bin/sh
# Première mise en route de PostgreSQL : un rôle sans privilège pour Odoo, sa base, les contributions.
set -eu
psql -v ON_ERROR_STOP=1 -v mot_de_passe="$(cat /run/cnas/odoo)" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE odoo LOGIN PASSWORD :'mot_de_passe';
CREATE DATABASE cnas OWNER odoo ENCODING 'UTF8' LC_COLLATE 'C' TEMPLATE template0;
\connect cnas
CREATE EXTENSION unaccent;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION btree_gist;
ALTER FUNCTION unaccent(text) IMMUTABLE;
GRANT CREATE ON SCHEMA public TO PUBLIC;
SQL
