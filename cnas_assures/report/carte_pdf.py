"""Carte sanitaire au format ISO ID-1 (85,6 × 54 mm), recto et verso, à l'unité ou par planches A4."""
from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression import kit as c

from .identite import ecrire_valeur

LARGEUR, HAUTEUR = 85.6 * mm, 54 * mm
COLONNES, RANGS = 2, 5
PAR_PLANCHE = COLONNES * RANGS


def dessiner_cartes(cartes):
    """Rend le PDF des cartes : deux pages ID-1 par carte (recto, verso). Entrée : `cnas.carte` ; sortie : bytes."""
    return c.imprimer("Carte sanitaire", cartes, _deux_faces, taille=(LARGEUR, HAUTEUR))


def dessiner_planches(cartes):
    """Rend le PDF des planches A4 : dix rectos, puis leurs dix versos en miroir pour l'impression recto verso."""
    lots = [cartes[debut:debut + PAR_PLANCHE] for debut in range(0, len(cartes), PAR_PLANCHE)]
    return c.imprimer("Planche de cartes sanitaires", lots, _planche)


def _deux_faces(page, carte):
    for face in (_recto, _verso):
        with page.a_l_endroit():  # elle porte les deux langues
            face(page, carte)
        page.showPage()


def _planche(page, lot):
    with page.a_l_endroit():  # les traits de coupe comme les cartes
        for face, miroir in ((_recto, False), (_verso, True)):
            for rang, carte in enumerate(lot):
                x, y = _case(rang, miroir)
                _traits_de_coupe(page, x, y)
                page.saveState()
                page.translate(x, y)
                contour = page.beginPath()
                contour.rect(0, 0, LARGEUR, HAUTEUR)
                page.clipPath(contour, stroke=0, fill=0)
                face(page, carte)
                page.restoreState()
            page.showPage()


def _case(rang, miroir):
    colonne, ligne = rang % COLONNES, rang // COLONNES
    if miroir:
        colonne = COLONNES - 1 - colonne
    goutte = 4 * mm
    x0 = (A4[0] - COLONNES * LARGEUR - (COLONNES - 1) * goutte) / 2
    y0 = (A4[1] - RANGS * HAUTEUR - (RANGS - 1) * 1.5 * mm) / 2
    return x0 + colonne * (LARGEUR + goutte), A4[1] - y0 - (ligne + 1) * HAUTEUR - ligne * 1.5 * mm


def _traits_de_coupe(page, x, y):
    page.setStrokeColor(c.GRIS)
    page.setLineWidth(0.25)
    for ax in (x, x + LARGEUR):
        for ay in (y, y + HAUTEUR):
            sens = -1 if ax == x else 1
            page.line(ax + sens * 0.5 * mm, ay, ax + sens * 1.8 * mm, ay)


# ---------------------------------------------------------------------- recto
def _recto(page, carte):
    identites = carte._identites()
    page.setFillColor(white)
    page.rect(0, 0, LARGEUR, HAUTEUR, stroke=0, fill=1)
    _filigrane(page)
    _entete(page)
    c.ecrire(page, 4 * mm, 37.9 * mm, "CARTE SANITAIRE", 7.6, gras=True, couleur=c.VERT_SOMBRE)
    c.ecrire(page, LARGEUR - 4 * mm, 37.9 * mm, "البطاقة الصحية", 8.4, gras=True, couleur=c.VERT_SOMBRE, cote="droite")
    c.dessiner_photo(page, carte._photo_du_papier(), 4 * mm, 11.6 * mm, 19.6 * mm, 24.5 * mm)
    c.dessiner_qr(page, carte._adresse_qr(), 60.1 * mm, 12.6 * mm, 22.6 * mm)
    _identite(page, identites["recto"])
    _pied_recto(page, carte, identites["matricule"])


def _filigrane(page):
    page.saveState()
    page.setStrokeColor(HexColor("#E3F0E9"))
    page.setLineWidth(0.35)
    for i in range(9):
        page.circle(43 * mm, 22 * mm, (8 + 4.5 * i) * mm, stroke=1, fill=0)
    page.restoreState()


def _entete(page):
    page.setFillColor(c.VERT)
    page.rect(0, 43 * mm, LARGEUR, 11 * mm, stroke=0, fill=1)
    c.dessiner_filet(page, 0, 42.1 * mm, LARGEUR, 0.9 * mm)
    c.dessiner_embleme(page, LARGEUR / 2, 48.5 * mm, 3.9 * mm)
    c.ecrire(page, 4 * mm, 49.6 * mm, c.REPUBLIQUE[0], 5.6, gras=True, couleur=white)
    c.ecrire(page, 4 * mm, 46.2 * mm, c.CAISSE[0], 5.4, couleur=white, largeur=34 * mm)
    droite = LARGEUR - 4 * mm
    c.ecrire(page, droite, 49.6 * mm, c.REPUBLIQUE[1], 7, gras=True, couleur=white, cote="droite")
    c.ecrire(page, droite, 45.9 * mm, c.CAISSE[1], 6.6, couleur=white, largeur=34 * mm, cote="droite")


