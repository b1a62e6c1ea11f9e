"""Attestation de situation des cotisations d'un employeur."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_nombre
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue

from ..models.employeur import SORTE_ATTESTATION
from .commun import cadre, fermer, ouvrir


def dessiner_situation(employeur):
    """Rend les octets de l'attestation. Entrée : `cnas.employeur`, une fiche."""
    with dans_sa_langue(employeur) as employeur:
        return _situation(employeur)


def _situation(employeur):
    situation = employeur._situation_cotisations()
    declarations = employeur._situation()
    doc = ouvrir("ATTESTATION DE SITUATION", "شهادة الوضعية", f"{employeur.matricule}-{situation['jour']:%Y%m%d}")
    cadre(doc, _("Employeur"), [
        (_("Raison sociale"), employeur.raison_sociale, True), (_("Matricule"), employeur.matricule), (_("NIF"), employeur.nif or "—"),
        (_("RCCM"), employeur.rccm or "—")])
    doc.paragraphe(_("La Caisse Nationale d'Assurance Santé atteste que « %(nom)s » %(phrase)s",
                     nom=employeur.raison_sociale, phrase=employeur._phrase_cotisations(situation)), 11, interligne=1.5)
    doc.y -= 2 * mm
    doc.paragraphe(_("Pour ses déclarations, il %s", employeur._phrase_situation(declarations)), 9.5)
    doc.y -= 5 * mm
    cadre(doc, _("Compte au %s", ecrire_date(situation["jour"])), [
        (_("Échu et impayé (FCFA)"), ecrire_nombre(situation["echu"]), True), (_("Solde dû, échéances à venir comprises (FCFA)"),
                                                                               ecrire_nombre(situation["solde"])),
        (_("Avance à valoir (FCFA)"), ecrire_nombre(situation["avance"]))])
    return fermer(doc, employeur._url_situation(situation, SORTE_ATTESTATION))
