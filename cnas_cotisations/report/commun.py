"""Ce que partagent les papiers des cotisations : l'entête, le code à lire, la signature."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression.document import MARGE, Document
from odoo.addons.cnas_base.impression.kit import GRIS, dessiner_qr, ecrire
from odoo.addons.cnas_base.impression.langue import _, titres
from odoo.addons.cnas_base.jour import aujourd_hui

COTE_QR = 30 * mm


def ouvrir(titre, arabe, numero):
    """Rend le document, son titre dans les deux langues, celle du papier devant, et son numéro écrits."""
    devant, dessous = titres(titre, arabe)
    doc = Document(f"{titre} {numero}", _("%(numero)s — imprimé le %(jour)s", numero=numero, jour=ecrire_date(aujourd_hui())), paysage=False)
    doc.entete(devant, dessous)
    ecrire(doc.page, doc.largeur / 2, doc.y, _("N° %s", numero), 10, gras=True, cote="centre")
    doc.y -= 8 * mm
    return doc


def cadre(doc, titre, rangs):
    """Dessine un cadre sur toute la largeur."""
    doc.y -= doc.cadre(MARGE, doc.largeur - 2 * MARGE, titre, rangs, taille=9, interligne=5.4 * mm) + 5 * mm


def fermer(doc, adresse):
    """Dessine le code qui mène à la page de vérification (rien sans adresse publique) et la place de la signature. Rend les octets."""
    doc.place(COTE_QR + 12 * mm)
    bas = doc.y - COTE_QR - 4 * mm
    if adresse:
        dessiner_qr(doc.page, adresse, MARGE, bas, COTE_QR)
        ecrire(doc.page, MARGE + COTE_QR + 4 * mm, bas + 4 * mm, _("Lisez ce code : la page dit si ce papier est authentique."), 8)
    else:
        ecrire(doc.page, MARGE, bas + 4 * mm, _("PAPIER D'ESSAI : sans adresse publique, il ne porte pas de code à lire."), 8)
    ecrire(doc.page, doc.largeur - MARGE, bas + COTE_QR - 8 * mm, _("Pour la CNAS"), 9, gras=True, cote="droite")
    ecrire(doc.page, doc.largeur - MARGE, bas + COTE_QR - 13 * mm, _("Nom, date, signature et cachet"), 7.5, couleur=GRIS, cote="droite")
    return doc.terminer()


def qui(cotisant):
    """Rend les rangs qui disent le cotisant."""
    return [(_("Cotisant"), cotisant.name, True), (_("Matricule"), cotisant.matricule or "—")]
