import re

from odoo.tests.common import tagged

from odoo.addons.cnas_base.tests.common import HttpCase

from .commun_facture import CommunFacture

CHEMIN = "/cnas/mon-dossier"


@tagged("post_install", "-at_install", "cnas")
class TestDossierAssure(HttpCase, CommunFacture):
    """L'assuré lit son dossier par un code reçu ; nul autre n'y entre, et rien ne dit qui est assuré."""

    def setUp(self):
        super().setUp()
        self.debit("1000")
        self.assure.email = "assure@exemple.td"
        self.authenticate(None, None)

    def debit(self, valeur):
        self.env["cnas.parametre"]._dater("debit_verification_publique", valeur, self.env["cnas.parametre"].search(
            [("code", "=", "debit_verification_publique")], limit=1).date_debut)

    def poster(self, adresse=CHEMIN, **champs):
        return self.url_open(adresse, data=champs)

    def codes(self):
        """Rend les codes partis, les plus récents d'abord."""
        courriels = self.env["mail.mail"].search([("subject", "=", "Votre code CNAS")], order="id desc")
        return [re.search(r"\b(\d{6})\b", courriel.body_html).group(1) for courriel in courriels]

    def se_nommer(self, matricule=None, naissance="12/03/1985"):
        page = self.poster(matricule=matricule or self.assure.matricule, naissance=naissance)
        return page, re.search(r'name="acces" value="([^"]+)"', page.text).group(1)

    def entrer(self):
        _page, acces = self.se_nommer()
        return self.poster(acces=acces, code=self.codes()[0])

    def test_lire_declarer_sa_carte_et_sortir(self):
        facture = self.remboursement(self.assure)
        carte = self.env["cnas.carte"].create({"assure_id": self.assure.id})
        carte.action_produire()
        carte.action_remettre()
        carte.action_activer()
        page = self.entrer()
        self.assertTrue(page.url.endswith(CHEMIN))
        for dit in (self.assure.name, "Droits ouverts", facture.numero, "payé le", "/cnas/recours/", carte.numero):
            self.assertIn(dit, page.text)
        self.assertNotIn("Paludisme", page.text)
        self.assertTrue(self.env["cnas.journal"].search_count([
            ("evenement", "=", "dossier_lu_par_l_assure"), ("res_id", "=", self.assure.id)]))
        autre = self.env["cnas.carte"].create({"assure_id": self.enfant.id})
        self.assertIn("ne peut plus", self.poster(quoi="perdue", carte=str(autre.id)).text)
        self.assertIn("n'ouvre plus rien", self.poster(quoi="volee", carte=str(carte.id)).text.replace("&#39;", "'"))
        self.assertEqual((carte.state, autre.state), ("perdue", "demandee"))
        self.poster(quoi="sortir")
        self.assertIn("Recevoir un code", self.url_open(CHEMIN).text)

    def test_rien_ne_dit_qui_est_assure(self):
        cle = re.compile(r'name="acces" value="[^"]+"')
        juste, _acces = self.se_nommer()
        envoyes = len(self.codes())
        for matricule, naissance in ((self.assure.matricule, "1990-01-01"), ("TD000", "12/03/1985"), ("", ""), ("%00';--", "<b>")):
            page, acces = self.se_nommer(matricule or " ", naissance)
            self.assertEqual((page.status_code, cle.sub("", page.text)), (juste.status_code, cle.sub("", juste.text)))
            self.assertIn("pas le bon", self.poster(acces=acces, code=self.codes()[0]).text)
        self.assertEqual(len(self.codes()), envoyes, "aucun code ne part pour qui ne se nomme pas")
        liens = [self.url_open(f"{CHEMIN}/lien/{jeton}") for jeton in (f"{self.assure.id}-{'0' * 32}", "2147483000-x", "x", "9" * 90)]
        self.assertEqual({(lien.status_code, lien.text) for lien in liens}, {(404, liens[0].text)})

    def test_code_a_essais_bornes_et_a_usage_unique(self):
        _page, acces = self.se_nommer()
        bon = self.codes()[0]
        for _essai in range(5):
            self.assertIn("pas le bon", self.poster(acces=acces, code="000000" if bon != "000000" else "111111").text)
        self.assertIn("pas le bon", self.poster(acces=acces, code=bon).text, "le sixième essai n'ouvre plus")
        _page, acces = self.se_nommer()
        bon = self.codes()[0]
        self.assertIn("Droits ouverts", self.poster(acces=acces, code=bon).text)
        self.opener.cookies.clear()
        self.assertIn("pas le bon", self.poster(acces=acces, code=bon).text, "un code ne sert qu'une fois")
        for _demande in range(6):
            self.se_nommer()
        self.assertLessEqual(len(self.codes()), 5, "cinq codes par heure et par personne")

    def test_code_et_lecture_qui_finissent(self):
        _page, acces = self.se_nommer()
        self.env.cr.execute("UPDATE cnas_acces_assure SET create_date = create_date - interval '11 minutes'")
        self.assertIn("pas le bon", self.poster(acces=acces, code=self.codes()[0]).text)
        self.assertIn("Droits ouverts", self.entrer().text)
        self.env.cr.execute("UPDATE cnas_acces_assure SET ouvert_le = ouvert_le - interval '21 minutes'")
        self.assertIn("Recevoir un code", self.url_open(CHEMIN).text)

    def test_lien_signe(self):
        self.assure.with_user(self.agent).action_envoyer_lien()
        lien = self.env["mail.mail"].search([("subject", "=", "Votre dossier CNAS")], limit=1).body_html
        adresse = "/" + re.search(r"href=['\"]([^'\"]+)", str(lien)).group(1).split("/", 3)[3]
        self.assertNotIn(self.assure.name, self.url_open(adresse).text)
        page = self.url_open(adresse, data={"x": "1"})
        acces = re.search(r'name="acces" value="([^"]+)"', page.text).group(1)
        self.assertIn("Droits ouverts", self.poster(acces=acces, code=self.codes()[0]).text)

    def test_debit(self):
        self.debit("3")
        statuts = [self.poster(matricule="TD000", naissance="1990").status_code for _rang in range(6)]
        self.assertIn(429, statuts)
