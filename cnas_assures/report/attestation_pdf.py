"""Attestation d'accès aux soins, A4, avec QR vers la page publique de vérification."""
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression import kit as c
from odoo.addons.cnas_base.impression.document import couper
from odoo.addons.cnas_base.impression.langue import _, titres

from .identite import ecrire_couple, ecrire_valeur

LARGEUR, HAUTEUR = A4
MARGE = 18 * mm
UTILE = LARGEUR - 2 * MARGE
AYANTS_PAR_PAGE = (9, 30)  # première page, suivantes


def dessiner_attestations(attestations):
    """Rend le PDF des attestations, une ou plusieurs pages chacune. Entrée : `cnas.attestation` ; sortie : bytes."""
    return c.imprimer("Attestation d'accès aux soins", attestations, _attestation)


def _attestation(page, attestation):
    identites = attestation._identites()
    ayants = identites["ayants"]
    premiers, suite = ayants[:AYANTS_PAR_PAGE[0]], ayants[AYANTS_PAR_PAGE[0]:]
    pages = 1 + -(-len(suite) // AYANTS_PAR_PAGE[1])
    dessiner_entete(page)
    _titre(page, attestation, identites["agence"])
    y = _identite(page, attestation, identites["titulaire"], HAUTEUR - 82 * mm)
    y = _validite(page, attestation, y - 6 * mm)
    _table_ayants(page, premiers, y - 8 * mm, len(ayants))
    _verification(page, attestation)
    _pied(page, attestation, 1, pages)
    _bandeau_revoquee(page, attestation)
    page.showPage()
    for i in range(1, pages):
        dessiner_entete(page)
        lot = suite[(i - 1) * AYANTS_PAR_PAGE[1]:i * AYANTS_PAR_PAGE[1]]
        _table_ayants(page, lot, HAUTEUR - 56 * mm, len(ayants))
        _pied(page, attestation, i + 1, pages)
        _bandeau_revoquee(page, attestation)
        page.showPage()


def dessiner_entete(page):
    """Dessine l'en-tête bilingue des documents A4."""
    with page.a_l_endroit():
        _bandeau(page, HAUTEUR - 30 * mm)


def _bandeau(page, haut):
    page.setFillColor(c.VERT)
    page.rect(0, haut, LARGEUR, 30 * mm, stroke=0, fill=1)
    c.dessiner_filet(page, 0, haut - 1.6 * mm, LARGEUR, 1.6 * mm)
    c.dessiner_embleme(page, LARGEUR / 2, haut + 15 * mm, 10 * mm)
    gauche, droite, moitie = MARGE, LARGEUR - MARGE, UTILE / 2 - 14 * mm
    for i, (francais, arabe) in enumerate((c.REPUBLIQUE, c.DEVISE, c.CAISSE)):
        y = haut + (20.5 - 5.6 * i) * mm
        fort = i != 1
        c.ecrire(page, gauche, y, francais, 10.5 if fort else 8.5, gras=fort, couleur=white, largeur=moitie)
        c.ecrire(page, droite, y, arabe, 12.5 if fort else 10, gras=fort, couleur=white, largeur=moitie, cote="droite")


def _titre(page, attestation, agence):
    y = HAUTEUR - 48 * mm
    devant, dessous = titres("ATTESTATION D'ACCÈS AUX SOINS", "شهادة الحصول على الرعاية الصحية")
    c.ecrire(page, LARGEUR / 2, y, devant, 19, gras=True, couleur=c.VERT_SOMBRE, cote="centre")
    c.ecrire(page, LARGEUR / 2, y - 8.5 * mm, dessous, 16, gras=True, couleur=c.VERT_SOMBRE, cote="centre")
    faits = {"numero": attestation.numero, "jour": ecrire_date(attestation.date_delivrance), "agence": agence}
    c.ecrire(page, LARGEUR / 2, y - 16 * mm, _("N° %(numero)s · délivrée le %(jour)s · %(agence)s", **faits) if agence else
             _("N° %(numero)s · délivrée le %(jour)s", **faits), 9.5, couleur=c.GRIS, cote="centre")
    c.ecrire(page, MARGE, y - 26 * mm, _("La Caisse Nationale d'Assurance Santé atteste que la personne désignée ci-dessous est couverte par "
                                         "l'assurance santé."), 9.5, largeur=UTILE)


def _identite(page, attestation, lignes, y):
    """Dessine le cadre d'identité ; rend l'ordonnée de son bord inférieur."""
    hauteur = 49 * mm
    bas = y - hauteur
    page.setStrokeColor(c.GRIS_PALE)
    page.setLineWidth(0.8)
    page.roundRect(MARGE, bas, UTILE, hauteur, 3 * mm, stroke=1, fill=0)
    c.dessiner_photo(page, attestation._photo_du_papier(), MARGE + 5 * mm, bas + 6.5 * mm, 28.8 * mm, 36 * mm)
    colonnes = (MARGE + 40 * mm, MARGE + 108 * mm)
    largeur = 62 * mm
    # Un salarié a une ligne de plus, son employeur : les rangs se serrent, rien ne se coupe.
    pas = min(10.8 * mm, 43.2 * mm / -(-len(lignes) // 2))
    for i, (francais, arabe, valeur) in enumerate(lignes):
        x, ligne_y = colonnes[i % 2], y - 7.4 * mm - (i // 2) * pas
        ecrire_couple(page, x, ligne_y, largeur, (francais, arabe), (7.5, 9), couleur=c.GRIS)
        ecrire_valeur(page, x, ligne_y, valeur or "—", largeur, 11, 4.6, 8, (3.4, 6.4))
    return bas


def _validite(page, attestation, y):
    hauteur = 19 * mm
    bas = y - hauteur
    page.setFillColor(c.VERT_PALE)
    page.roundRect(MARGE, bas, UTILE, hauteur, 3 * mm, stroke=0, fill=1)
    page.setFillColor(c.VERT)
    page.rect(MARGE, bas + 2 * mm, 1.6 * mm, hauteur - 4 * mm, stroke=0, fill=1)
    ecrire_couple(page, MARGE + 7 * mm, y - 7 * mm, UTILE - 14 * mm, ("Période de validité", "فترة الصلاحية"), (8.5, 10.5), couleur=c.GRIS)
    c.ecrire(page, MARGE + 7 * mm, bas + 4.6 * mm,
             _("du %(debut)s au %(fin)s", debut=ecrire_date(attestation.date_debut), fin=ecrire_date(attestation.date_fin)), 15, gras=True,
             couleur=c.VERT_SOMBRE)
    c.ecrire(page, LARGEUR - MARGE - 7 * mm, bas + 5 * mm, _("sous réserve des droits à la date des soins"), 8,
             couleur=c.GRIS, cote="droite")
    return bas


def _table_ayants(page, ayants, y, total):
    if not total:
        c.ecrire(page, MARGE, y - 2 * mm, _("Cette attestation ne couvre que son titulaire."), 9.5, couleur=c.GRIS)
        return
    ecrire_couple(page, MARGE, y, UTILE, (f"Ayants droit couverts ({total})", f"ذوو الحقوق ({total})"), (10.5, 12), gras=True,
                  couleur=c.VERT_SOMBRE)
    colonnes = ((0, 66 * mm), (68 * mm, 38 * mm), (108 * mm, 26 * mm), (136 * mm, 38 * mm))
    y -= 7 * mm
    page.setFillColor(c.VERT)
    page.rect(MARGE, y - 2 * mm, UTILE, 6.4 * mm, stroke=0, fill=1)
    for (x, largeur), titre in zip(colonnes, (_("Nom et prénom"), _("Matricule"), _("Lien"), _("Naissance"))):
        c.ecrire(page, MARGE + 2 * mm + x, y, titre, 8.5, gras=True, couleur=white, largeur=largeur)
    for i, valeurs in enumerate(ayants):
        y -= 6.4 * mm
        if i % 2:
            page.setFillColor(HexColor("#F4F8F6"))
            page.rect(MARGE, y - 2 * mm, UTILE, 6.4 * mm, stroke=0, fill=1)
        for (x, largeur), valeur in zip(colonnes, valeurs):
            c.ecrire(page, MARGE + 2 * mm + x, y, valeur, 9, largeur=largeur - 2 * mm)
    page.setStrokeColor(c.GRIS_PALE)
    page.line(MARGE, y - 2 * mm, LARGEUR - MARGE, y - 2 * mm)


def _verification(page, attestation):
    cote = 40 * mm
    bas = 24 * mm
    x = MARGE + cote
    if attestation.env["ir.config_parameter"]._adresse_publique():
        c.dessiner_qr(page, attestation.url_verification, MARGE - 3 * mm, bas - 2 * mm, cote)
    else:
        # Un code qui n'ouvre rien tromperait : le papier dit qu'il n'est pas encore bon à délivrer.
        c.ecrire(page, MARGE, bas + 28 * mm, _("PAPIER D'ESSAI"), 8, gras=True, couleur=c.ROUGE, largeur=cote - 3 * mm)
        phrase = _("L'adresse publique de la caisse n'est pas réglée : aucun code à lire.")
        for i, texte in enumerate(couper(phrase, cote - 3 * mm, 8), 1):
            c.ecrire(page, MARGE, bas + (28 - 4.6 * i) * mm, texte, 8, couleur=c.ROUGE, largeur=cote - 3 * mm)
    c.ecrire(page, x, bas + 31 * mm, _("Vérifier cette attestation"), 9.5, gras=True, couleur=c.VERT_SOMBRE)
    phrase = _("Lisez ce code avec un téléphone : la page de la CNAS dit si l'attestation est valide, expirée ou révoquée. Une attestation sans code "
               "lisible ne vaut rien.")
    for i, texte in enumerate(couper(phrase, 72 * mm, 8)):
        c.ecrire(page, x, bas + (26 - 4.4 * i) * mm, texte, 8, largeur=72 * mm)
    _devant, dessous = titres("Lisez ce code avec un téléphone pour vérifier l'attestation", "امسحوا الرمز بالهاتف للتحقق من صحة الشهادة")
    c.ecrire(page, x + 70 * mm, bas + 10.4 * mm, dessous, 9.5, couleur=c.GRIS, largeur=70 * mm, cote="droite")
    gauche = LARGEUR - MARGE - 52 * mm
    c.ecrire(page, gauche, bas + 31 * mm, _("Pour la CNAS"), 9.5, gras=True, couleur=c.VERT_SOMBRE)
    c.ecrire(page, gauche, bas + 26 * mm, attestation.delivree_par_id.name, 8.5, largeur=50 * mm)
    c.ecrire(page, gauche, bas + 21.6 * mm, _("Signature et cachet"), 7.5, couleur=c.GRIS)
    page.setStrokeColor(c.GRIS_PALE)
    page.setDash(1.5, 1.5)
    page.roundRect(gauche, bas, 52 * mm, 20 * mm, 2 * mm, stroke=1, fill=0)
    page.setDash()


def _pied(page, attestation, numero, total):
    page.setStrokeColor(c.GRIS_PALE)
    page.line(MARGE, 17 * mm, LARGEUR - MARGE, 17 * mm)
    c.ecrire(page, MARGE, 12.5 * mm, _("Document signé électroniquement : toute falsification se voit. Le code ne contient aucune donnée de santé."),
             7, couleur=c.GRIS, largeur=UTILE - 40 * mm)
    c.ecrire(page, LARGEUR - MARGE, 12.5 * mm, f"{attestation.numero} · {numero}/{total}", 7, couleur=c.GRIS, cote="droite")


def _bandeau_revoquee(page, attestation):
    if attestation.state != "revoquee":
        return
    page.saveState()
    page.translate(LARGEUR / 2, HAUTEUR / 2)
    page.rotate(38)
    page.setFillAlpha(0.28)
    with page.a_l_endroit():
        c.ecrire(page, 0, 0, _("RÉVOQUÉE"), 84, gras=True, couleur=c.ROUGE, cote="centre")
    page.restoreState()
