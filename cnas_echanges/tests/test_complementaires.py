import base64
import csv
import io
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.cnas_assures.cle_signature import octets_base64url
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_echanges import noemie
from odoo.addons.cnas_feuilles_soin.tests.commun_feuille import CommunFeuille


@tagged("post_install", "-at_install", "cnas")
class TestComplementaires(CommunFeuille):
    """Un organisme ne reçoit que ses affiliés consentants, une seule fois ; ce qu'il prend fait le reste à charge vrai."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        superviseur = cls.env["cnas.complementaire"].with_user(cls.superviseur)
        cls.mutuelle, cls.autre = superviseur.create([{"code": "TSTMUT", "name": "Mutuelle d'essai"}, {"code": "TSTAUT", "name": "Autre"}])
        cls.sans = cls.creer_assure("Sans", "1980-01-01")
        cls.non = cls.creer_assure("Non", "1981-01-01")

    def affilier(self, assure, organisme=None, consent=True, **autres):
        affiliation = self.env["cnas.affiliation_complementaire"].with_user(self.agent).create({
            "organisme_id": (organisme or self.mutuelle).id, "assure_id": assure.id, "date_debut": "2026-01-01", "consentement": consent,
            "date_consentement": "2026-01-01" if consent else False, "numero_adherent": "A1", **autres})
        if consent:
            affiliation.action_activer()
        return affiliation

    def soigner(self):
        feuilles = self.feuilles
        for rang, assure in enumerate((self.assure, self.sans, self.non)):
            feuilles |= self.deposee(f"C-{rang}", matricule=assure.matricule)
        feuilles._controler()
        self.assertTrue(all(f.state == "validee" and f.ticket_moderateur for f in feuilles), feuilles.mapped("state"))
        return feuilles

    def fichier(self):
        return self.env["cnas.fichier_complementaire"]._preparer(self.mutuelle.sudo()).with_user(self.finance)

    def test_ses_affilies_consentants_seuls(self):
        feuilles = self.soigner()
        self.affilier(self.assure)
        self.affilier(self.sans, self.autre)
        refus = self.affilier(self.non, consent=False)
        with self.assertRaisesRegex(UserError, "consentement"):
            refus.action_activer()
        fichier = self.fichier()
        lues = noemie.lire_fichier(base64.b64decode(fichier.fichier))
        self.assertEqual({v["matricule"] for genre, v in lues if genre == "100"}, {self.assure.matricule})
        self.assertTrue(all(len(ligne) == noemie.LONGUEUR for ligne in base64.b64decode(fichier.fichier).decode().split("\r\n")[:-1]))
        totaux = dict(lues)["900"]
        self.assertEqual(totaux["reste"], feuilles[0].ticket_moderateur + feuilles[0].depassement)
        self.assertEqual(totaux["lignes"], fichier.nb_lignes)
        self.assertNotIn("X98", base64.b64decode(fichier.fichier).decode())
        # le sceau : l'empreinte des lignes, signée par la clé publiée de la caisse
        sceau = dict(lues)["999"]
        lignes = base64.b64decode(fichier.fichier).decode().split("\r\n")[:-2]
        self.assertEqual(noemie.empreinte(lignes), sceau["empreinte"])
        self.assertTrue(self.env["cnas.signature"]._verifier(sceau["empreinte"], octets_base64url(sceau["signature"])))
        # rien ne se présente deux fois
        self.assertFalse(self.fichier())
        # l'export borné dit les mêmes
        rendu = self.env["cnas.complementaire"].with_user(self.finance).exporter_decisions("TSTMUT", "2026-11-01", "2026-11-30")
        rangs = list(csv.DictReader(io.StringIO(base64.b64decode(rendu["contenu"]).decode("utf-8-sig")), delimiter=";"))
        self.assertEqual({rang["matricule"] for rang in rangs}, {self.assure.matricule})
        with self.assertRaises(AccessError):
            self.env["cnas.complementaire"].with_user(self.agent).exporter_decisions("TSTMUT", "2026-11-01", "2026-11-30")

    def test_cumul_interdit(self):
        """Deux organismes aux mêmes dates : la base refuse ; close, la première laisse place à la seconde."""
        premiere = self.affilier(self.assure)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.affilier(self.assure, self.autre, consent=False)
        premiere.action_clore("Change d'organisme", date="2026-11-01")
        with self.assertRaisesRegex(UserError, "déjà close"):
            premiere.action_clore("On la rouvrirait", date="2026-11-10")
        self.affilier(self.assure, self.autre, date_debut="2026-11-01")
        with self.assertRaises(UserError):
            premiere.write({"date_fin": "2026-12-31"})
        with self.assertRaises(UserError):
            premiere.unlink()

    def test_retrait_du_consentement(self):
        self.soigner()
        affiliation = self.affilier(self.assure)
        affiliation.action_retirer("Ne veut plus")
        self.assertFalse(self.fichier())

    def test_consentement_au_jour_des_soins(self):
        """Affiliée avant les soins mais consentante après eux : rien ne part, ni au fichier, ni à l'export."""
        self.soigner()
        self.affilier(self.assure, date_consentement="2026-11-24")
        self.assertLess(str(self.feuilles.search([("reference", "=", "C-0")]).date_soins), "2026-11-24")
        self.assertFalse(self.fichier())
        self.assertFalse(self.env["cnas.complementaire"].with_user(self.finance).exporter_decisions("TSTMUT", "2026-11-01", "2026-11-30")["lignes"])

    def test_accuse_et_retour(self):
        """Accusé négatif puis positif ; le retour fait le reste à charge ; rejoué, il ne change rien ; trop, il est refusé."""
        feuille = self.soigner()[0]
        self.affilier(self.assure)
        fichier = self.fichier()
        prises = fichier.sudo().prise_ids

        def lire(*lignes):
            return fichier.importer_retour(base64.b64encode("\r\n".join(lignes).encode()).decode())

        def accuse(sens, **autres):
            return noemie.ecrire_ligne("010", **{"organisme": "TSTMUT", "numero": fichier.numero, "accuse": sens, "motif": "norme", **autres})
        with self.assertRaises(UserError):
            lire(accuse("P"))
        fichier.action_transmettre()
        with self.assertRaisesRegex(UserError, "Cet accusé"):
            lire(accuse("P", numero="CMP/0/0"))
        lire(accuse("N"))
        self.assertEqual((fichier.state, fichier.motif_refus), ("refuse", "norme"))
        fichier.action_transmettre()
        prise = noemie.ecrire_ligne("200", rang=prises[0].rang, dossier=feuille.numero, pris=100, motif="ok")
        with self.assertRaisesRegex(UserError, "pas accepté"):
            lire(prise)
        self.assertEqual(lire(accuse("P"), prise), {"pris": 1, "deja_vus": 0, "inconnus": 0, "refuses": []})
        self.assertEqual(feuille.reste_a_charge, feuille.ticket_moderateur + feuille.depassement - 100)
        self.assertEqual(lire(prise)["deja_vus"], 1)
        trop = noemie.ecrire_ligne("200", rang=prises[-1].rang, dossier=feuille.numero, pris=10**6)
        bilan = lire(trop, noemie.ecrire_ligne("200", rang=9999, dossier="X", pris=1))
        self.assertEqual((bilan["pris"], bilan["inconnus"], len(bilan["refuses"])), (0, 1, 1))
        for faux in (b"XYZ", b"200abc", b"\xff\xfe", b"\x00"):
            with self.assertRaises(UserError):
                fichier.importer_retour(base64.b64encode(faux).decode())
        with self.assertRaises(UserError):
            fichier.importer_retour("pas du base64 !")

    def test_export_a_tous_est_ferme(self):
        """L'export à tous suit le paramètre, à sa date : fermé à la livraison, ouvert à partir d'un jour, il ne l'est pas la veille."""
        reglage = self.env["cnas.parametre"].search([("code", "=", "decisions_a_tous")]).sudo()
        reglage._ecrire({"valeur": "non"})
        siennes, jour = self.feuilles.with_user(self.finance), aujourd_hui()
        with self.assertRaisesRegex(UserError, "fermé"):
            siennes.exporter_decisions("2026-11-01", "2026-11-30")
        with self.assertRaises(AccessError):
            self.feuilles.with_user(self.agent).exporter_decisions("2026-11-01", "2026-11-30")
        reglage._ecrire({"date_fin": jour})
        suite = reglage.create({"code": "decisions_a_tous", "name": reglage.name, "famille": "feuilles", "valeur": "oui", "type_valeur": "booleen",
                                "date_debut": jour + timedelta(days=1)})
        with self.assertRaisesRegex(UserError, "fermé"):
            siennes.exporter_decisions("2026-11-01", "2026-11-30")
        reglage._ecrire({"date_fin": jour - timedelta(days=1)})
        self.env.flush_all()
        suite._ecrire({"date_debut": jour})
        self.assertTrue(siennes.exporter_decisions("2026-11-01", "2026-11-30")["contenu"])
