import base64
import csv
import io

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.cnas_feuilles_soin.tests.commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestEtatCivil(CommunFeuille):
    """Les actes d'état civil : contrôlés à blanc, appliqués par un autre, jamais deux fois ; et l'export du registre."""

    def importer_actes(self, *lignes):
        contenu = "\n".join(["Nature;N° d'acte;Date;Matricule;NNI;Nom;Prénom;Genre", *lignes])
        recu = self.env["cnas.import_fichier"].with_user(self.agent).create({
            "sujet": "etat_civil", "nom_fichier": "actes.csv", "fichier": base64.b64encode(contenu.encode())})
        recu.action_controler()
        return recu

    def test_decisions(self):
        mere = self.creer_assure("Mère", "1995-01-01")
        mere._ecrire({"genre": "feminin"})
        lignes = (f"Décès;TD-1;10/11/2026;{self.assure.matricule};;;;", f"naissance;TN-1;01/11/2026;{mere.matricule};;ESSAI;Zara;F",
                  "naissance;TN-2;02/11/2026;;;ABC;Sans;M", "mariage;TM-1;02/11/2026;;;;;", "décès;TD-2;01/01/2090;;;;;", "décès;TD-3;02/11/2026;TD123;;;;")
        recu = self.importer_actes(*lignes)
        self.assertEqual(recu.ligne_ids.mapped("state"), ["creation"] * 3 + ["refus"] * 3)
        recu.action_appliquer()
        deces, naissance, sans = self.env["cnas.evenement_civil"].search([("numero_acte", "in", ("TD-1", "TN-1", "TN-2"))]).sorted("numero_acte")
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            deces.with_user(self.agent).action_appliquer()
        with self.assertRaisesRegex(UserError, "dossier"):
            sans.with_user(self.agent2).action_appliquer()
        deces.with_user(self.agent2).action_appliquer()
        self.assertEqual((str(self.assure.date_deces), self.assure.state), ("2026-11-10", "radie"))
        naissance.with_user(self.agent2).action_appliquer()
        enfant = naissance.enfant_id
        self.assertEqual((enfant.prenom, enfant.assure_principal_id, enfant.lien, enfant.state), ("Zara", mere, "enfant", "brouillon"))
        sans.with_user(self.agent2).action_ecarter("Inconnue")
        with self.assertRaises(UserError):
            sans.with_user(self.agent2).write({"assure_id": mere.id})
        with self.assertRaises(UserError):
            deces.with_user(self.superviseur).unlink()
        encore = self.importer_actes(*lignes[:3])
        self.assertEqual(set(encore.ligne_ids.mapped("state")), {"connue"})

    def test_registre(self):
        rendu = self.env["cnas.assure"].with_user(self.superviseur).exporter_registre("2020-01-01")
        rangs = {r["matricule"]: r for r in csv.DictReader(io.StringIO(base64.b64decode(rendu["contenu"]).decode("utf-8-sig")), delimiter=";")}
        self.assertEqual(rangs[self.assure.matricule]["nom"], "ESSAI")
        with self.assertRaises(AccessError):
            self.env["cnas.assure"].with_user(self.agent).exporter_registre()
        with self.assertRaises(UserError):
            self.env["cnas.assure"].with_user(self.superviseur).exporter_registre("2026-12-01", "2026-11-01")
