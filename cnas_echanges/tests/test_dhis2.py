import json
from base64 import b64decode
from unittest.mock import Mock, patch

import requests
from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.cnas_feuilles_soin.tests.commun_feuille import CommunFeuille

POST = "odoo.addons.cnas_echanges.models.dhis2_envoi.requests.post"


@tagged("post_install", "-at_install", "cnas")
class TestDhis2(CommunFeuille):
    """Les agrégats du mois par district : justes, masqués sous le seuil, renvoyés sans doubler, chaque réponse gardée."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.district = cls.env["cnas.district"].create({"name": "District d'essai", "province_id": cls.formation.province_id.id})
        cls.formation.district_id = cls.district
        cls.env.cr.execute("DELETE FROM cnas_dhis2_reponse; DELETE FROM cnas_dhis2_envoi")
        cls.env["cnas.dhis2.correspondance"].search([]).unlink()
        cls.env["cnas.dhis2.unite"].search([]).unlink()
        cls.env["cnas.dhis2.correspondance"].with_user(cls.administrateur).create([
            {"indicateur": "feuilles", "element": "Elem0000001"}, {"indicateur": "enfants", "element": "Elem0000002"},
            {"indicateur": "part_cnas", "element": "Elem0000003", "combinaison": "Comb0000001"}])
        cls.env["cnas.dhis2.unite"].with_user(cls.administrateur).create({"district_id": cls.district.id, "uid": "Dist0000001"})
        cls.envoi = cls.env["cnas.dhis2.envoi"].with_user(cls.superviseur).create({"periode": "2026-11-01"})

    def deposer(self, nombre, depart=0):
        for rang in range(depart, depart + nombre):
            assure = self.creer_assure(f"Patient {rang}", "1985-03-12")
            self.deposee(f"D-{rang}", matricule=assure.matricule)._controler()

    def valeurs(self):
        self.envoi.action_calculer()
        return {v["dataElement"]: v["value"] for v in json.loads(b64decode(self.envoi.json_dhis2))["dataValues"] if v["orgUnit"] == "Dist0000001"}

    def regler(self, code, valeur):
        self.env["cnas.parametre"].search([("code", "=", code)]).sudo()._ecrire({"valeur": valeur})

    def test_agregats_et_petits_effectifs(self):
        self.deposer(4)
        self.assertEqual(self.valeurs(), {"Elem0000002": "0"}, "quatre personnes : sous le seuil de cinq")
        self.assertEqual(self.envoi.nb_masquees, 2)
        self.deposer(2, 4)
        lues = self.valeurs()
        self.env.cr.execute("SELECT count(*), sum(montant_cnas)::bigint FROM cnas_feuille_soin WHERE formation_id = %s AND state IN ('validee', 'payee', 'rejetee')",
                            [self.formation.id])
        nombre, part = self.env.cr.fetchone()
        self.assertEqual((lues["Elem0000001"], lues["Elem0000003"]), (str(nombre), str(part)))
        adx = etree.fromstring(b64decode(self.envoi.adx))
        groupe = adx.find("{urn:ihe:qrph:adx:2015}group[@orgUnit='Dist0000001']")
        self.assertEqual(groupe.get("period"), "2026-11-01/P1M")
        self.assertEqual({v.get("dataElement"): v.get("value") for v in groupe}, lues)

    def test_envoi_rejoue(self):
        """La tâche poste, garde la réponse ; un refus mène en échec, et l'envoi se rejoue."""
        self.deposer(5)
        self.envoi.action_calculer()
        with self.assertRaisesRegex(UserError, "dhis2_adresse"):
            self.envoi.action_envoyer()
        self.regler("dhis2_adresse", "https://dhis2.exemple.td/")
        self.envoi.invalidate_recordset()
        self.envoi.action_envoyer()
        self.assertTrue(self.env["queue.job"].search([("identity_key", "=", f"dhis2_{self.envoi.id}")]))
        bon = Mock(ok=True, status_code=200, reason="OK", text="{}")
        bon.json.return_value = {"response": {"status": "SUCCESS", "importCount": {"imported": 2, "updated": 0, "ignored": 0}}}
        for etat, effet in (("echec", requests.ConnectionError()), ("envoye", None), ("envoye", None)):
            with patch(POST, side_effect=effet, return_value=bon) as poste:
                self.envoi._transmettre()
            self.assertEqual(self.envoi.state, etat)
            self.assertEqual(poste.call_args.args[0], "https://dhis2.exemple.td/api/dataValueSets?importStrategy=CREATE_AND_UPDATE")
        self.assertEqual(len(self.envoi.reponse_ids), 3)
        faux = Mock(ok=False, status_code=409, reason="Conflict", text="<html>")
        faux.json.side_effect = ValueError
        with patch(POST, return_value=faux):
            self.envoi._transmettre()
        self.assertEqual((self.envoi.state, self.envoi.reponse_ids.sorted("id")[-1:].statut), ("echec", 409))

    def test_qui(self):
        with self.assertRaises(AccessError):
            self.envoi.with_user(self.agent).action_calculer()
        with self.assertRaises(UserError):
            self.env["cnas.dhis2.unite"].with_user(self.administrateur).create({"district_id": self.env["cnas.district"].search([], limit=1).id, "uid": "court"})
        with self.assertRaises(UserError):
            self.env["cnas.dhis2.envoi"].with_user(self.superviseur).create({"periode": "2026-10-02"})
