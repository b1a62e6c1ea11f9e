"""Un papier en arabe : son sens, ses nombres, ses sommes en lettres ; et ce que la lecture comprend de l'arabe."""
import io
from datetime import date
from types import SimpleNamespace

from odoo.tests import tagged

from odoo.addons.cnas_base.ecriture import ecrire_mois
from odoo.addons.cnas_base.ecriture_arabe import somme_en_arabe
from odoo.addons.cnas_base.impression import kit
from odoo.addons.cnas_base.impression.document import couper
from odoo.addons.cnas_base.impression.langue import ARABE, en_arabe, langue_du_papier, parler, titres
from odoo.addons.cnas_base.lecture import lire_date, lire_date_naissance, lire_entier, lire_montant, lire_tableau, sans_accent

from ..models.coordonnees_mixin import CoordonneesMixin
from .common import BaseCase


@tagged("post_install", "-at_install", "cnas")
class TestPapierArabe(BaseCase):

    def test_la_page_se_retourne(self):
        """Ce qui se dessine à gauche passe à droite, au même écart du bord ; un passage bilingue reste à l'endroit."""
        page = kit.Canevas(io.BytesIO(), pagesize=(500, 100))
        self.assertEqual(page.miroir(20, 30), 20)
        page.retournee = True
        self.assertEqual(page.miroir(20, 30), 450)
        with page.a_l_endroit():
            self.assertEqual(page.miroir(20, 30), 20)
        self.assertTrue(page.retournee)

    def test_les_nombres_se_lisent_a_l_endroit(self):
        """Milliers, téléphone, date, matricule, nom entre parenthèses : rien ne se retourne dans une phrase arabe."""
        dessin = kit.visuel("المبلغ : 12 710 FCFA، في 28/10/2026، هاتف 66 12 34 56، ABAKAR Ali (TD-01)", "R").replace("\u00a0", " ")
        for morceau in ("12 710", "28/10/2026", "66 12 34 56", "ABAKAR Ali (TD-01)"):
            self.assertIn(morceau, dessin)

    def test_rien_ne_se_perd_en_coupant(self):
        kit.charger_polices()
        texte = "يشهد الصندوق الوطني للتأمين الصحي أن الشخص المذكور أدناه يستفيد من التأمين الصحي"
        lignes = couper(texte, 120, 9)
        self.assertGreater(len(lignes), 1)
        self.assertEqual(" ".join(lignes), texte)
        self.assertTrue(all(kit.largeur_dessinee(ligne, 9) <= 120 for ligne in lignes))

    def test_la_langue_est_celle_du_destinataire(self):
        """Celle de qui reçoit, sinon de qui imprime ; elle ne dure que le temps du papier."""
        self.assertEqual(langue_du_papier(SimpleNamespace(env=SimpleNamespace(lang=ARABE))), ARABE)
        self.assertEqual(langue_du_papier(SimpleNamespace(env=SimpleNamespace(lang="en_US"))), "fr_FR")
        with parler(ARABE):
            self.assertEqual((titres("Reçu", "إيصال"), ecrire_mois(date(2026, 11, 1))), (("إيصال", "Reçu"), "نوفمبر 2026"))
        self.assertFalse(en_arabe())
        self.assertEqual((titres("Reçu", "إيصال"), ecrire_mois(date(2026, 11, 1))), (("Reçu", "إيصال"), "novembre 2026"))

    def test_la_langue_d_une_fiche(self):
        """La langue écrite sur la fiche ; sinon celle de son contact, sinon le français ; le français encore si elle est fermée."""
        for langue, contacts, attendue, offertes in (
                (ARABE, [], ARABE, {ARABE}), (False, [ARABE], ARABE, {ARABE}), (False, [ARABE, "fr_FR"], "fr_FR", {ARABE}), (False, [], "fr_FR", {ARABE}),
                ("fr_FR", [ARABE], "fr_FR", {ARABE}), (ARABE, [], "fr_FR", ())):
            fiche = SimpleNamespace(langue=langue, ensure_one=lambda: None, env={"res.lang": SimpleNamespace(_offertes=lambda dites=offertes: dites)}, _lecteurs_des_courriers=lambda lus=contacts: SimpleNamespace(
                mapped=lambda _champ: lus))
            self.assertEqual(CoordonneesMixin._langue_des_courriers(fiche), attendue)

    def test_une_somme_en_lettres(self):
        for montant, attendu in ((0, "صفر فرنك"), (2, "فرنكان"), (2500, "ألفان وخمسمائة فرنك"), (11000, "أحد عشر ألف فرنك"), (200, "مائتا فرنك"),
                                 (25_000_000, "خمسة وعشرون مليون فرنك"), (715, "سبعمائة وخمسة عشر فرنكًا"), (-1000, "ناقص ألف فرنك")):
            self.assertEqual(somme_en_arabe(montant), attendu)

    def test_chiffres_et_dates_arabes(self):
        self.assertEqual(lire_date("٢٠٢٦/٠١/٣١"), date(2026, 1, 31))
        self.assertEqual(lire_date("٣١/٠١/٢٠٢٦"), date(2026, 1, 31))
        self.assertEqual(lire_date_naissance("حوالي ١٩٧٥"), (date(1975, 7, 1), True))
        self.assertEqual((lire_montant("١٬٥٠٠ فرنك"), lire_entier("١٢")), (1500, 12))
        self.assertEqual(sans_accent("عبد\u200cالقـادر"), "عبدالقادر")

    def test_un_tableau_de_windows_en_arabe(self):
        """UTF-8 ou Windows-1256, en-têtes et chiffres arabes : le même tableau ; un fichier français accentué reste français."""
        texte = "الاسم;الأجر;الحي;الهاتف\nمحمد صالح;١٥٠٠;;\nالمجموع;١٥٠٠;;\n"
        for encodage in ("utf-8", "cp1256"):
            contenu = texte.replace("١٥٠٠", "1500").encode(encodage) if encodage == "cp1256" else texte.encode()
            lus = lire_tableau(contenu, "liste.csv", {"nom": ("الاسم",), "salaire": (sans_accent("الأجر"),)}, ("nom", "salaire"))
            self.assertEqual([(ligne["nom"], ligne["salaire"]) for ligne in lus], [("محمد صالح", "1500")])
        lus = lire_tableau("nom;prenom\nNgaréé;Zoé\n".encode("cp1252"), "liste.csv", {"nom": (), "prenom": ()})
        self.assertEqual(lus[0]["nom"], "Ngaréé")
