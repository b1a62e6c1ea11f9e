"""L'identité d'un assuré telle que l'impriment la carte, l'attestation et la fiche."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression.document import couper
from odoo.addons.cnas_base.impression.kit import ecrire
from odoo.addons.cnas_base.impression.langue import _, titres


def naissance(assure):
    """Rend la date de naissance, ou « vers AAAA » si elle est estimée."""
    if assure.date_naissance and assure.date_naissance_estimee:
        return _("vers %s", assure.date_naissance.year)
    return ecrire_date(assure.date_naissance)


def est_ne(assure):
    """Rend « Né » ou « Née » selon le genre."""
    return "Née" if assure.genre == "feminin" else "Né"


def ecrire_couple(page, x, y, largeur, couple, tailles, **forme):
    """Écrit une étiquette (français, arabe) aux deux bouts de sa place : celle de la langue du papier à son début."""
    (debut, corps), (fin, autre) = titres(*zip(couple, tailles))
    ecrire(page, x, y, debut, corps, **forme)
    ecrire(page, x + largeur, y, fin, autre, cote="droite", **forme)


def ecrire_valeur(page, x, y, valeur, largeur, taille, baisse, petite, baisses):
    """Écrit une valeur sous son étiquette ; trop longue, ou en deux écritures, elle passe à deux lignes plutôt que d'être coupée.

    :param taille, baisse: corps d'une ligne seule, et sa distance à l'étiquette (mm)
    :param petite, baisses: corps de deux lignes, et leurs distances
    """
    latin, _tabulation, arabe = (valeur or "").partition("\t")
    if arabe:
        latin, arabe = titres(latin, arabe)
    if len(couper(latin, largeur * (0.55 if arabe else 1), taille * 1.1)) == len(couper(arabe, largeur * 0.42, taille * 0.95)) == 1:
        ecrire(page, x, y - baisse * mm, latin, taille, gras=True, largeur=largeur)
        if arabe:
            ecrire(page, x + largeur, y - baisse * mm, arabe, taille, gras=True, largeur=largeur * 0.42, cote="droite")
        return
    premiere, *suite = [latin] if arabe else couper(latin, largeur, petite * 1.1)
    ecrire(page, x, y - baisses[0] * mm, premiere, petite, gras=True, largeur=largeur)
    ecrire(page, x + largeur if arabe else x, y - baisses[1] * mm, arabe or " ".join(suite), petite, gras=True, largeur=largeur,
           cote="droite" if arabe else "gauche")
