"""Reçu d'un encaissement de cotisations."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, ecrire_nombre
from odoo.addons.cnas_base.impression.kit import ROUGE
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue

from .commun import cadre, fermer, ouvrir, qui


def dessiner_recu(encaissement):
    """Rend les octets du reçu. Entrée : `cnas.encaissement`, une fiche."""
    with dans_sa_langue(encaissement) as encaissement:
        return _recu(encaissement)


def _recu(encaissement):
    doc = ouvrir("REÇU", "إيصال استلام", encaissement.numero)
    if encaissement.state == "annule":
        doc.paragraphe(_("ANNULÉ le %(jour)s : %(motif)s", jour=ecrire_date(encaissement.date_annulation),
                         motif=encaissement.motif_annulation or ""), 11, ROUGE)
        doc.y -= 4 * mm
    mode = dict(encaissement._fields["mode"]._description_selection(encaissement.env))[encaissement.mode]
    cadre(doc, _("Somme reçue"), [
        *qui(encaissement.cotisant_id), (_("Reçue le"), ecrire_date(encaissement.date)), (_("Mode"), mode), (_("Référence"), encaissement.reference),
        *([(_("Remise par"), encaissement.payeur)] if encaissement.payeur else []), (_("Encaissée par"), encaissement.create_uid.name),
        (_("MONTANT (FCFA)"), ecrire_nombre(encaissement.montant), True), (_("Reste dû après ce reçu (FCFA)"), ecrire_nombre(encaissement.reste_du))])
    doc.paragraphe(_("La Caisse Nationale d'Assurance Santé a reçu %s au titre des cotisations.", ecrire_montant(encaissement.montant)), 10)
    if encaissement.avance and encaissement.state == "encaisse":
        doc.paragraphe(_("Dont %s d'avance, à valoir sur les prochains appels.", ecrire_montant(encaissement.avance)), 9)
    return fermer(doc, encaissement._url_papier("rc"))
