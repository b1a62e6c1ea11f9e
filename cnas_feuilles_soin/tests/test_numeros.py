from odoo import api
from odoo.tests import tagged

from .commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestNumeros(CommunFeuille):

    def test_sans_trou_par_agence_et_annee(self):
        resultats = self.importer(
            *[self.dossier(f"A-{n}") for n in range(4)],
            self.dossier("B-1", date_soins="2025-11-01", date_depot="2025-11-03"),
            *[self.dossier(f"C-{n}") for n in range(2)])
        numeros = [r["numero"] for r in resultats]
        self.assertEqual(numeros[:4], [f"TST-2026-00000{n}" for n in range(1, 5)])
        self.assertEqual(numeros[4], "TST-2025-000001")
        self.assertEqual(numeros[5:], ["TST-2026-000005", "TST-2026-000006"])

    def test_depot_annule_rend_son_numero(self):
        try:
            with self.env.cr.savepoint():
                self.deposee("P-1")
                raise ZeroDivisionError
        except ZeroDivisionError:
            self.env.invalidate_all()
        self.assertEqual(self.deposee("P-2").numero, "TST-2026-000001")

    def test_numeros_a_deux_curseurs(self):
        """Deux transactions prennent leurs numéros en même temps : la seconde attend, aucun numéro ne se répète."""
        agence_id = None
        registre = self.env.registry
        with CurseurReel(registre) as curseur:
            env = api.Environment(curseur, self.env.uid, {})
            agence_id = env["cnas.agence"].create({"code": "CONC", "name": "Concurrence"}).id
        try:
            with CurseurReel(registre) as un, CurseurReel(registre) as deux:
                compteur_1 = api.Environment(un, self.env.uid, {})["cnas.compteur_depot"]
                compteur_2 = api.Environment(deux, self.env.uid, {})["cnas.compteur_depot"]
                self.assertEqual(compteur_1._reserver({(agence_id, 2026): 3}), {(agence_id, 2026): 1})
                deux.execute("SET LOCAL lock_timeout = '200ms'")
                with self.assertRaises(Exception), self.assertLogs("odoo.sql_db", "ERROR"):
                    compteur_2._reserver({(agence_id, 2026): 1})
                deux.rollback()
                un.commit()
                self.assertEqual(compteur_2._reserver({(agence_id, 2026): 2}), {(agence_id, 2026): 4})
                deux.rollback()
                self.assertEqual(compteur_1._reserver({(agence_id, 2026): 1}), {(agence_id, 2026): 4})
        finally:
            with CurseurReel(registre) as curseur:
                curseur.execute("DELETE FROM cnas_compteur_depot WHERE agence_id = %s", [agence_id])
                curseur.execute("DELETE FROM cnas_agence WHERE id = %s", [agence_id])


class CurseurReel:
    """Un vrai curseur, hors de la transaction du test."""

    def __init__(self, registre):
        self.curseur = registre._db.cursor()

    def __enter__(self):
        return self.curseur

    def __exit__(self, erreur, *reste):
        if not erreur:
            self.curseur.commit()
        self.curseur.close()
