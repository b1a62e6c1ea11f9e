from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.cnas_base.tests.common import periodes_hors_journal

from .commun import CasEmployeur

FORGES = {"install_mode": True, "tracking_disable": True, "cnas_verrou": True, "cnas_ouverture": True}


@tagged("post_install", "-at_install", "cnas")
class TestGarde(CasEmployeur):
    """Employeur, déclaration et lignes : ni contexte, ni imbrication, ni import ne passent la garde."""

    def test_un_contexte_forge_ne_valide_rien(self):
        declaration = self.env["cnas.declaration_effectif"].with_user(self.agent).with_context(
            default_state="validee", default_valide_par_id=self.superviseur.id, default_montant_appele=1, **FORGES,
        ).create({"employeur_id": self.employeur.id, "periode": "2026-07-01"})
        self.assertEqual((declaration.state, declaration.valide_par_id.id, declaration.montant_appele),
                         ("brouillon", False, 0))
        for valeurs in ({"state": "validee"}, {"depose_par_id": self.superviseur.id}, {"montant_appele": 5},
                        {"date_limite": "2030-01-01"}):
            with self.subTest(valeurs), self.assertRaises(UserError):
                declaration.with_context(**FORGES).write(valeurs)

    def test_un_employeur_n_ecrit_ses_declarations_que_par_leur_garde(self):
        declaration = self._declaration()
        declaration.action_deposer()
        ligne = declaration.ligne_ids[0]
        for champ, commande in (
            ("declaration_ids", Command.update(declaration.id, {"state": "validee"})),
            ("declaration_ids", Command.update(declaration.id, {"ligne_ids": [Command.update(ligne.id, {"salaire": 1})]})),
            ("declaration_ids", Command.create({"periode": "2026-06-01", "state": "validee"})),
            ("declaration_ids", Command.create({"periode": "2026-06-01", "ligne_ids": [
                Command.create({"assure_id": self.assures[0].id, "salaire": 90_000, "part_employeur": 1})]})),
            ("assure_ids", Command.update(self.assures[0].id, {"nom": "USURPATEUR"})),
        ):
            with self.subTest(commande=commande), self.assertRaises(UserError):
                self.employeur.write({champ: [commande]})
        self.assertEqual((declaration.state, ligne.salaire, self.assures[0].state), ("deposee", 200_000, "actif"))

    def test_load_web_save_et_copie(self):
        for entete, valeur in (("state", "actif"), ("matricule", "E00000111"), ("motif_etat", "x")):
            resultat = self.employeurs.load(["raison_sociale", "type_employeur", entete], [["Faux", "ong", valeur]])
            with self.subTest(entete):
                self.assertFalse(resultat["ids"])
        with self.assertRaises(UserError):
            self.employeur.web_save({"state": "radie"}, {"state": {}})
        copie = self.employeur.copy()
        self.assertEqual((copie.state, copie.nif), ("brouillon", False))
        self.assertNotEqual(copie.matricule, self.employeur.matricule)

    def test_toute_periode_est_au_journal(self):
        for addon in ("cnas_assures", "cnas_employeurs"):
            self.assertEqual(periodes_hors_journal(self.env, addon), [])