def _identite(page, lignes):
    gauche, droite = 26.2 * mm, 59.4 * mm
    for i, (francais, arabe, valeur) in enumerate(lignes):
        y = 34.3 * mm - i * 6.2 * mm
        c.ecrire(page, gauche, y, francais, 4.4, couleur=c.GRIS)
        c.ecrire(page, droite, y, arabe, 5, couleur=c.GRIS, cote="droite")
        ecrire_valeur(page, gauche, y, valeur, droite - gauche, 7.2 if i < 2 else 6.4, 2.9, 5.4, (2.2, 4.3))


def _pied_recto(page, carte, matricule):
    page.setFillColor(c.VERT_PALE)
    page.rect(0, 0, LARGEUR, 9.6 * mm, stroke=0, fill=1)
    cases = (
        (4 * mm, "Matricule", "رقم التسجيل", matricule, 28 * mm),
        (34.2 * mm, "Carte n°", "رقم البطاقة", carte.numero, 26 * mm),
        (62.4 * mm, "Expire le", "تاريخ الانتهاء", ecrire_date(carte.date_expiration), 19.2 * mm),
    )
    for x, francais, arabe, valeur, largeur in cases:
        c.ecrire(page, x, 6.4 * mm, francais, 4.4, couleur=c.GRIS)
        c.ecrire(page, x + largeur, 6.4 * mm, arabe, 5, couleur=c.GRIS, cote="droite")
        c.ecrire(page, x, 2.6 * mm, valeur, 7.6, gras=True, couleur=c.VERT_SOMBRE, largeur=largeur)


# ---------------------------------------------------------------------- verso
def _verso(page, carte):
    page.setFillColor(white)
    page.rect(0, 0, LARGEUR, HAUTEUR, stroke=0, fill=1)
    c.dessiner_filet(page, 0, HAUTEUR - 1.6 * mm, LARGEUR, 1.6 * mm)
    lignes = [*carte._identites()["verso"], ("Émise le", ecrire_date(carte.date_emission)),
              ("Support n°", carte.numero_support)]
    for i, (etiquette, valeur) in enumerate(ligne for ligne in lignes if ligne[1]):
        x, y = (4 * mm if i % 2 == 0 else 44.5 * mm), 48.4 * mm - (i // 2) * 6.6 * mm
        c.ecrire(page, x, y, etiquette, 4.4, couleur=c.GRIS)
        c.ecrire(page, x, y - 2.9 * mm, valeur, 6.2, gras=True, largeur=37.5 * mm)
    _consignes(page, carte)
    _code_barres(page, carte)


def _consignes(page, carte):
    page.setFillColor(c.VERT_PALE)
    page.roundRect(4 * mm, 14.4 * mm, LARGEUR - 8 * mm, 12.2 * mm, 1.2 * mm, stroke=0, fill=1)
    societe = carte.env.company
    adresse = ", ".join(filter(None, (societe.street, societe.city)))
    francais = (
        "Présentez cette carte à chaque soin. Elle est strictement personnelle."
        + (f" Urgence, perte ou vol : {societe.phone}." if societe.phone else " Perte ou vol : prévenez votre agence CNAS."),
        "Carte trouvée : merci de la rendre à toute agence CNAS" + (f", ou à l'adresse : {adresse}." if adresse else "."),
    )
    arabe = ("قدموا هذه البطاقة عند كل علاج. البطاقة شخصية ولا يجوز إعارتها.", "عند الفقدان أو السرقة أبلغوا أقرب وكالة للصندوق.")
    for i, texte in enumerate(francais):
        c.ecrire(page, 5.6 * mm, (23.7 - 2.6 * i) * mm, texte, 4.9, largeur=LARGEUR - 11.2 * mm)
    for i, texte in enumerate(arabe):
        c.ecrire(page, LARGEUR - 5.6 * mm, (18.4 - 2.7 * i) * mm, texte, 5.4, largeur=LARGEUR - 11.2 * mm, cote="droite")


def _code_barres(page, carte):
    code = Code128(carte.numero, barHeight=7.2 * mm, barWidth=0.3 * mm, quiet=0)
    page.setFillColor(c.ENCRE)
    code.drawOn(page, (LARGEUR - code.width) / 2, 5.2 * mm)
    c.ecrire(page, LARGEUR / 2, 2.2 * mm, carte.numero, 6, couleur=c.ENCRE, cote="centre")
