import base64
import hashlib
import io
from datetime import timedelta

from dateutil.relativedelta import relativedelta
from psycopg2 import IntegrityError
from PyPDF2 import PdfReader

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_base.jour import aujourd_hui

from .common import TransactionCase, pdf_base64
from .fichiers_pieges import fichiers_abimes


@tagged("post_install", "-at_install", "cnas")
class TestClassement(TransactionCase):
    """Le registre du courrier, les versions, le gel, et la destruction à deux de ce qui est échu."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent, cls.superviseur, cls.medecin, cls.finance = (
            new_test_user(cls.env, f"classe_{role}", f"cnas_base.group_{role}", name=f"Essai {role}")
            for role in ("agent", "superviseur", "medecin_conseil", "finance"))
        cls.courrier = cls._courrier(objet="Demande d'attestation")

    @classmethod
    def _courrier(cls, usager=None, **valeurs):
        return cls.env["cnas.courrier"].with_user(usager or cls.agent).create({"correspondant": "Moussa Ali", "objet": "Objet", **valeurs})

    @classmethod
    def _document(cls, texte="essai", ans=0, usager=None, **valeurs):
        courrier = valeurs.pop("courrier", cls.courrier)
        return cls.env["cnas.document"].with_user(usager or cls.agent).create({
            "name": f"Pièce {texte}", "type_id": courrier.type_id.id, "courrier_id": courrier.id, "fichier": pdf_base64(texte),
            "date_document": aujourd_hui() - relativedelta(years=ans), **valeurs})

    def _propose(self):
        destruction = self.env["cnas.destruction"].with_user(self.agent).create({})
        destruction.action_lister()
        if destruction.ligne_ids:
            destruction.action_proposer()
        return destruction

    # ------------------------------------------------------------------ registre
    def test_registre(self):
        """Un numéro sans trou par sens ; répondre traite ; rien ne se réécrit ni ne s'efface."""
        recus = [self._courrier(objet=f"n° {rang}") for rang in range(3)]
        numeros = [int(c.numero.rsplit("-", 1)[1]) for c in recus]
        self.assertEqual(numeros, list(range(numeros[0], numeros[0] + 3)))
        self.assertTrue(recus[0].numero.startswith(f"CR-{aujourd_hui().year}-"))
        action = recus[0].action_repondre()
        reponse = self.env["cnas.courrier"].with_user(self.agent).with_context(**action["context"]).create({})
        self.assertEqual((reponse.numero[:2], reponse.sens, reponse.correspondant), ("CE", "envoye", "Moussa Ali"))
        self.assertEqual((recus[0].state, recus[0].reponse_ids, reponse.state), ("traite", reponse, "traite"))
        with self.assertRaisesRegex(UserError, "on répond à un courrier reçu"):
            reponse.action_repondre()
        for vals in ({"sens": "envoye"}, {"date": aujourd_hui() - timedelta(days=1)}, {"numero": "CR-1"}, {"state": "annule"}):
            with self.subTest(vals), self.assertRaises(UserError):
                recus[1].write(vals)
        with self.assertRaises(UserError):
            recus[1].unlink()
        with self.assertRaisesRegex(UserError, "ne se supprime pas"):
            recus[1].sudo().unlink()
        recus[1].action_annuler("Inscrit deux fois")
        self.assertEqual(recus[1].state, "annule")
        # Ce que le bouton refuse, une fiche remplie à la main ne l'obtient pas.
        for origine, phrase in ((recus[1], "à l'état « Annulé »"), (reponse, "on répond à un courrier reçu")):
            with self.subTest(phrase), self.assertRaisesRegex(UserError, phrase), self.cr.savepoint():
                self._courrier(sens="envoye", reponse_a_id=origine.id)
        self._courrier(objet="On nous écrit encore", reponse_a_id=recus[2].id)
        self.assertEqual(recus[2].state, "a_traiter")
        with self.assertRaises(ValidationError):
            self._courrier(date=aujourd_hui() + timedelta(days=1))

    # ------------------------------------------------------------------ versions
    def test_versions(self):
        """Une nouvelle version garde l'ancienne, et n'en a qu'une après elle."""
        ancien = self._document("un")
        contexte = ancien.action_nouvelle_version()["context"]
        nouveau = self.env["cnas.document"].with_user(self.agent).with_context(**contexte).create({"fichier": pdf_base64("deux")})
        self.assertEqual((nouveau.version, nouveau.courrier_id, nouveau.type_id), (2, self.courrier, ancien.type_id))
        self.assertEqual((ancien.state, ancien.suivante_ids, bool(ancien.fichier)), ("remplace", nouveau, True))
        with self.assertRaisesRegex(UserError, "pas en vigueur"):
            self._document("trois", remplace_id=ancien.id)
        for vals in ({"fichier": pdf_base64("autre")}, {"type_id": self.env.ref("cnas_base.type_document_courrier_medical").id},
                     {"courrier_id": self._courrier().id}, {"remplace_id": False}, {"version": 9}, {"destruction_id": 1}, {"empreinte": "x"}):
            with self.subTest(vals), self.assertRaises(UserError):
                nouveau.write(vals)
        with self.assertRaisesRegex(UserError, "ne se supprime pas"):
            nouveau.sudo().unlink()
        with self.assertRaisesRegex(UserError, "Choisissez le fichier"):
            self._document("sans", fichier=False)
        par_defaut = self.env["cnas.document"].with_user(self.agent).with_context(default_fichier=pdf_base64("défaut"))
        lu = par_defaut.create({"name": "Défaut", "type_id": ancien.type_id.id, "courrier_id": self.courrier.id})
        self.assertEqual((lu.mimetype, lu.empreinte), ("application/pdf", hashlib.sha256(base64.b64decode(pdf_base64("défaut"))).hexdigest()))
        with self.assertRaisesRegex(ValidationError, "n'existait pas"):
            nouveau.write({"date_depart": aujourd_hui() - timedelta(days=1)})
        for champ in ("date_document", "date_depart"):  # la base le refuse, et la phrase est la sienne
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
                nouveau.write({champ: False})
        with self.assertRaisesRegex(ValidationError, "un seul"):
            self._document("ailleurs", type_id=self.env.ref("cnas_base.type_document_convention").id)

    def test_perdu_puis_renumerise(self):
        """Le fichier renumérisé à la place d'un perdu donne son empreinte au document."""
        document = self._document("perdu")
        jointe = self.env["ir.attachment"].sudo().search([("res_model", "=", document._name), ("res_id", "=", document.id), ("res_field", "=", "fichier")])
        jointe._remplacer(base64.b64decode(pdf_base64("retrouvé")))
        self.assertEqual((document.empreinte, document.lecture), (
            hashlib.sha256(base64.b64decode(pdf_base64("retrouvé"))).hexdigest(), "a_lire"))

    def test_fichiers_pieges(self):
        """Le jeu de fichiers abîmés, par cette porte aussi : refusés d'une phrase, rien n'est gardé."""
        avant = self.env["cnas.document"].search_count([])
        for nom, contenu in fichiers_abimes().items():
            with self.subTest(nom), self.assertRaises(UserError), self.cr.savepoint():
                self._document("piégé", fichier=base64.b64encode(contenu).decode(), nom_fichier=nom)
        self.assertEqual(self.env["cnas.document"].search_count([]), avant)

    # ------------------------------------------------------------------ destruction
    def test_destruction_a_deux(self):
        """L'échu seul, proposé par l'un, approuvé par l'autre : le contenu part, la fiche et l'empreinte restent."""
        echu, recent = self._document("échu, lettre de réclamation", ans=6), self._document("récent", ans=4)
        jointe = self.env["ir.attachment"].sudo().search([("res_model", "=", "cnas.document"), ("res_id", "=", echu.id), ("res_field", "=", "fichier")])
        echu._lire()
        self.assertTrue(echu.texte_lu)
        empreinte = echu.empreinte
        destruction = self._propose()
        self.assertIn(echu.numero, destruction.ligne_ids.mapped("cote"))
        self.assertNotIn(recent.numero, destruction.ligne_ids.mapped("cote"))
        self.assertFalse(set(self._propose().ligne_ids.mapped("res_id")) & set(destruction.ligne_ids.mapped("res_id")), "déjà proposés")
        with self.assertRaises(AccessError):
            destruction.action_approuver()
        meme = destruction.with_user(self.superviseur)
        destruction._ecrire({"propose_par_id": self.superviseur.id})
        with self.assertRaisesRegex(UserError, "Quatre yeux"):
            meme.action_approuver()
        destruction._ecrire({"propose_par_id": self.agent.id})
        meme.action_approuver()
        self.assertEqual((destruction.state, destruction.approuve_par_id), ("execute", self.superviseur))
        self.env.invalidate_all()
        self.assertEqual((echu.destruction_id, echu.empreinte), (destruction, empreinte))
        self.assertFalse(echu.fichier or echu.texte_lu or jointe.store_fname or jointe.raw)
        self.assertTrue(recent.fichier)
        self.assertEqual(self.env["cnas.journal"].sudo().search_count(
            [("modele", "=", "cnas.document"), ("res_id", "=", echu.id), ("evenement", "=", "destruction")]), 1)
        texte = "".join(page.extract_text() for page in PdfReader(io.BytesIO(destruction._pdf())).pages)
        for mot in (destruction.name, echu.numero, empreinte[:10], "Essai superviseur", "Page 1 / 1"):
            self.assertIn(mot, texte)
        self.assertNotIn("Pièce échu", texte)
        with self.assertRaisesRegex(UserError, "ne se réécrit plus"):
            destruction.write({"observation": "Autre chose"})

    def test_gel_retient(self):
        """Un gel posé après la proposition retient ; levé, la durée reprend."""
        documents = self._document("gelé", ans=6) | self._document("libre", ans=6, courrier=self._courrier())
        destruction = self._propose()
        gel = self.env["cnas.gel"].with_user(self.superviseur).create({"name": "Parquet 12", "motif": "Enquête", "courrier_id": self.courrier.id})
        destruction.with_user(self.superviseur).action_approuver()
        self.env.invalidate_all()
        lignes = {ligne.res_id: ligne for ligne in destruction.ligne_ids if ligne.modele == "cnas.document"}
        self.assertEqual([(lignes[d.id].issue, bool(d.fichier)) for d in documents], [("retenu", True), ("detruit", False)])
        self.assertIn("gel", lignes[documents[0].id].raison)
        self.assertTrue(documents[0].gele)
        self.assertNotIn(documents[0].id, self._propose().ligne_ids.mapped("res_id"))
        with self.assertRaises(AccessError):
            gel.with_user(self.agent).action_lever("Classé sans suite")
        for vals in ({"courrier_id": self._courrier().id}, {"date_debut": aujourd_hui() - timedelta(days=9)}):
            with self.subTest(vals), self.assertRaises(UserError):
                gel.write(vals)
        gel.action_lever("Classé sans suite")
        self.assertIn(documents[0].id, self._propose().ligne_ids.mapped("res_id"))
        with self.assertRaisesRegex(ValidationError, "quel dossier"):
            self.env["cnas.gel"].with_user(self.superviseur).create({"name": "Rien", "motif": "Rien"})

    def test_gel_pendant_une_destruction(self):
        """Un gel écrit aux procès-verbaux proposés : celui qui s'exécute au même instant est rejoué par Odoo, et le voit."""
        self._document("à détruire", ans=6)
        destruction = self._propose()

        def version():
            self.env.flush_all()
            self.cr.execute("SELECT ctid FROM cnas_destruction WHERE id = %s", [destruction.id])
            return self.cr.fetchone()
        avant = version()
        self.env["cnas.gel"].with_user(self.superviseur).create({"name": "Parquet", "motif": "Enquête", "courrier_id": self.courrier.id})
        self.assertNotEqual(version(), avant)

    def test_duree_datee_a_deux(self):
        """La durée du jour décide ; celle qui sert ne se raccourcit pas seul ; un type sans durée se garde."""
        type_document = self.env.ref("cnas_base.type_document_courrier")
        administrateur = new_test_user(self.env, "classe_admin", "cnas_base.group_administrateur")
        document = self._document("daté", ans=6)
        duree = type_document.conservation_ids.with_user(administrateur)
        with self.assertRaises(UserError):
            duree.write({"annees": 1})
        duree.sudo()._ecrire({"date_fin": aujourd_hui() - timedelta(days=1)})
        self.assertNotIn(document.id, self._propose().ligne_ids.mapped("res_id"))
        suivante = {"type_id": type_document.id, "annees": 6, "date_debut": str(aujourd_hui())}
        with self.assertRaises(UserError):
            duree.create(suivante)
        demande = self.env["cnas.changement"].browse(duree.browse().demander_changement(suivante, "Arrêté"))
        demande.with_user(self.superviseur).action_accepter()
        self.assertEqual((type_document.annees, type_document.conservation_dite), (6, "6 an(s)"))
        self.assertIn(document.id, self._propose().ligne_ids.mapped("res_id"))

    def test_rien_n_y_echappe(self):
        """Ni le contexte, ni une commande imbriquée, ni un rôle de moins ne listent, n'exécutent ou ne vident."""
        document = self._document("tenu")
        destruction = self.env["cnas.destruction"].with_user(self.agent).create({})
        ligne = {"modele": "cnas.document", "res_id": document.id, "type_id": document.type_id.id, "cote": "X"}
        for essai in (lambda: destruction.write({"ligne_ids": [(0, 0, ligne)]}), lambda: destruction.write({"state": "execute"}),
                      lambda: self.env["cnas.destruction"].with_user(self.agent).create({"ligne_ids": [(0, 0, ligne)]}),
                      lambda: self.env["cnas.destruction.ligne"].with_user(self.agent).create({**ligne, "destruction_id": destruction.id}),
                      lambda: destruction.action_proposer(), lambda: destruction.with_user(self.finance).action_lister()):
            with self.assertRaises(UserError), self.cr.savepoint():
                essai()
        self.assertTrue(document.fichier)
        forge = self.env["cnas.document"].with_user(self.agent).with_context(
            default_destruction_id=destruction.id, default_empreinte="x", default_version=7, default_remplace_id=document.id,
        ).create({"name": "n", "fichier": pdf_base64("forgé"), "type_id": document.type_id.id, "courrier_id": self.courrier.id})
        self.assertEqual((bool(forge.destruction_id), len(forge.empreinte), forge.version, document.state), (False, 64, 2, "remplace"))

    def test_secret(self):
        """Un courrier médical ne se montre ni ne s'ouvre à l'ordonnateur, ni son document."""
        courrier = self._courrier(type_id=self.env.ref("cnas_base.type_document_courrier_medical").id)
        document = self._document("secret", courrier=courrier)
        ordinaire = self._document("ordinaire")
        for usager, voit in ((self.finance, False), (self.medecin, True), (self.agent, True)):
            for fiche in (courrier, document):
                vus = fiche.with_user(usager).search([("id", "=", fiche.id)])
                self.assertEqual(bool(vus), voit, (usager.login, fiche))
            self.assertTrue(ordinaire.with_user(usager).search([("id", "=", ordinaire.id)]))
        with self.assertRaises(AccessError):
            document.with_user(self.finance).read(["name"])

    def test_requetes_constantes(self):
        """Approuver dix documents ne coûte pas plus de requêtes qu'en approuver trois."""
        couts = []
        for combien in (3, 10):
            for rang in range(combien):
                self._document(f"lot {combien} {rang}", ans=7)
            destruction = self._propose().with_user(self.superviseur)
            couts.append(self.requetes(destruction.action_approuver))
        self.assertLessEqual(couts[1], couts[0] + 3)

    def test_requetes_par_type(self):
        """Lister : un type de plus ne coûte, par sorte de document, que sa recherche, celle des gels et le type livré."""
        destruction, couts = self.env["cnas.destruction"].with_user(self.agent).create({}), []
        for combien in (0, 1, 6):
            types = self.env["cnas.type_document"].sudo().create([
                {"code": f"ZZ{combien}{rang}", "name": "Essai", "proprietaire": "courrier"} for rang in range(combien)])
            self.env["cnas.conservation"].sudo().create([
                {"type_id": type_document.id, "annees": 5, "date_debut": "2000-01-01"} for type_document in types])
            couts.append(self.requetes(destruction.action_lister))
        sortes = len(self.env["cnas.classe.mixin"]._modeles_classes())
        self.assertLessEqual(couts[2] - couts[1], 6 * 3 * sortes, couts)
