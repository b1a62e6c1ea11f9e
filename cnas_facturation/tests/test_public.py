from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.tests.common import HttpCase

from .test_rade import CommunRade


@tagged("post_install", "-at_install", "cnas")
class TestPagesPubliques(HttpCase, CommunRade):
    """Le QR d'un décompte se vérifie sans compte ; l'assuré dépose son recours par le lien, dans les délais du guichet."""

    def setUp(self):
        super().setUp()
        self.env["cnas.parametre"]._dater("debit_verification_publique", "1000", self.env["cnas.parametre"].search(
            [("code", "=", "debit_verification_publique")], limit=1).date_debut)

    def chemin(self, url):
        return "/" + url.split("/", 3)[3]

    def rejete(self):
        """Rend (assuré, facture de remboursement validée dont tout est rejeté)."""
        assure = self.creer_assure("Direct", "1980-01-01")
        self.importer(self.dossier(self._reference(), matricule=assure.matricule, mode="remboursement"))
        facture = self.factures.browse(self.factures.with_user(self.agent2).preparer_remboursement(assure.matricule, "2026-11-01"))
        facture.with_user(self.agent2).action_soumettre()
        self.decider(facture.feuille_ids, "rejetee")
        facture.with_user(self.controleur).action_controler()
        facture.with_user(self.superviseur).action_valider()
        return assure, facture

    def test_qr_se_verifie(self):
        facture = self.payee()
        decompte = facture.decompte_id
        page = self.url_open(self.chemin(decompte._url_verification()))
        self.assertEqual(page.status_code, 200)
        for texte in ("authentique", decompte.numero, self.formation.name, "Payé"):
            self.assertIn(texte, page.text)
        for ligne in decompte.ligne_ids:
            self.assertNotIn(ligne.beneficiaire, page.text)
            self.assertNotIn(ligne.prestation_libelle, page.text)
        faux = [decompte._url_assure().rpartition("/")[2], f"{decompte.id}-{'0' * 32}", "x", f"{decompte.id}", "9" * 30, "é-1"]
        for jeton in faux:
            self.assertEqual(self.url_open(f"/cnas/verifier/decompte/{jeton}").status_code, 404, jeton)
        self.assertEqual(self.url_open("/cnas/verifier/inconnu").status_code, 404, "les attestations gardent leur page")

    def test_contre_passe_ne_vaut_plus(self):
        facture = self.validee()
        decompte = facture.decompte_id
        facture.with_user(self.superviseur).action_contre_passer("Erreur")
        self.assertIn("remplacé", self.url_open(self.chemin(decompte._url_verification())).text)

    def test_recours_par_le_lien(self):
        assure, facture = self.rejete()
        decompte = facture.decompte_id
        chemin = self.chemin(decompte._url_assure())
        page = self.url_open(chemin)
        self.assertEqual(page.status_code, 200)
        self.assertNotIn(assure.name, page.text)
        identite = {"matricule": assure.matricule, "naissance": "01/01/1980"}
        for fausse in ({**identite, "naissance": "02/01/1980"}, {**identite, "naissance": "1980"},
                       {**identite, "matricule": "TD0"}, {**identite, "naissance": "x"}):
            self.assertIn("ne sont pas celles", self.url_open(chemin, data=fausse).text)
        page = self.url_open(chemin, data=identite)
        self.assertIn("Ligne 1", page.text)
        self.assertNotIn(decompte.ligne_ids[0].prestation_libelle, page.text)
        self.assertIn("Écrivez pourquoi", self.url_open(chemin, data={**identite, "ligne": "1", "montant": "100", "motif": " "}).text)
        self.assertIn("Choisissez", self.url_open(chemin, data={**identite, "ligne": "99", "montant": "100", "motif": "x"}).text)
        page = self.url_open(chemin, data={**identite, "ligne": "1", "montant": "100", "motif": "J'ai l'ordonnance"})
        recours = decompte.ligne_ids.contestation_ids
        self.assertIn(recours.numero, page.text)
        self.assertEqual((recours.voie, recours.degre, recours.montant_demande), ("lien", "1", 100))
        self.assertIn("déjà", self.url_open(chemin, data={**identite, "ligne": "1", "montant": "100", "motif": "x"}).text)
        recours.with_user(self.controleur).action_rejeter("Illisible")
        self.url_open(chemin, data={**identite, "recours": str(recours.id), "motif": "Relue"})
        self.assertEqual(recours.second_degre_ids.degre, "2")

    def test_recours_saisi_par_un_agent_sur_le_lien(self):
        """Un contrôleur connecté qui remplit le lien pour l'assuré en est le déposant : il ne le décide pas."""
        assure, facture = self.rejete()
        self.controleur.password = "controleur-essai-1"
        self.authenticate(self.controleur.login, "controleur-essai-1")
        self.url_open(self.chemin(facture.decompte_id._url_assure()), data={
            "matricule": assure.matricule, "naissance": "01/01/1980", "ligne": "1", "montant": "100", "motif": "Dicté au téléphone"})
        recours = facture.decompte_id.ligne_ids.contestation_ids
        self.assertEqual((recours.deposant_id, recours.voie), (self.controleur, "guichet"))
        for appel in (lambda: recours.with_user(self.controleur).action_accepter(), lambda: recours.with_user(self.controleur).action_rejeter("Non")):
            with self.assertRaisesRegex(UserError, "Quatre yeux"):
                appel()
        recours.with_user(self.superviseur).action_accepter()
        self.assertEqual(recours.state, "acceptee")

    def test_fichier_a_la_place_d_un_texte(self):
        """Ce qui n'est pas du texte est vide : la page répond d'une phrase, jamais d'une erreur."""
        assure, facture = self.rejete()
        for champ in ("matricule", "naissance", "motif"):
            valeurs = {"matricule": assure.matricule, "naissance": "01/01/1980", "ligne": "1", "montant": "100", "motif": "x"}
            del valeurs[champ]
            reponse = self.url_open(self.chemin(facture.decompte_id._url_assure()), data=valeurs,
                                    files={champ: ("x.txt", b"x", "text/plain")})
            self.assertEqual(reponse.status_code, 200, champ)
            self.assertIn("Écrivez pourquoi" if champ == "motif" else "ne sont pas celles", reponse.text)
        self.assertFalse(facture.decompte_id.ligne_ids.contestation_ids)

    def test_memes_delais(self):
        assure, facture = self.rejete()
        decompte = facture.decompte_id
        ligne = decompte.ligne_ids[0]
        with freeze_time(decompte.date_limite_recours + timedelta(days=1)):
            self.assertFalse(decompte._en_recours())
            public = self.env.ref("base.public_user")
            with self.assertRaisesRegex(Exception, "expiré"):
                self.env["cnas.contestation"].with_user(public).sudo().create({
                    "decompte_ligne_id": ligne.id, "motif": "x", "montant_demande": 100})

    def test_sceau_impossible(self):
        """Un sceau d'un autre alphabet est inconnu comme un autre : il ne dit pas que le décompte ou l'assuré existe."""
        assure, facture = self.rejete()
        for debut in (f"verifier/decompte/{facture.decompte_id.id}", f"recours/{facture.decompte_id.id}", f"mon-dossier/lien/{assure.id}"):
            self.assertEqual(self.url_open(f"/cnas/{debut}-é").status_code, 404, debut)

    def test_panne_dite_indisponible(self):
        """Aucune page publique ne montre une erreur interne, ni n'écrit à moitié ce qu'elle recevait."""
        def panne(*_arguments):
            raise RuntimeError("panne du serveur")

        assure, facture = self.rejete()
        decompte = facture.decompte_id
        recours = (self.chemin(decompte._url_assure()), {
            "matricule": assure.matricule, "naissance": "01/01/1980", "ligne": "1", "montant": "100", "motif": "Ordonnance"})
        for modele, methode, adresse, envoi in (
                ("cnas.decompte", "_en_recours", *recours), ("cnas.decompte", "_trouver_par_jeton", "/cnas/verifier/decompte/x", None),
                ("cnas.employeur", "_lire_jeton", "/cnas/verifier/employeur/x", None), ("cnas.carte", "_lire_qr", "/cnas/carte/x", None),
                ("cnas.entente_prealable", "_trouver_par_jeton", "/cnas/verifier/entente/x", None)):
            self.patch(type(self.env[modele]), methode, panne)
            with mute_logger("odoo.addons.cnas_assures.controllers.verification", "odoo.http"):
                reponse = self.url_open(adresse, data=envoi)
            self.assertEqual(reponse.status_code, 503, adresse)
            self.assertIn("indisponible", reponse.text)
            self.assertNotIn("panne", reponse.text)
        self.assertFalse(decompte.ligne_ids.contestation_ids)

    def test_requete_trop_longue(self):
        """Ce qu'Odoo ne rejoue pas (une requête coupée par la base) est une panne comme une autre."""
        def coupee(modele, *_arguments):
            modele.env.cr.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)")

        self.patch(type(self.env["cnas.decompte"]), "_trouver_par_jeton", coupee)
        with mute_logger("odoo.addons.cnas_assures.controllers.verification", "odoo.http", "odoo.sql_db"):
            reponse = self.url_open("/cnas/verifier/decompte/x")
        self.assertEqual(reponse.status_code, 503)
        self.assertIn("indisponible", reponse.text)

    def test_jeton_d_une_formation(self):
        """Le lien d'un décompte de formation n'ouvre pas de recours : elle a son espace."""
        decompte = self.validee().decompte_id
        self.assertEqual(self.url_open(self.chemin(decompte._url_assure())).status_code, 404)


