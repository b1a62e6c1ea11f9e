import re
from datetime import date

from odoo.tests.common import tagged

from odoo.addons.cnas_base.impression.langue import ARABE
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

    def test_changer_de_langue_garde_le_code(self):
        self.env["res.lang"]._activate_lang(ARABE)
        page, acces = self.se_nommer()
        self.assertIn(f'formaction="{CHEMIN}?langue={ARABE}"', page.text)
        page = self.poster(f"{CHEMIN}?langue={ARABE}", acces=acces)
        self.assertIn('lang="ar" dir="rtl"', page.text)
        self.assertIn(f'name="acces" value="{acces}"', page.text)
        self.assertTrue(self.poster(acces=acces, code=self.codes()[0]).url.endswith(CHEMIN))

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

    def carte(self, assure):
        carte = self.env["cnas.carte"].create({"assure_id": assure.id})
        carte.action_produire()
        carte.action_remettre()
        carte.action_activer()
        return carte

    def famille(self):
        """L'assuré, sa fille de quatre ans et sa conjointe, chacune sa carte et ses soins à rembourser."""
        conjointe = self.creer_assure("Zenaba", "1990-06-01")
        conjointe.email = "zenaba@exemple.td"
        for membre, lien in ((self.enfant, "enfant"), (conjointe, "conjoint")):
            membre.action_rattacher(self.assure.id, lien, "2026-01-01")
            self.importer(self.dossier(self._reference(), matricule=membre.matricule, mode="remboursement"))
        return conjointe, self.carte(self.enfant), self.carte(conjointe)

    def test_le_principal_lit_ses_mineurs_pas_sa_conjointe(self):
        """Droits, carte et remboursements de l'enfant ; de la conjointe, rien que son nom ; de personne un diagnostic ni un soin."""
        conjointe, carte, autre = self.famille()
        soins = {lu: self.feuilles.search([("assure_id", "=", lu.id)]).numero for lu in (self.enfant, conjointe)}
        page = self.entrer().text
        for dit in (self.enfant.matricule, carte.numero, soins[self.enfant], "Achta", conjointe.name, "leur dossier est à eux"):
            self.assertIn(dit, page)
        for secret in (conjointe.matricule, autre.numero, soins[conjointe], "Paludisme", "Consultation", "X98.8"):
            self.assertNotIn(secret, page)
        lus = self.env["cnas.journal"].search([("evenement", "=", "dossier_lu_par_l_assure")])
        self.assertEqual({lu.res_id for lu in lus} & set((self.assure | self.enfant | conjointe).ids), set((self.assure | self.enfant).ids))
        self.assertIn("ne peut plus", self.poster(quoi="perdue", carte=str(autre.id)).text)
        self.assertIn("n'ouvre plus rien", self.poster(quoi="perdue", carte=str(carte.id)).text.replace("&#39;", "'"))
        self.assertEqual((carte.state, autre.state), ("perdue", "active"))
        self.assertIn("par l'assuré principal", carte.motif_cloture, "ce n'est pas l'enfant qui l'a déclarée")

    def test_une_conjointe_permet_puis_reprend(self):
        """Elle seule le permet, depuis son dossier ; il lit alors ses droits et sa carte, qu'il ne peut dire perdue ; elle le reprend."""
        conjointe, _carte, autre = self.famille()
        self.entrer()
        self.assertIn("membre majeur", self.poster(quoi="permettre").text)
        self.assertFalse(conjointe.dossier_ouvert_a_id or self.assure.dossier_ouvert_a_id)
        self.opener.cookies.clear()
        _page, acces = self.se_nommer(conjointe.matricule, "01/06/1990")
        page = self.poster(acces=acces, code=self.codes()[0]).text
        self.assertIn("Vous seul lisez ce dossier", page)
        self.assertNotIn(self.enfant.matricule, page, "ni l'enfant, qui n'est pas à sa charge, ni le principal")
        self.assertIn("peut lire vos droits", self.poster(quoi="permettre").text)
        self.assertEqual(conjointe.dossier_ouvert_a_id, self.assure)
        conjointes = self.opener.cookies.copy()
        self.opener.cookies.clear()
        page = self.entrer().text
        self.assertIn(autre.numero, page)
        self.assertNotIn("Paludisme", page)
        self.assertIn("ne peut plus", self.poster(quoi="perdue", carte=str(autre.id)).text)
        self.assertEqual(autre.state, "active")
        self.opener.cookies.clear()
        self.opener.cookies.update(conjointes)
        self.poster(quoi="reprendre")
        self.assertFalse(conjointe.dossier_ouvert_a_id)
        self.assertEqual(self.env["cnas.journal"].search_count([("evenement", "in", ("dossier_permis", "dossier_repris")),
                                                                ("res_id", "=", conjointe.id)]), 2)

    def test_le_code_d_un_majeur_ne_part_pas_chez_son_principal(self):
        """Sans téléphone ni courriel, un mineur entre par son principal ; une conjointe, par personne d'autre qu'elle."""
        conjointe, _carte, _autre = self.famille()
        conjointe.email = False
        for membre, naissance, partis in ((self.enfant, self.enfant.date_naissance, 1), (conjointe, conjointe.date_naissance, 0)):
            avant = len(self.codes())
            self.se_nommer(membre.matricule, str(naissance))
            self.assertEqual(len(self.codes()) - avant, partis, membre.prenom)

    def test_remboursement_d_une_conjointe_suivi_jusqu_au_bout(self):
        """Ses soins facturés au nom du principal se lisent encore dans son dossier, sans la facture ni le décompte de celui-ci."""
        conjointe, _carte, _autre = self.famille()
        facture = self.remboursement(conjointe, "validee")
        self.assertEqual(facture.assure_id, self.assure)
        _page, acces = self.se_nommer(conjointe.matricule, "01/06/1990")
        page = self.poster(acces=acces, code=self.codes()[0]).text
        self.assertIn(facture.feuille_ids.filtered(lambda f: f.assure_id == conjointe)[:1].numero, page)
        for secret in (facture.numero, "/cnas/recours/", "Paludisme"):
            self.assertNotIn(secret, page)
        self.opener.cookies.clear()
        self.assertEqual(self.entrer().text.count(facture.numero), 1)

    def test_l_accord_finit_avec_le_lien(self):
        """Sortie de la famille puis rattachée de nouveau, la conjointe n'a rien permis."""
        conjointe = self.creer_assure("Zenaba", "1990-06-01")
        conjointe.action_rattacher(self.assure.id, "conjoint", "2026-01-01")
        conjointe._permettre_de_lire(True, date(2026, 11, 25))
        self.assertIn(conjointe, self.assure._famille_du_dossier(date(2026, 11, 25))[0])
        conjointe.action_sortir_famille("Divorce", "2026-06-01")
        self.assertFalse(conjointe.dossier_ouvert_a_id)
        conjointe.action_rattacher(self.assure.id, "conjoint", "2026-07-01")
        self.assertIn(conjointe, self.assure._famille_du_dossier(date(2026, 11, 25))[1])

    def test_devenu_majeur_l_enfant_lit_seul(self):
        """À dix-huit ans, le dossier se ferme au principal, sans que personne ne fasse rien."""
        enfant = self.creer_assure("Presque", "2008-11-26")
        enfant.action_rattacher(self.assure.id, "enfant", "2026-01-01")
        veille, jour = date(2026, 11, 25), date(2026, 11, 26)
        self.assertIn(enfant, self.assure._famille_du_dossier(veille)[0])
        self.assertIn(enfant, self.assure._famille_du_dossier(jour)[1])

    def test_droits_fermes_pas_de_reste(self):
        """Droits fermés : aucun plafond ne se montre comme s'il servait."""
        self.assertIn("Ce qui me reste", self.entrer().text)
        self.env["cnas.droit"].search([("assure_id", "=", self.assure.id)])._ecrire({"date_fin": "2026-10-01"})
        page = self.url_open(CHEMIN).text
        self.assertIn("Droits fermés", page)
        self.assertNotIn("Ce qui me reste", page)

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
