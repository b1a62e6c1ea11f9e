import re
from datetime import date, datetime
from pathlib import Path

from odoo.modules import get_module_path
from odoo.tests import tagged

from odoo.addons.cnas_base.jour import SQL_AUJOURDHUI, aujourd_hui, jour_de, jour_ecrit, sql_jour

from .common import TransactionCase

# Un jour pris à Londres (la base et le serveur comptent en UTC, une heure de moins qu'à N'Djamena), ou dans le fuseau
# que l'appel met dans son contexte : un script y gagnerait un jour de délai.
JOURS_UTC = re.compile(
    r"\bcurrent_date\b|\bnow\(\)::|\b[Dd]ate\.today\(|\bdatetime\.(now|today)\(|\.date_\w+\.date\(\)|\bdate_\w+::date\b"
    r"|\bcontext_today\b|\bcontext_timestamp\b")


@tagged("post_install", "-at_install", "cnas")
class TestJour(TransactionCase):
    """Le jour est celui de N'Djamena, en SQL comme en Python."""

    def test_sql_jour(self):
        self.env.cr.execute(f"SELECT {sql_jour('%(instant)s::timestamp')}::text", {"instant": "2026-03-04 22:59:59"})
        self.assertEqual(self.env.cr.fetchone()[0], "2026-03-04")
        self.env.cr.execute(f"SELECT {sql_jour('%(instant)s::timestamp')}::text", {"instant": "2026-03-04 23:00:00"})
        self.assertEqual(self.env.cr.fetchone()[0], "2026-03-05")

    def test_jour_de(self):
        self.assertEqual(jour_de(datetime(2026, 3, 4, 22, 59, 59)), date(2026, 3, 4))
        self.assertEqual(jour_de(datetime(2026, 3, 4, 23)), date(2026, 3, 5))

    def test_jour_ecrit(self):
        for texte, attendu in (("2026-03-04T22:59:59Z", "2026-03-04"), ("2026-03-04T23:00:00Z", "2026-03-05"), ("2026-03-04T23:30", "2026-03-04")):
            self.assertEqual(str(jour_ecrit(texte)), attendu)
        for texte in ("2026-02-31T00:00:00Z", "9999-12-31T23:59:59-14:00", "hier"):
            with self.subTest(texte=texte), self.assertRaises(ValueError):
                jour_ecrit(texte)

    def test_le_fuseau_du_contexte_ne_deplace_pas_le_jour(self):
        for fuseau in ("Pacific/Kiritimati", "Etc/GMT+12"):
            defauts = self.env["cnas.parametre"].with_context(tz=fuseau).default_get(["date_debut"])
            self.assertEqual(defauts["date_debut"], aujourd_hui())

    def test_sql_aujourdhui(self):
        self.env.cr.execute(f"SELECT {SQL_AUJOURDHUI} = {sql_jour('now() AT TIME ZONE %s')}", ("UTC",))
        self.assertTrue(self.env.cr.fetchone()[0])

    def test_aucun_jour_utc_dans_le_code(self):
        fautes = []
        addons = self.env["ir.module.module"].search([("name", "=like", "cnas_%"), ("state", "=", "installed")])
        for addon in addons.mapped("name"):
            racine = Path(get_module_path(addon))
            for fichier in racine.rglob("*.py"):
                # `jour.py` est le lieu où le jour se calcule
                if "tests" not in fichier.relative_to(racine).parts and fichier.name != "jour.py":
                    fautes += [f"{addon}/{fichier.relative_to(racine)}:{rang}: {ligne.strip()}"
                               for rang, ligne in enumerate(fichier.read_text("utf-8").splitlines(), 1)
                               if JOURS_UTC.search(ligne.split("#")[0].split("`")[0])]
        self.assertEqual(fautes, [])

    def test_aucun_jour_utc_dans_les_vues(self):
        self.env.cr.execute("""
            SELECT relname FROM pg_class
             WHERE relkind = 'v' AND relname LIKE 'cnas\\_%%' AND pg_get_viewdef(oid) ILIKE '%%current_date%%'""")
        self.assertEqual(self.env.cr.fetchall(), [])
