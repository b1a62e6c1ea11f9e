from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .commun_documents import CasDocuments

FORGES = {"install_mode": True, "tracking_disable": True, "cnas_verrou": True, "cnas_ouverture": True, "noupdate": True}


@tagged("post_install", "-at_install", "cnas")
class TestGarde(CasDocuments):
    """Aucune porte dérobée : contexte forgé, commande imbriquée, champ calculé stocké, `load`, `web_save`, `copy`."""

    def agent_de(self, modele, **contexte):
        return self.env[modele].with_user(self.agent).with_context(**contexte)

    def test_tout_modele_persistant_a_la_garde(self):
        for nom, modele in self.env.registry.items():
            if nom.startswith("cnas.") and modele._original_module in ("cnas_assures", "cnas_employeurs") and not modele._abstract \
                    and not modele._transient and modele._auto:
                with self.subTest(nom):
                    self.assertTrue(any(getattr(parent, "_name", None) == "cnas.garde.mixin" for parent in modele.mro()))

    # ------------------------------------------------------------------ contexte
    def test_un_contexte_forge_ne_donne_ni_etat_ni_signature(self):
        attestation = self.agent_de(
            "cnas.attestation", default_state="revoquee", default_motif_revocation="Faux", default_jeton="faux",
            default_revoquee_par_id=self.usagers["superviseur"].id, default_numero="ATT-1", **FORGES,
        ).create({"assure_id": self.assure.id})
        self.assertEqual((attestation.state, attestation.motif_revocation, attestation.revoquee_par_id.id),
                         ("delivree", False, False))
        self.assertTrue(attestation._trouver_par_jeton(attestation.jeton))
        piece = self.agent_de(
            "cnas.piece_administrative", default_empreinte="0" * 64, default_taille=9, default_mimetype="x",
            default_state="annulee", **FORGES,
        ).create({"assure_id": self.assure.id, "type_piece_id": self.env.ref("cnas_assures.type_piece_cni").id})
        self.assertEqual((piece.state, piece.empreinte, piece.taille, piece.mimetype), ("deposee", False, 0, False))

    def test_un_contexte_forge_n_ecrit_rien(self):
        carte, attestation = self._carte("produite"), self._attestation()
        for document, valeurs in (
            (self.assure, {"nom": "USURPATEUR"}), (self.assure, {"state": "radie"}), (self.assure, {"matricule": "TD1"}),
            (self.assure.droit_ids, {"state": "ferme"}), (self.assure.droit_ids, {"fin_prevue": "2030-01-01"}),
            (carte, {"state": "active"}), (carte, {"date_expiration": "2099-01-01"}), (carte, {"qr_texte": "1|x"}),
            (attestation, {"date_fin": "2099-01-01"}), (attestation, {"jeton": "x"}),
        ):
            with self.subTest(valeurs), self.assertRaises(UserError):
                document.with_user(self.usagers["administrateur"]).with_context(**FORGES).write(valeurs)
        with self.assertRaisesRegex(UserError, "ne se supprime pas"):
            self.assure.droit_ids.with_user(self.usagers["administrateur"]).with_context(**FORGES).unlink()

    def test_la_trace_ne_se_tait_pas(self):
        propre = self.assure.with_context(**FORGES, mail_notrack=True)._contexte_de_confiance().env.context
        self.assertFalse({"install_mode", "mail_notrack", "cnas_verrou"} & propre.keys())

    # ------------------------------------------------------------------ commande imbriquée
    def test_une_attestation_ne_rehabilite_pas_un_suspendu(self):
        autre = self._assure(prenom="Suspendu")
        autre.action_suspendre("Carte prêtée à un tiers")
        forge = Command.update(autre.id, {"state": "actif", "nom": "USURPATEUR", "date_naissance": "1990-01-01"})
        attestation = self._attestation()
        for geste in (
            lambda: self._attestation(beneficiaire_ids=[forge]),
            lambda: attestation.write({"beneficiaire_ids": [forge]}),
            lambda: self.agent_de("cnas.attestation", default_beneficiaire_ids=[forge]).create(
                {"assure_id": self.assure.id, "beneficiaire_ids": [forge]}),
            lambda: self.assure.with_user(self.agent).write({"ayant_droit_ids": [forge]}),
        ):
            with self.assertRaises(UserError):
                geste()
            self.assertEqual((autre.state, autre.nom), ("suspendu", "MAHAMAT"))

    def test_un_parent_n_ecrit_l_enfant_que_par_sa_garde(self):
        carte, droit = self._carte("produite"), self.assure.droit_ids
        piece = self.env["cnas.piece_administrative"].create(
            {"assure_id": self.assure.id, "type_piece_id": self.env.ref("cnas_assures.type_piece_cni").id})
        for champ, commande in (
            ("carte_ids", Command.update(carte.id, {"state": "active"})),
            ("carte_ids", Command.create({"state": "active"})),
            ("droit_ids", Command.update(droit.id, {"state": "ferme"})),
            ("droit_ids", Command.create({"date_debut": "2020-01-01", "date_fin": "2020-02-01", "state": "ferme"})),
            ("droit_ids", Command.create({"date_debut": "2020-01-01", "date_fin": "2020-02-01", "provisoire": True})),
            ("piece_ids", Command.update(piece.id, {"empreinte": "0" * 64})),
            ("piece_ids", Command.update(piece.id, {"state": "annulee"})),
            ("lien_ids", Command.create({"principal_id": self.assure.id, "lien": "autre", "date_debut": "2026-01-01"})),
            ("correction_ids", Command.create({"motif": "x", "nom": "Y", "state": "validee"})),
        ):
            with self.subTest(commande=commande), self.assertRaises(UserError):
                self.assure.with_user(self.agent).write({champ: [commande]})
        with self.assertRaises(UserError):
            self.agent_de("cnas.carte.lot").create({"carte_ids": [Command.update(carte.id, {"state": "active"})]})
        self.assertEqual((carte.state, droit.state, piece.state), ("produite", "ouvert", "deposee"))

    def test_un_depot_de_fichier_n_ouvre_que_le_fichier(self):
        piece = self.env["cnas.piece_administrative"].with_user(self.agent).create(
            {"assure_id": self.assure.id, "type_piece_id": self.env.ref("cnas_assures.type_piece_cni").id})
        fichier = self.env.company.logo or b""
        for forge in ({"state": "annulee"}, {"empreinte": "0" * 64}, {"taille": 1}, {"motif_annulation": "x"}):
            with self.subTest(forge), self.assertRaisesRegex(UserError, "ne s'écrit pas directement"):
                piece.write({"fichier": fichier, **forge})
        piece.write({"fichier": fichier, "numero": "N7"})
        self.assertEqual((piece.numero, bool(piece.empreinte)), ("N7", True))

    # ------------------------------------------------------------------ calculé stocké, load, web_save, copy
    def test_un_champ_calcule_ne_s_ecrit_pas(self):
        carte = self._carte()
        for document, valeurs in (
            (self.assure, {"name": "IMPOSTEUR Jean"}), (self.assure, {"nom_phonetique": "x"}),
            (self.assure, {"province_id": self.env["cnas.province"].search(
                [("id", "!=", self.assure.province_id.id)], limit=1).id}),
            (self.assure, {"cle_import": "x"}),
            (carte, {"regime_id": self.env.ref("cnas_base.regime_amed").id}),
        ):
            with self.subTest(valeurs), self.assertRaisesRegex(UserError, "ne s'écrit pas directement"):
                document.with_user(self.usagers["administrateur"]).write(valeurs)
        with self.assertRaises(UserError):
            self._assure(actif=False, name="IMPOSTEUR Jean")

    def test_load_passe_par_la_garde(self):
        avant = self.env["cnas.assure"].search_count([])
        for entete, valeur in (("state", "actif"), ("matricule", "TD326000000112"), ("name", "X"), ("cle_import", "x")):
            resultat = self.agent_de("cnas.assure").load(
                ["nom", "prenom", "genre", "regime_id/.id", entete],
                [["Adoum", "Ali", "masculin", str(self.regime.id), valeur]])
            with self.subTest(entete):
                self.assertFalse(resultat["ids"])
        self.assertEqual(self.env["cnas.assure"].search_count([]), avant)

    def test_web_save_passe_par_la_garde(self):
        for valeurs in ({"state": "radie"}, {"nom": "USURPATEUR"}, {"name": "USURPATEUR"}):
            with self.subTest(valeurs), self.assertRaises(UserError):
                self.assure.with_user(self.agent).web_save(valeurs, {"name": {}})
        with self.assertRaises(UserError):
            self.agent_de("cnas.carte").web_save({"assure_id": self.assure.id, "state": "active"}, {"numero": {}})

    def test_une_copie_repart_du_debut(self):
        copie = self.assure.with_user(self.agent).copy()
        self.assertEqual((copie.state, copie.date_immatriculation, copie.nni), ("brouillon", False, False))
        carte = self._carte("active")
        copie = carte.copy()
        self.assertEqual((copie.state, copie.qr_texte, copie.date_remise), ("demandee", False, False))
        self.assertNotEqual(copie.numero, carte.numero)
        attestation = self._attestation()
        copie = attestation.copy()
        self.assertNotEqual((copie.numero, copie.jeton), (attestation.numero, attestation.jeton))
