"""Accusé de remise d'une carte sanitaire, A4 en deux exemplaires à signer."""
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression import kit as c
from odoo.addons.cnas_base.impression.langue import _

LARGEUR, HAUTEUR = A4
MARGE = 20 * mm


def dessiner_accuses(cartes):
    """Rend le PDF des accusés de remise, une page par carte. Entrée : `cnas.carte` ; sortie : bytes."""
    return c.imprimer("Accusé de remise", cartes, _accuse)


def _accuse(page, carte):
    for haut, exemplaire in ((HAUTEUR, _("Exemplaire de la CNAS")), (HAUTEUR / 2, _("Exemplaire du titulaire"))):
        _exemplaire(page, carte, haut, exemplaire)
    page.setStrokeColor(c.GRIS)
    page.setDash(2, 2)
    page.line(0, HAUTEUR / 2, LARGEUR, HAUTEUR / 2)
    page.setDash()
    page.showPage()


def _exemplaire(page, carte, haut, exemplaire):
    c.dessiner_filet(page, 0, haut - 4 * mm, LARGEUR, 1.6 * mm)
    with page.a_l_endroit():
        c.dessiner_embleme(page, MARGE + 5 * mm, haut - 16 * mm, 5 * mm, fond=c.VERT, dessin=c.VERT_PALE)
        c.ecrire(page, MARGE + 13 * mm, haut - 14.5 * mm, c.CAISSE[0], 10.5, gras=True, couleur=c.VERT_SOMBRE)
        c.ecrire(page, MARGE + 13 * mm, haut - 19.5 * mm, carte.agence_id.name or c.REPUBLIQUE[0], 8.5, couleur=c.GRIS)
        c.ecrire(page, LARGEUR - MARGE, haut - 14.5 * mm, c.CAISSE[1], 12, gras=True, couleur=c.VERT_SOMBRE, cote="droite")
        c.ecrire(page, LARGEUR - MARGE, haut - 19.5 * mm, exemplaire, 8.5, couleur=c.GRIS, cote="droite")
    c.ecrire(page, LARGEUR / 2, haut - 33 * mm, _("ACCUSÉ DE REMISE D'UNE CARTE SANITAIRE"), 13, gras=True, cote="centre")
    qualites = dict(carte._fields["remise_qualite"]._description_selection(carte.env))
    identites = carte._identites()
    lignes = (
        (_("Carte n°"), carte.numero), (_("Titulaire"), identites["titulaire"]), (_("Matricule"), identites["matricule"]),
        (_("Expire le"), ecrire_date(carte.date_expiration)), (_("Remise le"), ecrire_date(carte.date_remise)),
        (_("Remise à"), carte.remise_a), (_("En qualité de"), qualites.get(carte.remise_qualite)),
        (_("Pièce présentée"), carte.remise_piece),
    )
    for i, (etiquette, valeur) in enumerate(lignes):
        x, y = MARGE + (i % 2) * 88 * mm, haut - (46 + (i // 2) * 11) * mm
        c.ecrire(page, x, y, etiquette, 8, couleur=c.GRIS)
        c.ecrire(page, x, y - 4.8 * mm, valeur or "—", 11, gras=True, largeur=80 * mm)
    for x, titre, nom in ((MARGE, _("Reçu la carte ci-dessus"), carte.remise_a),
                          (MARGE + 88 * mm, _("L'agent de la CNAS"), carte.remise_par_id.name)):
        c.ecrire(page, x, haut - 98 * mm, titre, 8.5, couleur=c.GRIS)
        c.ecrire(page, x, haut - 103 * mm, nom, 10, gras=True, largeur=80 * mm)
        page.setStrokeColor(c.GRIS_PALE)
        page.roundRect(x, haut - 130 * mm, 82 * mm, 23 * mm, 2 * mm, stroke=1, fill=0)
        c.ecrire(page, x + 3 * mm, haut - 128 * mm, _("Signature ou empreinte"), 7, couleur=c.GRIS)
