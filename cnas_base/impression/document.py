"""Un document A4 de la caisse : page, entête, pied numéroté, cadres et tableaux."""
import io
from collections import Counter

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen import canvas

from ..ecriture import ecrire_nombre
from .alleger import CITATION, alleger
from .kit import (
    CAISSE,
    DEVISE,
    ENCRE,
    GRIS,
    GRIS_PALE,
    REPUBLIQUE,
    VERT,
    VERT_PALE,
    Canevas,
    charger_polices,
    dessiner_embleme,
    dessiner_filet,
    dessiner_qr,
    ecrire,
    largeur_dessinee,
)
from .langue import ARABE, FRANCAIS, _, en_arabe, parler

MARGE = 13 * mm
BAS = 14 * mm
COTE_QR = 20 * mm
HAUTEUR_SIGNATURES = 33 * mm


class CanevasNumerote(Canevas):
    """Canevas qui connaît, au moment d'écrire les pieds, le nombre de pages de chacun des documents qu'il enchaîne."""

    def __init__(self, *args, pied=None, **kwargs):
        super().__init__(*args, **kwargs)
        self._pages = []
        self._pied = pied
        self._section, self._mention = 0, ""

    def section(self, mention):
        """Commence un document, dans sa langue : ses pages se comptent à part."""
        self._section, self._mention, self.retournee = self._section + 1, mention, en_arabe()

    def showPage(self):
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self):
        totaux, rangs = Counter(etat["_section"] for etat in self._pages), Counter()
        for etat in self._pages:
            self.__dict__.update(etat)
            rangs[self._section] += 1
            self._pied(self, rangs[self._section], totaux[self._section])
            etat.update(self.__dict__)
        codes, formes = alleger([etat["_code"] for etat in self._pages])
        for rang, forme in enumerate(formes):
            self.beginForm(f"c{rang}", 0, 0, *self._pagesize)
            self._code, self._preamble = [forme], ""
            self.endForm()
        self._ressources, self._format, noms = pdfdoc.PDFResourceDictionary(), pdfdoc.PDFArray([0, 0, *self._pagesize]), {}
        for etat, code in zip(self._pages, codes):
            self.__dict__.update(etat)
            self._code, self._preamble = [CITATION.sub(lambda citation: f"/{self._doc.getXObjectName(f'c{citation[1]}')} Do", code)], ""
            noms.update(dict.fromkeys(self._formsinuse))
            canvas.Canvas.showPage(self)
        self._partager_ressources([*noms, *(f"c{rang}" for rang in range(len(formes)))])
        super().save()

    def _setXObjects(self, thing):
        super()._setXObjects(thing)
        if isinstance(thing, pdfdoc.PDFPage):
            # Les mêmes pour toutes : écrites à chaque page, elles pèseraient plus que son texte.
            thing.Resources, thing.MediaBox = self._doc.Reference(self._ressources), self._doc.Reference(self._format)
            thing.Trans = thing.Rotate = None

    def _partager_ressources(self, noms):
        self._ressources.basicFonts()
        self._ressources.allProcs()
        self._ressources.XObject = self._doc.xobjDict(noms)


class CodeBarres(Code128):
    """Un Code 128 tracé en nombre entier de modules, symbole par symbole : ceux que des numéros ont en commun s'écrivent une fois."""

    def tracer(self, page, x, y):
        """Dessine les barres depuis le coin bas gauche (x, y)."""
        self._barres = []
        self.draw()
        for debut in range(0, len(self._barres), 3):
            page.saveState()
            page.translate(x, y)
            page.scale(self.barWidth, self.barHeight)
            trace = page.beginPath()
            for gauche, largeur in self._barres[debut:debut + 3]:
                trace.rect(gauche, 0, largeur, 1)
            page.drawPath(trace, stroke=0, fill=1)
            page.restoreState()

    def rect(self, x, y, w, h):
        """Une barre, que demande `draw` de reportlab : retenue en modules."""
        self._barres.append((round(x / self.barWidth), round(w / self.barWidth)))


