import base64
from datetime import date
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from odoo.addons.cnas_base.ecriture import ecrire_xlsx
from odoo.addons.cnas_base.lecture import lire_tableau
from odoo.addons.queue_job.job import Job

from .common import CommunReferentiels


@tagged("post_install", "-at_install", "cnas")
class TestRevisionTarif(CommunReferentiels):
    """Révision tarifaire : pourcentage, classeur, refus ligne à ligne, application à une date, export."""

    def _revision(self, **valeurs):
        return self.env["cnas.revision_tarif"].with_user(self.administrateur).create(
            {"date_effet": "2027-01-01", "pourcentage": 10, **valeurs})

    def _classeur(self, texte, **valeurs):
        return self._revision(mode="classeur", fichier=base64.b64encode(texte.encode()), fichier_nom="tarifs.csv",
                              **valeurs)

    def test_pourcentage(self):
        ancien = self.tarif("2026-01-01", False, 1500)
        self.tarif("2026-01-01", False, 2222, niveau=3)
        revision = self._revision(prestation_ids=[(6, 0, self.medicament.prestation_id.ids)], arrondi=5)
        revision.action_preparer()
        self.assertEqual([(li.niveau, li.montant_avant, li.montant_apres, li.operation, li.state)
                          for li in revision.ligne_ids],
                         [(0, 1500, 1650, "suite", "a_appliquer"), (3, 2222, 2445, "suite", "a_appliquer")])
        self.assertEqual(self.montant_le("2027-01-01"), 1500, "préparer n'écrit rien")
        revision.action_appliquer()
        self.assertEqual(revision.state, "appliquee")
        self.assertEqual((self.montant_le("2026-12-31"), self.montant_le("2027-01-01")), (1500, 1650))
        self.assertEqual(ancien.date_fin, date(2026, 12, 31))
        with self.assertRaises(UserError):
            revision.action_appliquer()
        with self.assertRaises(UserError):
            revision.unlink()

    def test_type_entier_sans_selection(self):
        self.tarif("2026-01-01", "2199-12-31", 1500)
        revision = self._revision(type_tarif="medicament", pourcentage=-10)
        revision.action_preparer()
        self.assertIn("TST-MED", revision.ligne_ids.mapped("code"))
        self.assertEqual(set(revision.ligne_ids.mapped("type_tarif")), {"medicament"})
        with self.assertRaises(UserError):
            self._revision().action_preparer()

    def test_coupe_un_tarif_qui_a_une_fin(self):
        self.tarif("2026-01-01", "2026-12-31", 1500)
        self.tarif("2027-01-01", False, 1700)
        revision = self._revision(date_effet="2026-12-01", prestation_ids=[(6, 0, self.medicament.prestation_id.ids)])
        revision.action_preparer()
        self.assertEqual(revision.ligne_ids.operation, "coupe")
        revision.action_appliquer()
        self.assertEqual([self.montant_le(j) for j in ("2026-11-30", "2026-12-01", "2026-12-31", "2027-01-01")],
                         [1500, 1650, 1650, 1700])

    def test_remplace_un_tarif_a_venir(self):
        self.tarif("2026-01-01", "2026-12-31", 1500)
        futur = self.tarif("2027-01-01", False, 1700)
        self._classeur("Code;Montant\nTST-MED;1800\n").action_preparer()
        revision = self._classeur("Code;Montant\nTST-MED;1800\n")
        revision.action_preparer()
        revision.action_appliquer()
        self.assertEqual(futur.montant, 1800)
        self.assertEqual(len(self.medicament.config_ids), 2)

    def test_refus_ligne_a_ligne(self):
        self.tarif("2026-01-01", "2026-12-31", 1500)
        self.tarif("2027-06-01", False, 1700)
        revision = self._classeur(
            "Code;Niveau;Montant;Date début;Date fin\n"
            "TST-MED;;1 600;01/01/2027;\n"        # bonne : s'arrête le 31/05/2027
            "TST-MED;;1700;2027-01-01;\n"         # même date que la ligne 2
            "TST-MED;2;abc;;\n"                   # montant
            "TST-MED;2;10,5;;\n"                  # centimes
            "TST-MED;2;-4;;\n"                    # négatif
            "TST-MED;9;100;;\n"                   # niveau
            "TST-MED;2;100;32/01/2027;\n"         # date
            "TST-MED;2;100;2027-02-01;2027-01-01\n"  # ordre
            "NIMPORTE;;100;;\n"                   # code
            ";;100;;\n"                           # code manquant
            "TST-ACT;;100;;\n"                    # cotation
            "TST-MED;;100;2027-05-01;2027-07-01\n")  # chevauche le tarif de juin
        revision.action_preparer()
        etats = revision.ligne_ids.sorted("rang").mapped("state")
        self.assertEqual(etats, ["a_appliquer"] + ["refusee"] * 11)
        self.assertTrue(all(li.refus for li in revision.ligne_ids if li.state == "refusee"))
        self.assertIn("TSTK", revision.ligne_ids.filtered(lambda li: li.code == "TST-ACT").refus)
        with self.assertRaisesRegex(UserError, "11 ligne"):
            revision.action_appliquer()
        self.assertEqual(len(self.medicament.config_ids), 2, "rien à moitié")
        revision.accepter_partiel = True
        revision.action_appliquer()
        self.assertEqual([self.montant_le(j) for j in ("2027-01-01", "2027-05-31", "2027-06-01")], [1600, 1600, 1700])
        self.assertEqual((revision.nombre_appliquees, revision.nombre_refusees), (1, 11))

    def test_colonnes_a_associer(self):
        """Un titre incompris s'associe à l'écran, une fois."""
        revision = self._classeur("Code;Prix de vente conseillé\nTST-MED;1800\n")
        with self.assertRaisesRegex(UserError, "Colonnes absentes : Montant"):
            revision.action_preparer()
        wizard = self.env["cnas.association.wizard"].with_user(revision.env.user).browse(revision.action_associer()["res_id"])
        wizard.ligne_ids[1].colonne_id = self.env.ref("cnas_referentiels.colonne_tarifs_montant")
        wizard.action_retenir()
        revision.action_preparer()
        self.assertEqual(revision.ligne_ids.montant_apres, 1800)

    def test_suites_dans_le_classeur(self):
        self.tarif("2026-01-01", "2027-12-31", 1500)
        revision = self._classeur("code,montant,date_debut\nTST-MED,1600,2027-01-01\nTST-MED,1700,2027-07-01\n")
        revision.action_preparer()
        revision.action_appliquer()
        self.assertEqual([self.montant_le(j) for j in ("2026-12-31", "2027-06-30", "2027-07-01", "2027-12-31", "2028-01-01")],
                         [1500, 1600, 1700, 1700, False])

    def test_anomalies_signalees(self):
        self.tarif("2026-01-01", False, 1000)
        revision = self._classeur("code,montant\nTST-MED,1900\n")
        revision.action_preparer()
        self.assertIn("+90 %", revision.ligne_ids.anomalie)
        revision = self._classeur("code,montant\nTST-MED,1000\n")
        revision.action_preparer()
        self.assertEqual(revision.ligne_ids.state, "inchangee")
        with self.assertRaises(UserError):
            revision.action_appliquer()

    def test_tarif_utilise_refuse(self):
        self.tarif("2026-01-01", False, 1000)

        def _tarif_utilise(prestations, plages):
            return {plage[0] for plage in plages}
        with patch.object(type(self.Prestation), "_tarif_utilise", _tarif_utilise):
            revision = self._classeur("code,montant\nTST-MED,1100\n")
            revision.action_preparer()
        self.assertIn("feuille liquidée", revision.ligne_ids.refus)

    def test_tarif_change_entre_temps(self):
        tarif = self.tarif("2026-01-01", False, 1000)
        revision = self._classeur("code,montant\nTST-MED,1100\n")
        revision.action_preparer()
        tarif.montant = 1050
        self.env.flush_all()
        with self.assertRaisesRegex(UserError, "préparez à nouveau"):
            revision.action_appliquer()
        revision.action_preparer()
        revision.action_appliquer()
        self.assertEqual(self.montant_le("2027-01-01"), 1100)

    def test_fichiers_faux(self):
        for contenu, nom in ((b"", "a.csv"), (b"Code;Montant\n", "a.csv"), (b"Nom;Prix\nA;1\n", "a.csv"),
                             (b"pas un classeur", "a.xlsx"), (b"Code;Montant\nA;1", "a.doc")):
            revision = self._revision(mode="classeur", fichier=base64.b64encode(contenu), fichier_nom=nom)
            with self.assertRaises(UserError, msg=nom):
                revision.action_preparer()
            self.assertEqual(revision.state, "brouillon")

    def test_export_et_reimport(self):
        self.tarif("2026-01-01", False, 1500)
        revision = self._revision(prestation_ids=[(6, 0, self.medicament.prestation_id.ids)])
        action = revision.action_exporter()
        piece = self.env["ir.attachment"].browse(int(action["url"].split("/")[3].split("?")[0]))
        rangs = lire_tableau(piece.raw, "tarifs.xlsx")
        self.assertEqual((rangs[0]["code"], rangs[0]["montant"]), ("TST-MED", 1500))
        contenu = ecrire_xlsx(list(rangs[0]), [list({**rangs[0], "montant": 1750}.values())])
        retour = self._revision(mode="classeur", fichier=base64.b64encode(contenu), fichier_nom="retour.xlsx")
        retour.action_preparer()
        retour.action_appliquer()
        self.assertEqual(self.montant_le("2027-01-01"), 1750)
        self.assertTrue(retour.action_exporter()["url"])

    def test_selection_d_une_liste(self):
        tarif = self.tarif("2026-01-01", False, 1500)
        for modele, ids in (("cnas.config_medicament", tarif.ids), ("cnas.medicament", self.medicament.ids)):
            action = self.env["cnas.revision_tarif"]._creer_depuis_selection(modele, ids)
            revision = self.env["cnas.revision_tarif"].browse(action["res_id"])
            self.assertEqual(revision.prestation_ids, self.medicament.prestation_id)

    def test_lettre_cle(self):
        self.tarif("2026-01-01", False, 500, objet=self.lettre)
        revision = self._classeur("code,montant\nTSTK,600\n")
        revision.action_preparer()
        revision.action_appliquer()
        self.assertEqual(self.montant_le("2027-01-01", 1, "TST-ACT"), 1500)

    def test_agent_refuse(self):
        revision = self._revision(type_tarif="medicament")
        for action in ("action_preparer", "action_appliquer", "action_annuler", "action_exporter"):
            with self.assertRaises(AccessError, msg=action):
                getattr(revision.with_user(self.agent), action)()
        with self.assertRaises(UserError):
            revision.write({"state": "appliquee"})
        with self.assertRaises(AccessError):
            self.env["cnas.revision_tarif.ligne"].with_user(self.administrateur).create({"revision_id": revision.id})

    def en_lot(self, revision, taille=2):
        """Applique en tâches de fond ; rend les tâches, dans l'ordre."""
        with patch("odoo.addons.cnas_referentiels.models.revision_tarif.revision.TAILLE_LOT", taille), \
                patch.object(type(self.env["cnas.lot"]), "_tout_de_suite", lambda lot, tranches: False):
            revision.action_appliquer()
        return [Job.load(self.env, tache.uuid) for tache in revision.lot_id.sudo().tache_ids.sorted("priority")]

    def test_une_suite_de_tarifs_ne_se_coupe_pas(self):
        """Cinq mois d'un même tarif : la seconde plage ne trouve pas changé ce que la première vient d'écrire."""
        self.tarif("2026-01-01", False, 1500)
        self.tarif("2026-01-01", False, 500, objet=self.lettre)
        mois = "".join(f"TST-MED,{1600 + rang},2026-{rang:02d}-01\n" for rang in range(2, 7))
        revision = self._classeur(f"code,montant,date_debut\n{mois}TSTK,600,2026-02-01\n")
        revision.action_preparer()
        self.assertEqual(revision.nombre_refusees, 0)
        taches = self.en_lot(revision)
        self.assertEqual(len(taches), 2)
        for tache in taches:
            tache.perform()
        self.assertEqual((revision.state, revision.nombre_appliquees), ("appliquee", 6))
        self.assertEqual([self.montant_le(f"2026-{rang:02d}-15") for rang in range(1, 7)], [1500, 1602, 1603, 1604, 1605, 1606])

    def test_un_lot_en_erreur_se_reprend_ou_s_annule(self):
        """Un tarif changé entre-temps arrête une plage : ce qui reste se prépare à nouveau, sans refaire le reste."""
        self.tarif("2026-01-01", False, 1500)
        lettre = self.tarif("2026-01-01", False, 500, objet=self.lettre)
        revision = self._classeur("code,montant,date_debut\nTST-MED,1600,2026-06-01\nTSTK,600,2026-06-01\n")
        revision.action_preparer()
        lettre.montant = 550
        self.en_lot(revision, taille=1)
        for tache in revision.lot_id.sudo().tache_ids:
            job = Job.load(self.env, tache.uuid)
            try:
                with self.env.cr.savepoint():
                    job.perform()
                job.set_done()
            except UserError:
                job.set_failed(exc_message="changé")
            job.store()
        self.assertEqual((revision.state, revision.lot_id.state, revision.nombre_appliquees), ("en_cours", "erreur", 1))
        revision.action_preparer()
        revision.lot_id.invalidate_recordset()
        self.assertEqual((revision.state, revision.nombre_appliquees, revision.lot_id.state), ("preparee", 1, "annule"))
        reste = revision.ligne_ids.filtered(lambda ligne: ligne.state == "a_appliquer")
        self.assertEqual((reste.code, reste.montant_avant), ("TSTK", 550))
        revision.action_preparer()
        revision.action_appliquer()
        self.assertEqual((revision.state, revision.nombre_appliquees), ("appliquee", 2))

    def test_gros_volume_en_lot(self):
        """Au-delà de la taille d'un lot, l'application se fait plage par plage ; rejouer une plage n'ajoute rien."""
        revision = self._classeur("code,montant,niveau\nTST-MED,1600,\nTST-MED,1700,2\nTST-MED,1800,3\n")
        revision.action_preparer()
        with patch("odoo.addons.cnas_referentiels.models.revision_tarif.revision.TAILLE_LOT", 2), \
                patch.object(type(self.env["cnas.lot"]), "_tout_de_suite", lambda lot, tranches: False):
            revision.action_appliquer()
        self.assertEqual((revision.state, revision.nombre_appliquees), ("en_cours", 0))
        with self.assertRaises(UserError):
            revision.action_preparer()
        taches = [Job.load(self.env, tache.uuid) for tache in revision.lot_id.sudo().tache_ids.sorted("priority")]
        taches[0].perform()
        self.assertEqual((revision.state, revision.nombre_appliquees), ("en_cours", 2))
        for tache in taches:
            tache.perform()
        revision.ligne_ids._appliquer()
        self.assertEqual((revision.state, revision.nombre_appliquees), ("appliquee", 3))
        self.assertEqual(len(self.medicament.config_ids), 3)
