"""Un document A4 de la caisse : page, entête, pied numéroté, cadres et tableaux."""
import io

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.pdfgen import canvas

from .kit import (
    CAISSE,
    DEVISE,
    ENCRE,
    GRIS,
    GRIS_PALE,
    LATIN,
    REPUBLIQUE,
    VERT,
    VERT_PALE,
    charger_polices,
    dessiner_embleme,
    dessiner_filet,
    ecrire,
)

MARGE = 13 * mm


class CanevasNumerote(canvas.Canvas):
    """Canevas qui connaît le nombre total de pages au moment d'écrire les pieds."""

    def __init__(self, *args, pied=None, **kwargs):
        super().__init__(*args, **kwargs)
        self._pages = []
        self._pied = pied

    def showPage(self):
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self):
        total = len(self._pages)
        for etat in self._pages:
            self.__dict__.update(etat)
            self._pied(self, self._pageNumber, total)
            canvas.Canvas.showPage(self)
        super().save()


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
        self.mention = mention
        self.page = CanevasNumerote(self.tampon, pagesize=self.taille, pied=self._pied, pageCompression=1)
        self.page.setTitle(titre)
        self.page.setAuthor(CAISSE[0])
        self.y = self.hauteur - MARGE
        self.reprise = None

    def _pied(self, page, numero, total):
        page.setStrokeColor(GRIS_PALE)
        page.setLineWidth(0.4)
        page.line(MARGE, 11 * mm, self.largeur - MARGE, 11 * mm)
        ecrire(page, MARGE, 7 * mm, self.mention, 6.5, couleur=GRIS, largeur=self.largeur - 2 * MARGE - 25 * mm)
        ecrire(page, self.largeur - MARGE, 7 * mm, f"Page {numero} / {total}", 7, couleur=GRIS, cote="droite")

    def entete(self, titre, sous_titre):
        """Dessine l'entête de la première page."""
        page, haut = self.page, self.hauteur - MARGE
        dessiner_filet(page, 0, self.hauteur - 2.2 * mm, self.largeur, 2.2 * mm)
        dessiner_embleme(page, MARGE + 7 * mm, haut - 8 * mm, 7 * mm, fond=VERT, dessin=VERT_PALE)
        ecrire(page, MARGE + 17 * mm, haut - 4 * mm, REPUBLIQUE[0], 8, gras=True)
        ecrire(page, MARGE + 17 * mm, haut - 8 * mm, DEVISE[0], 7, couleur=GRIS)
        ecrire(page, MARGE + 17 * mm, haut - 13 * mm, CAISSE[0], 9, gras=True, couleur=VERT)
        ecrire(page, self.largeur - MARGE, haut - 4 * mm, REPUBLIQUE[1], 9, gras=True, cote="droite")
        ecrire(page, self.largeur - MARGE, haut - 8.5 * mm, DEVISE[1], 8, couleur=GRIS, cote="droite")
        ecrire(page, self.largeur - MARGE, haut - 13.5 * mm, CAISSE[1], 9, gras=True, couleur=VERT, cote="droite")
        ecrire(page, self.largeur / 2, haut - 6 * mm, titre, 14, gras=True, couleur=VERT, cote="centre")
        ecrire(page, self.largeur / 2, haut - 12 * mm, sous_titre, 10, gras=True, cote="centre")
        self.y = haut - 20 * mm

    def place(self, hauteur):
        """Passe à la page suivante s'il ne reste pas `hauteur` points ; redessine l'entête de tableau."""
        if self.y - hauteur < 14 * mm:
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

    def paragraphe(self, texte, taille=7.5, couleur=ENCRE, retrait=0, interligne=1.25):
        """Écrit un texte coupé à la largeur de la page."""
        pas = taille * interligne
        for ligne in simpleSplit(texte, LATIN, taille, self.largeur - 2 * MARGE - retrait):
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


def colonnes_mm(*largeurs):
    """Rend [(x, largeur, côté)] en points depuis [(largeur en mm, côté)], à partir de la marge."""
    x, resultat = MARGE, []
    for largeur, cote in largeurs:
        resultat.append((x, largeur * mm, cote))
        x += largeur * mm
    return resultat