@tagged("post_install", "-at_install", "cnas")
class TestPortailRade(HttpCase, CommunRade):
    """Au portail : l'écart se voit avant de soumettre, le décompte tombe juste et dit s'il est payé, le close dit pourquoi."""

    def setUp(self):
        super().setUp()
        self.portail.password = "portail-essai-1"
        self.authenticate("t_portail", "portail-essai-1")

    def poster(self, adresse, depuis, **champs):
        jeton = self.url_open(depuis).text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
        return self.url_open(adresse, data={"csrf_token": jeton, **champs})

    def test_ecart(self):
        facture = self.preparee()
        adresse = f"/my/formation/factures/{facture.id}"
        declare = int(facture.montant_facture) + 100
        page = self.poster(f"{adresse}/soumettre", adresse, montant_declare=str(declare))
        self.assertIn("J'ai vu l'écart", page.text.replace("&#39;", "'"))
        self.assertEqual(facture.state, "brouillon")
        self.poster(f"{adresse}/soumettre", adresse, montant_declare=str(declare), ecart_accepte="999")
        self.assertEqual(facture.state, "brouillon", "un autre écart que celui qu'on a lu")
        self.poster(f"{adresse}/soumettre", adresse, montant_declare=str(declare), ecart_accepte="100")
        self.assertEqual((facture.state, facture.ecart_accepte), ("soumise", 100))

    def test_close_dit_pourquoi(self):
        facture = self.rejetee_en_entier()
        page = self.url_open(f"/my/formation/factures/{facture.id}")
        self.assertIn("Rien à payer", page.text)
        self.assertIn(f"/my/formation/decomptes/{facture.decompte_id.id}?refus=1", page.text)
        self.assertIn("Close, rien à payer", self.url_open("/my/formation/factures").text)

    def test_decompte_paye(self):
        facture = self.payee()
        page = self.url_open(f"/my/formation/decomptes/{facture.decompte_id.id}").text
        for texte in ("payé le", "VIR-1", facture.ordre_ids[0].numero, "Ticket modérateur", "Abattements"):
            self.assertIn(texte, page)

    def test_complement_et_indus(self):
        recours = self.recours_accepte(self.payee(), 100)
        page = self.poster(f"/my/formation/contestations/{recours.id}/complement", "/my/formation/contestations")
        self.assertIn(recours.facture_complement_id.numero, page.text)
        self.assertEqual(recours.facture_complement_id.nature, "complement")
        indu = self.env["cnas.indu"].with_user(self.controleur).create(
            {"formation_id": self.formation.id, "montant": 500, "motif": "Acte fictif"})
        self.assertNotIn(indu.numero, self.url_open("/my/formation/indus").text)
        indu.with_user(self.superviseur).action_notifier()
        self.assertIn(indu.numero, self.url_open("/my/formation/indus").text)

    def test_bordereau_dit_vrai_avant_liquidation(self):
        """Rien n'y est donné pour zéro avant que la CNAS ait liquidé, et la formation n'y reçoit pas sa propre facture."""
        facture = self.preparee(usager=self.portail)
        facture.with_user(self.portail).action_soumettre()
        textes = []
        with self.ecrits(textes):
            facture.telecharger("pdf")
        self.assertNotIn("zéro", " ".join(textes))
        self.assertFalse([t for t in textes if t.startswith("Reçue par") and self.portail.name in t])
        self.assertIn("à liquider", textes)

    def ecrits(self, textes):
        """Recueille ce que le bordereau écrit, où que ce soit sur la page."""
        from contextlib import ExitStack
        from unittest.mock import patch

        from odoo.addons.cnas_base.impression import document
        from odoo.addons.cnas_facturation.report import pdf_facture

        pile = ExitStack()
        for module in (document, pdf_facture):
            vrai = module.ecrire
            pile.enter_context(patch.object(
                module, "ecrire", side_effect=lambda page, x, y, texte, *a, vrai=vrai, **k: (
                    textes.append(str(texte)), vrai(page, x, y, texte, *a, **k))[1]))
        return pile
