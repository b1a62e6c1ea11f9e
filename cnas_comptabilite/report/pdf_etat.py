"""Un état comptable, en PDF : le kit de la caisse, une colonne par colonne de l'état."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_nombre
from odoo.addons.cnas_base.impression.document import Document, colonnes_mm
from odoo.addons.cnas_base.impression.kit import VERT_PALE, VERT_SOMBRE
from odoo.addons.cnas_base.impression.langue import _

from .etats import JOUR, MONTANT

LARGEURS = {
    "balance": (22, 89, 32, 32, 32, 32, 32), "grand_livre": (20, 20, 36, 105, 30, 30, 30), "journal": (18, 20, 38, 20, 115, 30, 30),
    "emplois_ressources": (36, 155, 40, 40),
}
TAILLE = 7.5


def dessiner_etat(etat, titre, debut, fin, colonnes, rangs):
    """Rend les octets du PDF d'un état.

    :param colonnes: [(titre, nature)]
    :param rangs: une valeur par colonne
    """
    doc = Document(titre, _("%(titre)s du %(debut)s au %(fin)s, en francs CFA", titre=titre, debut=ecrire_date(debut), fin=ecrire_date(fin)))
    doc.entete(titre, _("Du %(debut)s au %(fin)s, en francs CFA", debut=ecrire_date(debut), fin=ecrire_date(fin)))
    cases = colonnes_mm(*((largeur, "droite" if nature == MONTANT else "gauche") for largeur, (_nom, nature) in zip(
        _largeurs(etat, len(colonnes)), colonnes)))

    def titres():
        doc.rang(cases, [nom for nom, _nature in colonnes], TAILLE, gras=True, fond=VERT_PALE, couleur=VERT_SOMBRE, hauteur=5.2 * mm)

    titres()
    doc.reprise = titres
    if not rangs:
        doc.paragraphe(_("Aucune écriture sur cette période."), taille=9)
    for rang in rangs:
        # Un total ou un titre de partie se nomme (un compte se chiffre) et n'a pas de date : le code d'un journal en a une.
        nomme = rang[0] and not any(lettre.isdigit() for lettre in rang[0])
        fort = nomme and not any(valeur for valeur, (_nom, nature) in zip(rang, colonnes) if nature == JOUR)
        doc.rang(cases, [_ecrire(valeur, nature, fort) for valeur, (_nom, nature) in zip(rang, colonnes)], TAILLE, gras=fort,
                 fond=VERT_PALE if fort else None, hauteur=4.8 * mm)
        doc.filet()
    doc.reprise = None
    doc.y -= 8 * mm
    doc.signatures((_("L'agent comptable"), ""), (_("L'ordonnateur"), ""))
    return doc.terminer()


def _largeurs(etat, nombre):
    largeurs = LARGEURS[etat]
    if nombre > len(largeurs):
        # La correspondance s'insère après le compte, aux dépens de l'intitulé.
        largeurs = (largeurs[0], 30, largeurs[1] - 30, *largeurs[2:])
    return largeurs


def _ecrire(valeur, nature, fort):
    if nature == JOUR:
        return ecrire_date(valeur, "")
    if nature == MONTANT:
        return ecrire_nombre(valeur) if valeur or (fort and valeur is not None) else ""
    return valeur or ""
