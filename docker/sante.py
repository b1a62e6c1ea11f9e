"""Contrôle de santé du service odoo : la base répond, nos addons y sont, et une page qui la lit s'affiche."""
import os
import sys
import urllib.request

import psycopg2

connexion = psycopg2.connect(dbname=os.environ.get("CNAS_BASE", "cnas"), connect_timeout=5, application_name="cnas-sante")
with connexion, connexion.cursor() as cr:
    cr.execute("SELECT count(*) FROM ir_module_module WHERE name LIKE 'cnas\\_%' AND state <> 'installed' AND state <> 'uninstalled'")
    en_cours = cr.fetchone()[0]
    cr.execute("SELECT state FROM ir_module_module WHERE name = 'cnas_facturation'")
    installe = cr.fetchone() == ("installed",)
connexion.close()
if en_cours or not installe:
    sys.exit("addons CNAS non installés")
with urllib.request.urlopen("http://127.0.0.1:8069/web/login", timeout=10) as reponse:
    sys.exit(0 if reponse.status == 200 else 1)
