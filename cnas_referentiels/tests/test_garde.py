import base64
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests.common import tagged

from odoo.addons.cnas_base.garde import sans_suivi
from odoo.addons.cnas_base.models.garde_mixin import CLES_QUI_TAISENT

from .common import CommunReferentiels

TOUT_TAIRE = dict.fromkeys(CLES_QUI_TAISENT, True)


@tagged("post_install", "-at_install", "cnas")
class TestGarde(CommunReferentiels):
    """Une révision ne s'écrit que par ses actions ; un tarif changé laisse sa trace, quoi que dise le contexte."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.revision = cls.env["cnas.revision_tarif"].with_user(cls.administrateur).create(
            {"mode": "classeur", "fichier": base64.b64encode(b"code,montant\nTST-MED,1600\n"), "fichier_nom": "t.csv"})
        cls.lot = cls.env["cnas.lot"].search([], limit=1) or cls.env["cnas.lot"].create(
            {"name": "Essai", "modele": "cnas.medicament", "methode": "_inconnue"})

    def _messages(self, tarif):
        self.env.flush_all()
        self.cr.precommit.run()
        return self.env["mail.message"].search_count([("model", "=", tarif._name), ("res_id", "=", tarif.id)])

    def test_revision_gardee(self):
        for forge in ({"state": "appliquee"}, {"lot_id": self.lot.id}):
            for revision in (self.revision, self.revision.with_context(**TOUT_TAIRE, cnas_verrou=True)):
                for appel in (lambda r=revision, f=forge: r.write(f), lambda r=revision, f=forge: r.create(f),
                              lambda r=revision, f=forge: r.copy(f), lambda r=revision, f=forge: r.web_save(f, {})):
                    with self.subTest(forge=forge), self.assertRaises(UserError):
                        appel()
        self.assertFalse(self.revision.load([".id", "state"], [[str(self.revision.id), "Appliquée"]])["ids"])
        self.assertEqual(self.revision.state, "brouillon")

    def test_defaut_forge(self):
        revision = self.revision.with_context(default_state="appliquee", default_lot_id=self.lot.id).create({})
        self.assertEqual((revision.state, revision.lot_id.id), ("brouillon", False))

    def test_copie_d_une_appliquee(self):
        self.tarif("2026-01-01", False, 1500)
        self.revision.action_preparer()
        self.revision.action_appliquer()
        self.assertEqual(self.revision.copy().state, "brouillon")

    def test_commande_imbriquee(self):
        self.tarif("2026-01-01", False, 1500)
        self.revision.action_preparer()
        ligne = self.revision.ligne_ids
        for commande in (Command.update(ligne.id, {"montant_apres": 9}), Command.create({"state": "a_appliquer"})):
            for revision in (self.revision, self.revision.sudo()):
                with self.assertRaisesRegex(UserError, "boutons"):
                    revision.write({"ligne_ids": [commande]})

    def test_tarif_utilise_par_sa_fiche(self):
        """Le tarif d'une feuille liquidée ne change pas non plus à travers la fiche du médicament."""
        tarif = self.tarif("2026-01-01", False, 1500)
        fiche = self.medicament.with_user(self.administrateur).with_context(**TOUT_TAIRE)
        with patch.object(type(self.Prestation), "_tarif_utilise", lambda p, plages: {plage[0] for plage in plages}):
            with self.assertRaisesRegex(UserError, "feuille liquidée"):
                fiche.write({"config_ids": [Command.update(tarif.id, {"montant": 9})]})

    def test_le_contexte_ne_tait_pas_un_tarif(self):
        tarif = self.tarif("2026-01-01", False, 1500)
        forge = tarif.with_user(self.administrateur).with_context(**TOUT_TAIRE)
        avant = self._messages(tarif)
        forge.write({"montant": 1700})
        self.assertEqual(self._messages(tarif), avant + 1, "le nouveau montant est suivi")
        forge.create({"medicament_id": self.medicament.id, "montant": 1800, "date_debut": "2027-01-01"})
        self.assertEqual(self._messages(tarif), avant + 2, "la clôture est dite")

    def test_un_chargement_se_tait_par_le_code(self):
        tarif = self.tarif("2026-01-01", False, 1500)
        avant = self._messages(tarif)
        with sans_suivi():
            suivant = self.tarif("2027-01-01", False, 1800)
        self.assertEqual((self._messages(tarif), self._messages(suivant)), (avant, 0))


@tagged("post_install", "-at_install", "cnas")
class TestJournal(CommunReferentiels):
    """Ce qui change le montant d'une ligne entre au journal : le tarif n'y suffit pas, sa règle en est."""

    # Des libellés, des classements, ou des demandes qui ont leur propre histoire.
    SANS_EFFET = {"cnas.categorie_medicament", "cnas.categorie_pathologie", "cnas.specialite", "cnas.lettre_cle", "cnas.consommable",
                  "cnas.chargement", "cnas.revision_tarif", "cnas.revision_tarif.ligne"}

    def test_tout_referentiel_y_entre(self):
        muets = {
            nom for nom, classe in self.registry.items()
            if nom.startswith("cnas.") and classe._original_module == "cnas_referentiels" and classe._auto
            and not (classe._abstract or classe._transient) and not classe._champs_suivis}
        self.assertEqual(muets - self.SANS_EFFET, set())

    def test_avant_et_apres(self):
        acte = self.env["cnas.acte"].search([("mode_tarif", "=", "forfait")], limit=1)
        acte.with_user(self.administrateur).write({"quantite_max": 17, "date_retrait": "2031-02-03"})
        self.env.flush_all()
        self.cr.execute("SELECT apres FROM cnas_journal WHERE modele = 'cnas.prestation' AND res_id = %s AND user_id = %s",
                        [acte.prestation_id.id, self.administrateur.id])
        apres = {champ: valeur for (ligne,) in self.cr.fetchall() for champ, valeur in ligne.items()}
        self.assertEqual(apres, {"quantite_max": 17, "date_retrait": "2031-02-03"})
