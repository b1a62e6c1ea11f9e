from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .. import cle_signature as outil
from .commun_documents import CasDocuments


@tagged("post_install", "-at_install", "cnas")
class TestAttestation(CasDocuments):

    def test_agent_delivre(self):
        attestation = self._attestation(date_debut="2026-11-01", date_fin="2026-12-31")
        self.assertRegex(attestation.numero, r"^ATT-\d{4}-\d{7}$")
        self.assertEqual(len(attestation.jeton), 107)
        self.assertEqual(attestation.delivree_par_id, self.agent)
        self.assertEqual(attestation.regime_id, self.regime)

    def test_depuis_la_fiche(self):
        fiche = self.assure.with_user(self.agent)
        action = fiche.action_preparer_attestation()
        self.assertEqual(action["context"], {"default_assure_id": self.assure.id})
        self.assertFalse(self.assure.attestation_ids)
        fiche.action_delivrer_attestation()
        self.assertEqual(len(self.assure.attestation_ids), 1)
        self.assure.droit_ids.action_fermer("Fin de contrat", "2026-03-01")
        for methode in ("action_preparer_attestation", "action_delivrer_attestation"):
            with self.subTest(methode), self.assertRaisesRegex(UserError, "sont fermés"):
                getattr(fiche, methode)()

    def test_rien_n_est_delivre_avant_le_bouton(self):
        """Ouvrir l'assistant, le remplir, le quitter : aucune attestation ; « Délivrer et imprimer » en délivre une."""
        action = self.assure.with_user(self.agent).action_preparer_attestation()
        assistant = Form(self.env[action["res_model"]].with_user(self.agent).with_context(action["context"]))
        assistant.objet = "Hôpital"
        brouillon = assistant.save()
        self.assertFalse(self.assure.attestation_ids)
        ouverture = brouillon.action_delivrer_et_imprimer()
        self.assertEqual(ouverture["url"], f"/cnas/attestations/{self.assure.attestation_ids.id}")
        self.assertEqual(self.assure.attestation_ids.objet, "Hôpital")

    def test_dates_proposees(self):
        attestation = self._attestation()
        jour = fields.Date.context_today(attestation)
        self.assertEqual((attestation.date_debut, (attestation.date_fin - jour).days), (jour, 89))

    def test_ayants_droit_couverts_figes(self):
        enfant = self._assure(
            prenom="Zara", genre="feminin", date_naissance="2018-01-01", assure_principal_id=self.assure.id,
            lien="enfant", type_assure="ayant_droit")
        self._assure(
            actif=False, prenom="Brouillon", date_naissance="2018-01-01", assure_principal_id=self.assure.id,
            lien="enfant", type_assure="ayant_droit")
        attestation = self._attestation()
        self.assertEqual(attestation.beneficiaire_ids, enfant.with_user(self.agent))

    # ------------------------------------------------------------------ refus
    def test_droits_fermes(self):
        self.assure.droit_ids.action_fermer("Fin de contrat", "2026-03-01")
        with self.assertRaisesRegex(UserError, "droits de .* sont fermés au"):
            self._attestation()
        self.assertFalse(self.assure.attestation_ids)

    def test_droits_fermes_par_plusieurs_chemins(self):
        cas = {
            "brouillon": self._assure(actif=False, prenom="Brouillon"),
            "suspendu": self._assure(prenom="Suspendu"),
            "radie": self._assure(prenom="Radié"),
        }
        cas["suspendu"].action_suspendre("Enquête")
        cas["radie"].action_radier("Départ", fields.Date.to_string(fields.Date.context_today(self.assure)))
        for nom, assure in cas.items():
            with self.subTest(nom), self.assertRaises(UserError):
                self._attestation(assure=assure)

    def test_avant_l_ouverture_ou_au_dela_de_la_fin(self):
        with self.assertRaisesRegex(UserError, "fermés au 01/12/2024"):
            self._attestation(date_debut="2024-12-01")
        self.assure.droit_ids.action_fermer("Fin de contrat", "2026-12-16")
        self.assertEqual(str(self._attestation(date_debut="2026-11-01", date_fin="2026-12-15").date_fin), "2026-12-15")
        with self.assertRaisesRegex(UserError, "que jusqu'au 15/12/2026"):
            self._attestation(date_debut="2026-11-01", date_fin="2026-12-16")
        self.assertEqual(str(self._attestation(date_debut="2026-11-01").date_fin), "2026-12-15")

    def test_periodes_qui_s_enchainent(self):
        droit = self.assure.droit_ids
        droit._ecrire({"date_fin": "2026-11-30"})
        self.env["cnas.droit"].create({
            "assure_id": self.assure.id, "regime_id": self.regime.id, "date_debut": "2026-12-01", "date_fin": "2027-05-31"})
        self.assertTrue(self._attestation(date_debut="2026-11-01", date_fin="2027-05-31"))
        with self.assertRaisesRegex(UserError, "que jusqu'au 31/05/2027"):
            self._attestation(date_debut="2026-11-01", date_fin="2027-06-01")

    def test_fin_avant_debut(self):
        with self.assertRaisesRegex(UserError, "suivre la date de début"):
            self._attestation(date_debut="2026-12-01", date_fin="2026-11-01")

    def test_rien_ne_se_force(self):
        for valeurs in ({"jeton": "A" * 107}, {"state": "revoquee"}, {"date_delivrance": "2020-01-01"}):
            with self.subTest(valeurs), self.assertRaises(UserError):
                self._attestation(**valeurs)
        attestation = self._attestation()
        for valeurs in ({"date_fin": "2030-01-01"}, {"assure_id": self._assure(prenom="X").id}, {"state": "revoquee"},
                        {"jeton": "x"}, {"beneficiaire_ids": [fields.Command.clear()]}, {"numero": "ATT-1"}):
            for role in ("agent", "superviseur", "administrateur"):
                with self.subTest(valeurs, role=role), self.assertRaises(UserError):
                    attestation.with_user(self.usagers[role]).write(valeurs)
        with self.assertRaisesRegex(UserError, "ne se supprime pas"):
            attestation.sudo().unlink()

    def test_roles(self):
        attestation = self._attestation()
        for role in ("medecin_conseil", "finance", "portail_formation"):
            with self.subTest(role), self.assertRaises(AccessError):
                self._attestation(usager=self.usagers[role])
            with self.subTest(role), self.assertRaises(AccessError):
                attestation.with_user(self.usagers[role]).action_revoquer("Non")
        with self.assertRaises(AccessError):
            attestation.with_user(self.usagers["portail_formation"]).read(["jeton"])

    # ------------------------------------------------------------------ révocation, jeton
    def test_revoquer(self):
        attestation = self._attestation()
        self.assertEqual(attestation.action_revoquer()["res_model"], "cnas.motif.wizard")
        self.assertEqual(attestation.state, "delivree")
        self.assertTrue(attestation.action_revoquer("Erreur d'assuré"))
        self.assertEqual((attestation.state, attestation.situation), ("revoquee", "revoquee"))
        with self.assertRaisesRegex(UserError, "à l'état « Révoquée »"):
            attestation.action_revoquer("Encore")

    def test_le_jeton_se_verifie_hors_ligne(self):
        attestation = self._attestation()
        octets = outil.octets_base64url(attestation.jeton)
        message = "|".join((
            "cnas-attestation-1", attestation.numero, self.assure.matricule, str(attestation.date_debut),
            str(attestation.date_fin), outil.base64url(octets[:16])))
        self.assertTrue(self.env["cnas.signature"]._verifier(message, octets[16:]))
        self.assertFalse(self.env["cnas.signature"]._verifier(message.replace("2026", "2027"), octets[16:]))

    def test_jetons_distincts_et_imprevisibles(self):
        jetons = {self._attestation().jeton[:21] for _i in range(20)}
        self.assertEqual(len(jetons), 20)

    def test_une_attestation_alteree_en_base_n_est_plus_reconnue(self):
        attestation = self._attestation(date_fin="2026-12-31")
        self.assertTrue(attestation._trouver_par_jeton(attestation.jeton))
        attestation.flush_recordset()
        self.env.cr.execute("UPDATE cnas_attestation SET date_fin = '2030-12-31' WHERE id = %s", (attestation.id,))
        attestation.invalidate_recordset()
        self.assertFalse(attestation._trouver_par_jeton(attestation.jeton))

    def test_fusion_de_dossiers_garde_l_attestation_verifiable(self):
        autre = self._assure(nom="MAHAMAT", prenom="Abacar")
        attestation = self._attestation(assure=autre)
        carte, gardee = self._carte("active", assure=autre), self._carte("active")
        self.assure._absorber(autre, "Même personne")
        self.env.invalidate_all()
        self.assertEqual(attestation.assure_id.id, self.assure.id)
        self.assertTrue(attestation._trouver_par_jeton(attestation.jeton))
        self.assertEqual((carte.assure_id.id, carte.state, gardee.state), (self.assure.id, "annulee", "active"))

    def test_recherche_par_situation(self):
        passee = self._attestation(date_debut="2026-01-01", date_fin="2026-02-01")
        presente = self._attestation()
        chercher = self.env["cnas.attestation"].search
        mienne = [("assure_id", "=", self.assure.id)]
        self.assertEqual(chercher([*mienne, ("situation", "=", "expiree")]).ids, passee.ids)
        self.assertEqual(chercher([*mienne, ("situation", "in", ["valide"])]).ids, presente.ids)

    def test_nombre_de_requetes_constant(self):
        """Délivrer coûte le même nombre de requêtes de droits, que la famille compte 1 ou 10 membres."""
        valeurs = [{"assure_id": self._assure(prenom=f"Req {i}").id} for i in range(12)]
        Attestation = self.env["cnas.attestation"].with_user(self.agent)
        Attestation.create(valeurs[:1])
        self.env.flush_all()
        compte = self._compter_droits(lambda: Attestation.create(valeurs[1:2]))
        self.assertEqual(compte, self._compter_droits(lambda: Attestation.create(valeurs[2:])))

    def _compter_droits(self, appel):
        appels = []
        classe = type(self.env["cnas.assure"])
        origine = classe._droits_par_lot

        def compter(modele, demandes):
            appels.append(len(demandes))
            return origine(modele, demandes)

        self.patch(classe, "_droits_par_lot", compter)
        appel()
        self.patch(classe, "_droits_par_lot", origine)
        return len(appels)