class Document:
    """Un document A4 : entête de la caisse, curseur vertical, sauts de page, pied numéroté.

    :param titre: titre imprimé et titre du fichier
    :param mention: texte du pied, à gauche
    """

    def __init__(self, titre, mention, paysage=True):
        charger_polices()
        self.taille = landscape(A4) if paysage else A4
        self.largeur, self.hauteur = self.taille
        self.tampon = io.BytesIO()
        self.page = CanevasNumerote(self.tampon, pagesize=self.taille, pied=self._pied, pageCompression=1)
        self.page.section(mention)
        self.page.setTitle(titre)
        self.page.setAuthor(CAISSE[0])
        self.y = self.hauteur - MARGE
        self.reprise = None

    def _pied(self, page, numero, total):
        page.setStrokeColor(GRIS_PALE)
        page.setLineWidth(0.4)
        page.line(MARGE, 11 * mm, self.largeur - MARGE, 11 * mm)
        ecrire(page, MARGE, 7 * mm, page._mention, 6.5, couleur=GRIS, largeur=self.largeur - 2 * MARGE - 25 * mm)
        with parler(ARABE if page.retournee else FRANCAIS):
            rang = _("Page %(numero)s / %(total)s", numero=numero, total=total)
        ecrire(page, self.largeur - MARGE, 7 * mm, rang, 7, couleur=GRIS, cote="droite")

    def suivant(self, mention):
        """Commence un autre document, sur une page neuve : ses pages se comptent à part."""
        self.page.showPage()
        self.page.section(mention)
        self.y, self.reprise = self.hauteur - MARGE, None

    def entete(self, titre, sous_titre):
        """Dessine l'entête de la première page."""
        page, haut = self.page, self.hauteur - MARGE
        self._bandeau()
        # En portrait, le titre passe sous les noms de la caisse.
        baisse = 0 if self.largeur > self.hauteur else 18 * mm
        ecrire(page, self.largeur / 2, haut - 6 * mm - baisse, titre, 14, gras=True, couleur=VERT, cote="centre")
        ecrire(page, self.largeur / 2, haut - 12 * mm - baisse, sous_titre, 10, gras=True, cote="centre")
        self.y = haut - 20 * mm - baisse

    def _bandeau(self):
        """Dessine la caisse en haut de la page : une fois dans le fichier, que chaque document cite."""
        page, haut = self.page, self.hauteur - MARGE
        if page.hasForm("bandeau"):
            page.doForm("bandeau")
            return
        page.beginForm("bandeau", 0, 0, self.largeur, self.hauteur)
        with page.a_l_endroit():
            dessiner_filet(page, 0, self.hauteur - 2.2 * mm, self.largeur, 2.2 * mm)
            dessiner_embleme(page, MARGE + 7 * mm, haut - 8 * mm, 7 * mm, fond=VERT, dessin=VERT_PALE)
            ecrire(page, MARGE + 17 * mm, haut - 4 * mm, REPUBLIQUE[0], 8, gras=True)
            ecrire(page, MARGE + 17 * mm, haut - 8 * mm, DEVISE[0], 7, couleur=GRIS)
            ecrire(page, MARGE + 17 * mm, haut - 13 * mm, CAISSE[0], 9, gras=True, couleur=VERT)
            ecrire(page, self.largeur - MARGE, haut - 4 * mm, REPUBLIQUE[1], 9, gras=True, cote="droite")
            ecrire(page, self.largeur - MARGE, haut - 8.5 * mm, DEVISE[1], 8, couleur=GRIS, cote="droite")
            ecrire(page, self.largeur - MARGE, haut - 13.5 * mm, CAISSE[1], 9, gras=True, couleur=VERT, cote="droite")
        page.endForm()
        page.doForm("bandeau")

    def place(self, hauteur):
        """Passe à la page suivante s'il ne reste pas `hauteur` points ; redessine l'entête de tableau."""
        if self.y - hauteur < BAS:
            self.page.showPage()
            self.y = self.hauteur - MARGE
            if self.reprise:
                self.reprise()

    def cadre(self, x, largeur, titre, rangs, taille=8, interligne=4.6 * mm):
        """Dessine un cadre titré de couples (libellé, valeur) ; rend sa hauteur."""
        hauteur = 7 * mm + len(rangs) * interligne + 1.5 * mm
        page, haut = self.page, self.y
        page.setFillColor(VERT_PALE)
        page.setStrokeColor(GRIS_PALE)
        page.roundRect(x, haut - hauteur, largeur, hauteur, 1.5 * mm, stroke=1, fill=0)
        page.rect(x + 0.4, haut - 6 * mm, largeur - 0.8, 5.6 * mm, stroke=0, fill=1)
        ecrire(page, x + 2.5 * mm, haut - 4.2 * mm, titre, 8, gras=True, couleur=VERT)
        y = haut - 6 * mm
        for libelle, valeur, *gras in rangs:
            y -= interligne
            fort = bool(gras and gras[0])
            ecrire(page, x + 2.5 * mm, y, libelle, taille, gras=fort, couleur=ENCRE if fort else GRIS,
                   largeur=largeur * 0.5)
            ecrire(page, x + largeur - 2.5 * mm, y, valeur, taille, gras=fort, cote="droite", largeur=largeur * 0.52)
        return hauteur

    def rang(self, colonnes, valeurs, taille=7, gras=False, fond=None, hauteur=4.4 * mm, couleur=ENCRE):
        """Écrit un rang de tableau.

        :param colonnes: [(x, largeur, côté)] en points
        :param valeurs: un texte par colonne
        """
        self.place(hauteur)
        if fond is not None:
            self.page.setFillColor(fond)
            self.page.rect(MARGE, self.y - hauteur, self.largeur - 2 * MARGE, hauteur, stroke=0, fill=1)
        base = self.y - hauteur + 1.3 * mm
        for (x, largeur, cote), valeur in zip(colonnes, valeurs):
            if valeur not in (None, ""):
                abscisse = x + 1 if cote == "gauche" else x + largeur - 1
                ecrire(self.page, abscisse, base, valeur, taille, gras=gras, couleur=couleur, largeur=largeur - 2,
                       cote=cote)
        self.y -= hauteur

    def tableau(self, colonnes, titres, rangs, montants=None, reserve=0, rappel="", taille=8):
        """Dessine un tableau : titres répétés à chaque page, cases entières sur autant de lignes qu'il faut.

        :param colonnes: [(x, largeur, côté)] en points
        :param rangs: liste de textes par rang
        :param montants: un montant par rang ; au saut de page, « à reporter » et « report »
        :param reserve: hauteur de ce qui suit (signatures) : elle ne reste jamais seule, deux rangs la suivent
        :param rappel: ce que la page suivante redit en tête
        """
        cumul = 0
        self.rang(colonnes, titres, taille, gras=True, fond=VERT_PALE, couleur=VERT)
        for i, rang in enumerate(rangs):
            cases = [couper(valeur, largeur - 2, taille) for (_x, largeur, _cote), valeur in zip(colonnes, rang)]
            hauteur = max(map(len, cases)) * taille * 1.3 + 1.4 * mm
            attendu = hauteur + (4.4 * mm if montants else 0) + (reserve if len(rangs) - i <= 2 else 0)
            if self.y - attendu < BAS:
                if montants and i:
                    self._report(colonnes, _("À reporter"), cumul, taille)
                self.page.showPage()
                self.y = self.hauteur - MARGE
                if rappel:
                    self.paragraphe(rappel, taille, couleur=GRIS)
                    self.y -= 1.5 * mm
                self.rang(colonnes, titres, taille, gras=True, fond=VERT_PALE, couleur=VERT)
                if montants and i:
                    self._report(colonnes, _("Report"), cumul, taille)
            self._cases(colonnes, cases, taille)
            self.y -= hauteur
            self.filet()
            cumul += montants[i] if montants else 0

    def _report(self, colonnes, libelle, cumul, taille):
        self.rang(colonnes, [libelle, *[""] * (len(colonnes) - 2), ecrire_nombre(cumul)], taille, gras=True, couleur=GRIS)

    def _cases(self, colonnes, cases, taille):
        for (x, largeur, cote), lignes in zip(colonnes, cases):
            for k, ligne in enumerate(lignes):
                ecrire(self.page, x + 1 if cote == "gauche" else x + largeur - 1, self.y - (k + 1) * taille * 1.3, ligne, taille,
                       largeur=largeur - 2, cote=cote)

    def signatures(self, *noms):
        """Dessine les cadres à signer, côte à côte."""
        self.place(HAUTEUR_SIGNATURES)
        largeur = (self.largeur - 2 * MARGE - 8 * mm * (len(noms) - 1)) / len(noms)
        for i, (titre, nom) in enumerate(noms):
            x = MARGE + i * (largeur + 8 * mm)
            ecrire(self.page, x, self.y - 6 * mm, titre, 8, couleur=GRIS, largeur=largeur)
            ecrire(self.page, x, self.y - 10.5 * mm, nom, 9, gras=True, largeur=largeur)
            self.page.setStrokeColor(GRIS_PALE)
            self.page.roundRect(x, self.y - HAUTEUR_SIGNATURES + 1 * mm, largeur, 20 * mm, 1.5 * mm, stroke=1, fill=0)
        self.y -= HAUTEUR_SIGNATURES

    def code_barres(self, texte):
        """Dessine le Code 128 d'un numéro, centré, et le numéro dessous ; il se lit numérisé à 150 points par pouce."""
        code = CodeBarres(texte, barHeight=11 * mm, barWidth=0.4 * mm, quiet=1)
        self.place(18 * mm)
        self.page.setFillColor(ENCRE)
        code.tracer(self.page, (self.largeur - code.width) / 2, self.y - 12 * mm)
        ecrire(self.page, self.largeur / 2, self.y - 16 * mm, texte, 9, gras=True, cote="centre")
        self.y -= 19 * mm

    def verifiable(self, adresse):
        """Dessine, à droite sous l'entête d'un portrait, le QR qui vérifie le papier ; rien sans adresse."""
        if adresse:
            dessiner_qr(self.page, adresse, self.largeur - MARGE - COTE_QR, self.hauteur - MARGE - 16 * mm - COTE_QR, COTE_QR)

    def paragraphe(self, texte, taille=7.5, couleur=ENCRE, retrait=0, interligne=1.25):
        """Écrit un texte coupé à la largeur de la page."""
        pas = taille * interligne
        for ligne in couper(texte, self.largeur - 2 * MARGE - retrait, taille):
            self.place(pas)
            self.y -= pas
            ecrire(self.page, MARGE + retrait, self.y + 1, ligne, taille, couleur=couleur)

    def filet(self):
        """Trace une ligne fine sous le curseur."""
        self.page.setStrokeColor(GRIS_PALE)
        self.page.setLineWidth(0.3)
        self.page.line(MARGE, self.y, self.largeur - MARGE, self.y)

    def terminer(self):
        """Rend les octets du PDF."""
        self.page.showPage()
        self.page.save()
        return self.tampon.getvalue()


def couper(texte, largeur, taille):
    """Rend les lignes d'un texte à cette largeur ; un mot plus long que la ligne se coupe, rien ne se perd."""
    lignes = [""]
    for mot in str(texte if texte is not None else "").split():
        suite = f"{lignes[-1]} {mot}".lstrip()
        if largeur_dessinee(suite, taille) <= largeur:
            lignes[-1] = suite
            continue
        lignes += [mot] if lignes[-1] else []
        lignes[-1] = mot
        while largeur_dessinee(lignes[-1], taille) > largeur and len(lignes[-1]) > 1:
            mot = lignes[-1]
            garde = next(n for n in range(len(mot) - 1, 0, -1) if n == 1 or largeur_dessinee(mot[:n], taille) <= largeur)
            lignes[-1:] = [mot[:garde], mot[garde:]]
    return lignes


def colonnes_mm(*largeurs):
    """Rend [(x, largeur, côté)] en points depuis [(largeur en mm, côté)], à partir de la marge."""
    x, resultat = MARGE, []
    for largeur, cote in largeurs:
        resultat.append((x, largeur * mm, cote))
        x += largeur * mm
    return resultat
