from xmlrpc.client import Fault

from odoo.exceptions import AccessError
from odoo.tests.common import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.tests.common import HttpCase

from .common import CommunReferentiels

REFERENTIELS = (
    "prestation", "acte", "examen", "medicament", "consommable", "specialite", "lettre_cle", "categorie_medicament",
    "categorie_pathologie", "pathologie", "config_medicament", "config_consommable", "config_acte", "config_examen",
    "config_lettre_cle", "taux", "plafond", "panier_soin", "incompatibilite", "forfait_inclusion", "indication",
    "contre_indication", "gratuite", "prix_reference",
)
# Les barèmes de la caisse (taux, plafonds, panier, prix de référence) ne regardent pas les formations.
CACHES_AU_PORTAIL = ("taux", "plafond", "panier_soin", "prix_reference")


@tagged("post_install", "-at_install", "cnas")
class TestDroits(CommunReferentiels):
    """Matrice : les rôles internes lisent, l'administrateur écrit, le portail lit prestations, pathologies et tarifs."""

    def _droits(self, utilisateur, modele):
        env = self.env(user=utilisateur)
        return tuple(env[f"cnas.{modele}"].check_access_rights(op, raise_exception=False)
                     for op in ("read", "write", "create", "unlink"))

    def test_matrice(self):
        lecture, tout, rien = (True, False, False, False), (True,) * 4, (False,) * 4
        for role in ("agent", "controleur", "superviseur", "medecin_conseil", "finance"):
            utilisateur = new_test_user(self.env, f"ref_{role}_m", groups=f"cnas_base.group_{role}")
            for modele in REFERENTIELS:
                self.assertEqual(self._droits(utilisateur, modele), lecture, (role, modele))
            for modele in ("revision_tarif", "revision_tarif.ligne"):
                self.assertEqual(self._droits(utilisateur, modele), rien, (role, modele))
        for modele in REFERENTIELS:
            self.assertEqual(self._droits(self.administrateur, modele), tout, modele)
        self.assertEqual(self._droits(self.administrateur, "tarif"), lecture)
        self.assertEqual(self._droits(self.administrateur, "revision_tarif.ligne"), lecture)

    def test_portail(self):
        portail = new_test_user(self.env, "ref_portail", groups="cnas_base.group_portail_formation")
        for modele in REFERENTIELS:
            lit = modele not in CACHES_AU_PORTAIL
            self.assertEqual(self._droits(portail, modele), (lit, False, False, False), modele)
        self.tarif("2026-01-01", False, 1500)
        tarif = self.Prestation.with_user(portail).tarif_applicable(["TST-MED"], "2026-11-21", 1)["TST-MED"]
        self.assertEqual(tarif["montant"], 1500)
        fiche = self.medicament.with_user(portail).read()[0]
        self.assertEqual(fiche["name"], "Doliprane")

    def test_sans_role(self):
        inconnu = new_test_user(self.env, "ref_inconnu", groups="base.group_portal")
        with self.assertRaises(AccessError):
            self.Prestation.with_user(inconnu).tarif_applicable(["TST-MED"], "2026-11-21", 1)


@tagged("post_install", "-at_install", "cnas")
class TestXmlRpc(HttpCase):
    """Ce que voit un script : types simples, phrases claires."""

    def setUp(self):
        super().setUp()
        self.admin = new_test_user(self.env, "ref_rpc", groups="cnas_base.group_administrateur", password="ref_rpc_2026")
        self.medicament = self.env["cnas.medicament"].create({"code": "TST-RPC", "name": "Doliprane"})

    def _appeler(self, modele, methode, *args):
        return self.xmlrpc_object.execute_kw(
            self.env.cr.dbname, self.admin.id, "ref_rpc_2026", modele, methode, list(args))

    def test_tarif_applicable(self):
        self._appeler("cnas.config_medicament", "create", {
            "medicament_id": self.medicament.id, "montant": 1500, "date_debut": "2026-01-01", "date_fin": "2026-12-31"})
        self.assertEqual(
            self._appeler("cnas.prestation", "tarif_applicable", ["TST-RPC", "X"], "2026-12-31", 2),
            {"TST-RPC": {"montant": 1500, "source": "config_medicament", "date_debut": "2026-01-01",
                         "date_fin": "2026-12-31"}, "X": False})
        lus = self._appeler("cnas.tarif", "search_read", [("prestation_id.code", "=", "TST-RPC")])
        self.assertEqual([t["montant"] for t in lus], [1500])

    @mute_logger("odoo.sql_db", "odoo.http")
    def test_phrases_claires(self):
        valeurs = {"medicament_id": self.medicament.id, "montant": 1500, "date_debut": "2026-01-01",
                   "date_fin": "2026-12-31"}
        self._appeler("cnas.config_medicament", "create", valeurs)
        for vals, phrase in (
                (valeurs, "couvre déjà ces dates"),
                ({**valeurs, "date_debut": "2027-05-01"}, "doit suivre la date de début"),
                ({**valeurs, "date_debut": "demain"}, "Date illisible"),
                ({**valeurs, "niveau": 8}, "Niveau inconnu"),
                ({**valeurs, "niveau": 2, "montant": -1}, "négatif")):
            with self.assertRaises(Fault) as faute:
                self._appeler("cnas.config_medicament", "create", vals)
            self.assertIn(phrase, faute.exception.faultString)
            self.assertNotIn("Traceback", faute.exception.faultString)
