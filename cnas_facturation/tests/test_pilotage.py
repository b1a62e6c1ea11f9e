import base64
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools.translate import code_translations

from odoo.addons.cnas_base.impression.langue import ARABE, parler
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.tests.pdf import texte_pdf

from ..report.pdf_pilotage import ecrire_valeur
from .commun_facture import CommunFacture


@tagged("post_install", "-at_install", "cnas")
class TestPilotage(CommunFacture):
    """Les indicateurs : filtres, seuils datés, comparaison, rapport, et qui les lit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pilotage = cls.env["cnas.indicateur_pilotage"].with_user(cls.superviseur)
        cls.mois = {"debut": str(aujourd_hui().replace(day=1)), "fin": str(aujourd_hui())}

    def valeurs(self, **filtres):
        return {i["code"]: i for i in self.pilotage.tableau({**self.mois, **filtres})["indicateurs"]}

    def test_la_formation_filtre_et_ce_qui_ne_se_filtre_pas_le_dit(self):
        self.decider(self.feuille(), "validee")
        self.decider(self.feuille(), "rejetee")
        lus = self.valeurs(formation=self.formation.id)
        self.assertEqual(lus["rejet_nombre"]["valeur"], 50)
        self.assertFalse(lus["frais_gestion"]["filtrable"])
        self.assertIsNone(lus["frais_gestion"]["valeur"])
        self.assertIsNone(self.valeurs(formation=self.autre_formation.id)["rejet_nombre"]["valeur"], "aucune feuille : n. d., pas 0")

    def test_le_seuil_du_jour_donne_la_couleur(self):
        self.decider(self.feuille(), "rejetee")
        seuil = self.env["cnas.seuil_pilotage"].search([("code", "=", "rejet_nombre"), ("date_fin", "=", False)])
        self.assertEqual(self.valeurs(formation=self.formation.id)["rejet_nombre"]["couleur"], "rouge")
        seuil.date_fin = aujourd_hui() - timedelta(days=1)
        self.env["cnas.seuil_pilotage"].create({"code": "rejet_nombre", "orange": 100, "rouge": 100, "responsable_id": self.superviseur2.id})
        lu = self.valeurs(formation=self.formation.id)["rejet_nombre"]
        self.assertEqual((lu["couleur"], lu["responsable"]), ("rouge", self.superviseur2.name))
        haut = self.env["cnas.seuil_pilotage"].new({"code": "taux_traitement", "orange": 95, "rouge": 90})
        self.assertEqual([haut._couleur(v) for v in (99, 95, 92, 90)], ["vert", "orange", "orange", "rouge"])

    def test_un_seuil_a_l_envers_se_refuse(self):
        for code, orange, rouge in (("rejet_montant", 10, 5), ("generique", 5, 10), ("rejet_montant", -1, 5)):
            with self.subTest(code), self.assertRaisesRegex(ValidationError, "dans l'ordre"):
                self.env["cnas.seuil_pilotage"].new({"code": code, "orange": orange, "rouge": rouge})._check_ordre()

    def test_un_seuil_qui_a_juge_ne_se_recrit_pas(self):
        seuil = self.env["cnas.seuil_pilotage"].search([("code", "=", "rejet_nombre")], limit=1)
        for vals in ({"rouge": 50}, {"orange": 1}, {"date_debut": "2001-01-01"}, {"code": "rejet_montant"},
                     {"date_fin": aujourd_hui() - timedelta(days=2)}):
            with self.subTest(vals), self.assertRaisesRegex(UserError, "déjà jugé"):
                seuil.write(vals)
        seuil.write({"responsable_id": self.superviseur2.id, "rouge": seuil.rouge})
        self.assertEqual(seuil.display_name, "Taux de rejet (nombre)")

    def test_un_mois_se_compare_au_mois(self):
        avant = self.pilotage.tableau({"debut": "2026-03-01", "fin": "2026-03-31"})["avant"]
        self.assertEqual(avant, ["2026-02-01", "2026-02-28"])
        self.assertEqual(self.pilotage.tableau({"debut": "2026-03-10", "fin": "2026-03-19"})["avant"], ["2026-02-28", "2026-03-09"])

    def test_entrees_fausses(self):
        for filtres in ({"fin": "hier"}, {"fin": "9999-12-31"}, {"debut": "2026-12-02", "fin": "2026-12-01"}, {"agence": "1"}, {"agence": True}, {"agence": -2},
                        {"province": 2 ** 40}, {"pays": 1}, [1]):
            with self.subTest(filtres), self.assertRaises(UserError):
                self.pilotage.tableau(filtres)
        for code in (None, [], "inconnu"):
            with self.subTest(code), self.assertRaises(UserError):
                self.pilotage.ouvrir(code)
        for axe in ("pays", []):
            with self.subTest(axe), self.assertRaises(UserError):
                self.pilotage.par_axe("stock", axe)

    def test_les_dix_premiers_sous_un_filtre_qu_ils_ne_connaissent_pas(self):
        """Une formation se compare à ses pairs de tout le pays : filtrée par agence ou régime, rien, et le rapport d'une agence se fait."""
        for axe in ("agence", "regime", "controleur"):
            with self.subTest(axe):
                self.assertEqual(self.pilotage.detail("formations", {**self.mois, axe: 1}), [])
        self.env["cnas.parametre"]._dater("cloison_agences", "oui", aujourd_hui())
        self.assertTrue(self.pilotage.rapport()["contenu"])

    def test_la_liste_compte_au_jour_de_ndjamena(self):
        """Décidée à 23 h 30 UTC, une feuille l'est le lendemain à N'Djamena : pour le chiffre et pour sa liste."""
        feuille, jour = self.feuille(), aujourd_hui() - timedelta(days=1)
        self.decider(feuille, "validee")
        self.env.flush_all()
        self.env.cr.execute("UPDATE cnas_feuille_soin SET date_decision = %s, decidee_par_id = %s WHERE id = %s",
                            [f"{jour - timedelta(days=1)} 23:30:00", self.superviseur.id, feuille.id])
        self.env.invalidate_all()
        for fin, trouvee in ((jour - timedelta(days=1), False), (jour, True)):
            filtres = {"debut": str(fin), "fin": str(fin), "formation": self.formation.id}
            with self.subTest(fin):
                self.assertEqual(self.valeurs(**filtres)["productivite"]["valeur"] is not None, trouvee)
                self.assertEqual(feuille in feuille.search(self.pilotage.ouvrir("productivite", filtres)["domain"]), trouvee)

    def test_un_motif_se_lit_dans_la_langue_de_l_ecran(self):
        self.env["res.lang"]._activate_lang("ar_001")
        regle, feuille = self.env["cnas.regle_controle"].search([], limit=1), self.feuille()
        self.decider(feuille, "rejetee")
        regle.update_field_translations("name", {"ar_001": "اشتراكات غير مدفوعة"})
        self.env.cr.execute("INSERT INTO cnas_anomalie (feuille_id, regle_id, severite, message, state) VALUES (%s, %s, 'rejet', 'x', 'ouverte')",
                            [feuille.id, regle.id])
        for langue in ("fr_FR", "ar_001"):
            lus = self.pilotage.with_context(lang=langue).detail("motifs", {**self.mois, "formation": self.formation.id})
            self.assertIn(f"{regle.code} — {regle.with_context(lang=langue).name}", [lu["libelle"] for lu in lus])

    def test_une_pathologie_se_lit_dans_la_langue_de_l_ecran(self):
        self.env["res.lang"]._activate_lang("ar_001")
        feuille = self.feuille()
        feuille.pathologie_id.update_field_translations("name", {"ar_001": "مرض تجريبي"})
        self.decider(feuille, "validee")
        for langue in ("fr_FR", "ar_001"):
            lus = self.pilotage.with_context(lang=langue).detail("pathologies", {**self.mois, "formation": self.formation.id})
            self.assertIn(f"{feuille.pathologie_id.code} — {feuille.pathologie_id.with_context(lang=langue).name}", [lu["libelle"] for lu in lus])

    def test_une_valeur_s_ecrit_dans_la_langue_du_rapport(self):
        dits = {"jours": "يوم", "n. d.": "غير متاح"}
        with parler(ARABE), patch.object(code_translations, "get_python_translations", return_value=dits):
            self.assertEqual([ecrire_valeur(*cas) for cas in ((3, "jours"), (None, "%"), (7.4, "%"), (12, "nombre"))],
                             ["3 يوم", "غير متاح", "7,4 %", "12"])

    def test_la_provision_ne_se_calcule_que_pour_qui_la_lit(self):
        with patch("odoo.addons.cnas_facturation.pilotage.calcul.provisionner", return_value=0) as provisionner:
            self.pilotage.par_axe("rejet_montant", "province", self.mois)
            self.pilotage.detail("motifs", self.mois)
            self.valeurs(formation=self.formation.id)
            provisionner.assert_not_called()
            self.valeurs()
            self.assertEqual(provisionner.call_count, 2, "la période et celle d'avant")

    def test_qui_lit(self):
        for usager in (self.agent, self.controleur, self.medecin, self.finance, self.portail):
            for geste in (lambda p: p.tableau(), lambda p: p.detail("pathologies"), lambda p: p.ouvrir("stock"), lambda p: p.options(),
                          lambda p: p.par_axe("stock", "agence"), lambda p: p.rapport()):
                with self.subTest(usager.login), self.assertRaises(AccessError):
                    geste(self.pilotage.with_user(usager))

    def test_le_superviseur_cloisonne_ne_voit_que_ses_agences(self):
        autre = self.env["cnas.agence"].create({"code": "TS2", "name": "Autre agence", "siege": False})
        feuilles = self.feuille() | self.feuille()
        self.env.cr.execute("UPDATE cnas_feuille_soin SET agence_id = %s WHERE id = %s", [autre.id, feuilles[1].id])
        self.env.invalidate_all()
        self.env["cnas.parametre"]._dater("cloison_agences", "oui", aujourd_hui())
        self.assertEqual(self.valeurs(formation=self.formation.id)["stock"]["valeur"], 1)
        self.assertFalse(self.valeurs(formation=self.formation.id, agence=autre.id)["stock"]["valeur"])
        analyse = self.env["cnas.feuille_analyse"].with_user(self.superviseur)
        self.assertEqual(analyse.search_count([("feuille_id", "in", feuilles.ids)]), 1, "la liste qu'un clic ouvre non plus")
        self.assertEqual([nom for _id, nom in self.pilotage.options()["agence"]["valeurs"]], [self.agence.display_name])

    def test_le_rapport_du_mois_part_a_qui_pilote(self):
        self.superviseur.email = "pilote@cnas.example"
        texte = texte_pdf(base64.b64decode(self.pilotage.rapport("2026-10-15")["contenu"]))
        for mot in ("Octobre 2026", "Taux de rejet (montant)", "n. d.", "Équilibre financier"):
            self.assertIn(mot, texte)
        self.assertIn("pilote@cnas.example", self.env["cnas.indicateur_pilotage"]._envoyer_rapport())
        courriel = self.env["mail.mail"].sudo().search([("email_to", "=", "pilote@cnas.example")], limit=1)
        self.assertEqual(courriel.attachment_ids.mapped("name"), ["pilotage-2026-10.pdf"])
        with self.assertRaisesRegex(UserError, "n'a pas commencé"):
            self.pilotage.rapport("2027-03-01")

    def test_en_une_requete_par_periode(self):
        self.valeurs()
        self.assertLessEqual(self.requetes(self.valeurs), 45)
