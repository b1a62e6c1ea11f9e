from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..rib import cle_rib, composer_rib, erreur_rib, iban_td, nettoyer_rib, rib_valide
from .common import RIB_VRAI, CasFormations

# Exemples d'IBAN publiés, un par pays de la CEMAC : le RIB est ce qui suit les quatre premiers caractères.
RIBS_PUBLIES = [
    "60002000010271091600153",  # Tchad
    "10002000300277976315008",  # Cameroun
    "20001000010120069700160",  # République centrafricaine
    "30011000101013451300019",  # Congo
    "40021010032001890020126",  # Gabon
    "50002001003715228190196",  # Guinée équatoriale
]


@tagged("post_install", "-at_install", "cnas")
class TestRib(CasFormations):
    def test_ribs_publies_justes(self):
        for rib in RIBS_PUBLIES:
            self.assertTrue(rib_valide(rib), rib)
            self.assertEqual(cle_rib(rib[:5], rib[5:10], rib[10:21]), int(rib[21:]))
            self.assertEqual(composer_rib(rib[:5], rib[5:10], rib[10:21]), rib)

    def test_toute_faute_d_un_chiffre_se_voit(self):
        for rib in RIBS_PUBLIES:
            for rang, chiffre in enumerate(rib):
                for faute in "0123456789".replace(chiffre, ""):
                    self.assertFalse(rib_valide(rib[:rang] + faute + rib[rang + 1:]))

    def test_deux_chiffres_voisins_intervertis_se_voient(self):
        rib = RIBS_PUBLIES[0]
        for rang in range(22):
            if rib[rang] != rib[rang + 1]:
                self.assertFalse(rib_valide(rib[:rang] + rib[rang + 1] + rib[rang] + rib[rang + 2:]))

    def test_ecritures_acceptees(self):
        for ecriture in (RIB_VRAI, RIB_VRAI.replace(" ", ""), RIB_VRAI.replace(" ", "-"),
                         "TD89 6000 2000 0102 7109 1600 153"):
            self.assertEqual(nettoyer_rib(ecriture), RIBS_PUBLIES[0])
        self.assertEqual(iban_td(RIBS_PUBLIES[0]), "TD8960002000010271091600153")

    def test_phrases_claires(self):
        for faux, extrait in (
            ("", "vide"), ("6000200001", "10 chiffres"), ("6000200001A2710916001 53", "lettre"),
            ("60002 00001 02710916001 54", "clé 54"), ("TD88 6000 2000 0102 7109 1600 153", "IBAN"),
            ("٦٠٠٠٢٠٠٠٠١٠٢٧١٠٩١٦٠٠١٥٣", "chiffres"), ("0" * 23, "clé 00"),
        ):
            self.assertIn(extrait, erreur_rib(faux))
        self.assertIsNone(erreur_rib(RIB_VRAI))

    def test_compte_de_formation(self):
        formation = self.creer_formation("brouillon")
        formation.rib_principal = "TD89 6000 2000 0102 7109 1600 153"
        self.assertEqual(formation.rib_principal, RIB_VRAI)
        self.assertRecordValues(formation.compte_principal_id, [
            {"acc_number": RIB_VRAI, "partner_id": formation.partner_id.id, "acc_type": "rib_cemac"}])
        with self.assertRaises(ValidationError):
            formation.rib_pharmacie = "60002 00001 02710916001 54"

    def test_compte_par_xmlrpc(self):
        """Un compte créé directement sur le contact d'une formation est contrôlé lui aussi."""
        formation = self.creer_formation("brouillon")
        comptes = self.en_tant_que("agent", self.env["res.partner.bank"])
        with self.assertRaises(ValidationError):
            comptes.create({"acc_number": "60002 00001 02710916001 54", "partner_id": formation.partner_id.id})
        compte = comptes.create({"acc_number": RIB_VRAI.replace(" ", ""), "partner_id": formation.partner_id.id})
        self.assertEqual(compte.acc_number, RIB_VRAI)
        self.en_tant_que("agent", formation).compte_principal_id = compte

    def test_compte_d_un_tiers_mal_numerote_refuse(self):
        formation = self.creer_formation("brouillon")
        tiers = self.env["res.partner"].create({"name": "Tiers"})
        compte = self.env["res.partner.bank"].create({"acc_number": "123", "partner_id": tiers.id})
        with self.assertRaises(ValidationError):
            formation.compte_principal_id = compte

    def test_meme_rib_sur_deux_formations_signale(self):
        premiere, seconde = self.creer_formation("brouillon"), self.creer_formation("brouillon")
        premiere.rib_principal = RIB_VRAI
        self.assertFalse(premiere.rib_alerte)
        seconde.rib_pharmacie = RIB_VRAI
        (premiere + seconde).invalidate_recordset()
        self.assertIn(premiere.code, seconde.rib_alerte)
        self.assertIn(seconde.code, premiere.rib_alerte)
        self.assertTrue(any(premiere.code in (m.body or "") for m in seconde.message_ids))
        partages = self.env["cnas.formation_sanitaire"].search([("rib_partage", "=", True)])
        self.assertLessEqual(premiere + seconde, partages)

    def test_numero_d_un_compte_paye_garde(self):
        """Réécrire le numéro du compte contournerait la demande de changement de RIB."""
        formation = self.creer_formation("brouillon", rib_principal=RIB_VRAI)
        formation.action_activer()
        compte = self.en_tant_que("agent", formation.compte_principal_id)
        for valeurs in ({"acc_number": self.un_rib(7)}, {"active": False},
                        {"partner_id": self.env.company.partner_id.id}):
            with self.assertRaises(UserError):
                compte.write(valeurs)
        compte.write({"acc_number": RIB_VRAI.replace(" ", "")})

    def test_les_ribs_s_ecrivent_par_lot(self):
        """Poser un RIB sur vingt formations ne cherche pas vingt comptes."""
        formations = self.env["cnas.formation_sanitaire"].union(*(self.creer_formation("brouillon") for _i in range(22)))
        Comptes, comptes = self.env["res.partner.bank"], []
        for lot, rib in ((formations[:2], RIB_VRAI), (formations[2:], RIB_VRAI)):
            couples = [(formation.partner_id, rib) for formation in lot]
            Comptes._trouver_ou_creer(couples)[0].active = False
            self.env.flush_all()
            avant = self.cr.sql_log_count
            trouves = Comptes._trouver_ou_creer(couples)
            self.env.flush_all()
            comptes.append(self.cr.sql_log_count - avant)
            self.assertEqual([compte.partner_id for compte in trouves], [f.partner_id for f in lot])
            self.assertTrue(all(compte.active for compte in trouves))
        self.assertLessEqual(comptes[1], comptes[0] + 2)
        formations.rib_pharmacie = RIB_VRAI
        self.assertEqual([f.compte_pharmacie_id.partner_id for f in formations], [f.partner_id for f in formations])
