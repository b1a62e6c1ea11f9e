import ast

import polib

from odoo.tests import tagged

from odoo.addons.cnas_base import traduction
from odoo.addons.cnas_base.impression.kit import est_arabe
from odoo.addons.cnas_base.tests.common import TransactionCase
from odoo.addons.cnas_feuilles_soin.regles import lecture_motif

MONTREES = 12
SANS_TRADUCTION = {
    "cnas.colonne": "le titre attendu d'un fichier, tel qu'on l'y écrit ; le dictionnaire des en-têtes reconnaît l'arabe",
}


@tagged("post_install", "-at_install", "cnas")
class TestTraductions(TransactionCase):
    """Tout ce qu'un usager lit est au catalogue de son addon, et s'y lit aussi en arabe."""

    jour_fige = None  # le jeu d'essai est daté d'aujourd'hui

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        noms = cls.env["ir.module.module"].search([("name", "=like", "cnas_%"), ("state", "=", "installed")]).mapped("name")
        cls.catalogues = traduction.catalogues(cls.env.cr, noms)

    def exiger_vide(self, fautes, quoi):
        self.assertFalse(fautes, f"{len(fautes)} {quoi} : " + " | ".join(sorted(fautes)[:MONTREES]))

    def test_le_catalogue_est_a_jour(self):
        """L'export de la base est le fichier livré : une phrase neuve passe par `./cnas traduire`."""
        ecarts = []
        for addon, catalogue in self.catalogues.items():
            livrees = {e.msgid: sorted(e.occurrences) for e in traduction.lire(traduction.racine() / addon / "i18n" / f"{addon}.pot")}
            dites = {e.msgid: sorted(e.occurrences) for e in catalogue}
            ecarts += [f"{addon} : {phrase[:80]!r}" for phrase in {*livrees, *dites} if livrees.get(phrase) != dites.get(phrase)]
        self.exiger_vide(ecarts, "phrases du programme ne sont pas celles du .pot (./cnas traduire)")

    def test_l_arabe_est_complet(self):
        """Chaque phrase a sa traduction, ses trous et ses balises, en lettres arabes."""
        fautes = []
        for addon, catalogue in self.catalogues.items():
            arabe = {e.msgid: e for e in traduction.lire(traduction.racine() / addon / "i18n" / "ar.po")}
            for entree in catalogue:
                traduite = arabe.get(entree.msgid) or polib.POEntry(msgid=entree.msgid, occurrences=entree.occurrences)
                fautes += [f"{addon} : {faute} : {entree.msgid[:80]!r}" for faute in traduction.fautes(traduite)]
        self.exiger_vide(fautes, "traductions arabes manquantes ou abîmées")

    def test_toute_phrase_du_code_s_extrait(self):
        """Ce que le code dit par `_()` est au catalogue : l'extraction saute sans le dire une phrase mal écrite."""
        perdues = []
        for addon, catalogue in self.catalogues.items():
            connues = {entree.msgid for entree in catalogue}
            for fichier in (traduction.racine() / addon).rglob("*.py"):
                if "tests" in fichier.parts or "migrations" in fichier.parts:
                    continue
                perdues += [f"{addon}/{fichier.name} : {phrase[:80]!r}" for phrase in self.phrases_du_code(fichier)
                            if sum(c.isalnum() for c in phrase) > 1 and phrase not in connues]
        self.exiger_vide(perdues, "phrases du code ne s'extraient pas")

    def test_les_noms_livres_se_traduisent(self):
        """Le nom d'un référentiel livré se traduit, et chaque ligne livrée a le sien en arabe ; ce qui ne se traduit pas dit pourquoi."""
        self.env.cr.execute("SELECT model, array_agg(res_id) FROM ir_model_data WHERE module LIKE 'cnas\\_%' AND module <> 'cnas_demo' AND model LIKE 'cnas.%' GROUP BY 1")
        figes, vides = [], []
        for nom, ids in self.env.cr.fetchall():
            modele = self.env.get(nom)
            champ = modele is not None and modele._fields.get("name")
            if not champ or nom in SANS_TRADUCTION or champ.compute and not champ.related:
                continue
            if not champ.translate:
                figes.append(nom)
                continue
            lignes = modele.with_context(prefetch_langs=True, active_test=False).browse(ids).exists()
            vides += [f"{nom} : {ligne.name}" for ligne in lignes if not est_arabe(ligne.with_context(lang="ar_001").name or "")]
        self.exiger_vide(figes, "référentiels livrés dont le nom ne se traduit pas (translate=True)")
        self.exiger_vide(vides, "noms livrés sans leur arabe")

    def phrases_du_code(self, fichier):
        """Rend les phrases des appels à `_` et `_lt` d'un fichier."""
        return [n.args[0].value for n in ast.walk(ast.parse(fichier.read_text(encoding="utf-8")))
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in ("_", "_lt")
                and n.args and isinstance(n.args[0], ast.Constant) and isinstance(n.args[0].value, str)]

    def test_une_faute_de_traduction_se_voit(self):
        def fautes(source, arabe):
            return len(traduction.fautes(polib.POEntry(msgid=source, msgstr=arabe)))

        self.assertFalse(fautes("%(nom)s est déposée.", "أُودِعت %(nom)s."))
        self.assertFalse(fautes("cnas.lot", "cnas.lot"))
        for source, arabe in (("Déposer", ""), ("Déposer", "Déposer"), ("%(nom)s est déposée.", "أُودِعت."), ("<b>Total</b>", "المجموع")):
            self.assertEqual(fautes(source, arabe), 1, source)

    def test_le_motif_se_lit_en_arabe_et_le_fait_reste(self):
        """L'anomalie garde sa phrase française ; qui lit en arabe lit la phrase du catalogue, avec ses valeurs."""
        self.env["res.lang"]._activate_lang("ar_001")
        regle = self.env["cnas.regle_controle"].search([("motif", "like", "{n}")], limit=1)
        regle.update_field_translations("motif", {"ar_001": "انقضى أجل الملف ({n} يومًا)"})
        fait = regle.motif.replace("{n}", "95")
        self.assertEqual(regle._lire_motif(fait), fait)
        self.assertEqual(regle.with_context(lang="ar_001")._lire_motif(fait), "انقضى أجل الملف (95 يومًا)")
        self.assertEqual(regle.with_context(lang="ar_001")._lire_motif("écrit à la main"), "écrit à la main")
        self.assertRegex(regle.with_context(lang="ar_001")._lire_motif("Toutes les lignes sont rejetées"), "[\u0600-\u06ff]")
        regle.update_field_translations("motif", {"ar_001": "انقضى {الأجل ({n} يومًا"})
        self.assertIn("95", regle.with_context(lang="ar_001")._lire_motif(fait), "une accolade de trop n'empêche pas de lire")

    def test_les_pieces_se_lisent_dans_la_langue_de_qui_les_lit(self):
        """Ce qui manque s'écrit en français : pièces, phrases types et mots du moteur se lisent en arabe, ce qu'une personne a écrit reste tel quel."""
        self.env["res.lang"]._activate_lang("ar_001")
        ordonnance, phrase = self.env["cnas.type_piece"].search([("code", "=", "ORDONNANCE")]), "Signature de l'assuré absente"
        francais, arabe = (ordonnance.with_context(lang=langue).name for langue in ("fr_FR", "ar_001"))
        demande = self.env["cnas.demande_pieces"].new({"motif": f"{francais}, diagnostic codé, {francais} du 3 mai ; {phrase}"})
        self.assertEqual(demande.motif_lu, demande.motif)
        lue = demande.with_context(lang="ar_001").motif_lu
        self.assertTrue(lue.startswith(f"{arabe}، "))
        self.assertIn(f"{francais} du 3 mai", lue)
        self.assertNotIn("codé", lue)
        self.assertNotIn("Signature", lue)
        regle = self.env["cnas.regle_controle"].search([("code", "=", "REC-03")]).with_context(lang="ar_001")
        fait = regle.with_context(lang="fr_FR").motif.replace("{piece}", francais)
        self.assertIn(arabe, regle._lire_motif(fait, regle.env["cnas.type_piece"]._noms_lus()))

    def test_le_refus_d_une_piece_jointe_repond_dans_la_langue_de_l_expediteur(self):
        self.env["res.lang"]._activate_lang("ar_001")
        expediteur = self.env["res.partner"].create({"name": "Formation", "email": "envoi@sante.example", "lang": "ar_001"})
        self.env["cnas.feuille_soin"]._repondre_refus({"email_from": expediteur.email, "author_id": expediteur.id}, ["page.pdf"])
        courriel = self.env["mail.mail"].search([("email_to", "=", expediteur.email)])
        for texte in (courriel.subject, courriel.body_html.partition("page.pdf")[2]):
            self.assertTrue(est_arabe(texte), texte)

    def test_les_phrases_des_regles_se_retrouvent(self):
        """Une règle qui écrit sa propre phrase (`motif=…`) la déclare, pour qu'elle se traduise."""
        declarees = {phrase._source for phrase in lecture_motif.PHRASES}
        dossier = traduction.racine() / "cnas_feuilles_soin" / "regles"
        ecrites = {mot.value.value for fichier in dossier.glob("*.py") for n in ast.walk(ast.parse(fichier.read_text(encoding="utf-8")))
                   if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "constat" for mot in n.keywords
                   if mot.arg == "motif" and isinstance(mot.value, ast.Constant)}
        self.assertLessEqual(ecrites, declarees)
