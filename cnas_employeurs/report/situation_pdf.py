"""Attestation de situation d'un employeur, A4, avec QR vers la page publique de vérification."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_nombre
from odoo.addons.cnas_base.impression.document import MARGE, Document
from odoo.addons.cnas_base.impression.kit import dessiner_qr, ecrire
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue

COTE_QR = 36 * mm


def dessiner_situation(employeur):
    """Rend les octets de l'attestation. Entrée : `cnas.employeur`, une fiche."""
    with dans_sa_langue(employeur) as employeur:
        return _attestation(employeur)


def _attestation(employeur):
    situation = employeur._situation()
    mention = _("Attestation de situation — %(matricule)s — %(jour)s", matricule=employeur.matricule, jour=ecrire_date(situation["jour"]))
    document = Document(_("ATTESTATION DE SITUATION"), mention, paysage=False)
    document.entete(_("ATTESTATION DE SITUATION"), _("délivrée le %s", ecrire_date(situation["jour"])))
    document.y -= 6 * mm
    hauteur = document.cadre(MARGE, document.largeur - 2 * MARGE, _("Employeur"), [
        (_("Raison sociale"), employeur.raison_sociale, True), (_("Matricule"), employeur.matricule),
        (_("NIF"), employeur.nif or "—"), (_("RCCM"), employeur.rccm or "—"),
        (_("Salariés rattachés ce jour"), ecrire_nombre(employeur.effectif))], taille=9)
    document.y -= hauteur + 8 * mm
    document.paragraphe(_("La Caisse Nationale d'Assurance Santé atteste que « %(nom)s » %(phrase)s",
                          nom=employeur.raison_sociale, phrase=employeur._phrase_situation(situation)), 11)
    document.y -= 5 * mm
    document.paragraphe(_("Déclarations validées : %s.", ", ".join(map(ecrire_mois, situation["validees"])) or _("aucune")), 9)
    document.paragraphe(_("Déclarations déposées, à l'examen : %s.", ", ".join(map(ecrire_mois, situation["deposees"])) or _("aucune")), 9)
    document.y -= 3 * mm
    document.paragraphe(_("Cette attestation porte sur les déclarations d'effectif, non sur les versements."), 9)
    _verification(document, employeur, situation)
    return document.terminer()


def _verification(document, employeur, situation):
    adresse = employeur._url_situation(situation)
    document.place(COTE_QR + 12 * mm)
    bas = document.y - COTE_QR - 8 * mm
    if not adresse:
        document.y -= 8 * mm
        document.paragraphe(_("PAPIER D'ESSAI : l'adresse publique de la caisse n'est pas réglée, il ne porte pas de code à lire."), 9)
        return
    dessiner_qr(document.page, adresse, MARGE, bas, COTE_QR)
    ecrire(document.page, MARGE + COTE_QR + 5 * mm, bas + COTE_QR / 2, _("Lisez ce code : la page dit si l'attestation est authentique."), 9)
    document.y = bas
