#!/bin/sh
# Première mise en route de PostgreSQL : un rôle sans privilège pour Odoo, sa base, les contributions.
set -eu
psql -v ON_ERROR_STOP=1 -v mot_de_passe="$(cat /run/cnas_base/odoo)" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE odoo LOGIN CREATEDB PASSWORD :'mot_de_passe';
-- modèle de base : contributions posées par l'administrateur, unaccent immuable ; la restauration s'en sert aussi
CREATE DATABASE cnas_modele OWNER odoo ENCODING 'UTF8' LC_COLLATE 'C' TEMPLATE template0;
\connect cnas_modele
CREATE EXTENSION unaccent;
CREATE EXTENSION pg_trgm;
CREATE EXTENSION btree_gist;
ALTER FUNCTION unaccent(text) IMMUTABLE;
GRANT CREATE ON SCHEMA public TO PUBLIC;
\connect postgres
CREATE DATABASE cnas OWNER odoo TEMPLATE cnas_modele;
SQL
