"""Avis d'appel de cotisation."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_nombre, ecrire_quantite
from odoo.addons.cnas_base.impression.document import colonnes_mm
from odoo.addons.cnas_base.impression.kit import ROUGE
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue

from .commun import cadre, fermer, ouvrir, qui

COLONNES = colonnes_mm((64, "gauche"), (14, "droite"), (26, "droite"), (26, "droite"), (27, "droite"), (27, "droite"))


def dessiner_avis(appel):
    """Rend les octets de l'avis. Entrée : `cnas.appel_cotisation`, une fiche émise."""
    with dans_sa_langue(appel) as appel:
        return _avis(appel)


def _avis(appel):
    doc = ouvrir("AVIS D'APPEL DE COTISATION", "إشعار بدفع الاشتراكات", appel.numero)
    if appel.state == "annule":
        doc.paragraphe(_("ANNULÉ le %(jour)s : %(motif)s", jour=ecrire_date(appel.date_annulation), motif=appel.motif_annulation or ""), 11, ROUGE)
        doc.y -= 4 * mm
    sorte = dict(appel._fields["sorte"]._description_selection(appel.env))[appel.sorte]
    cadre(doc, sorte, [*qui(appel.cotisant_id), (_("Période"), ecrire_mois(appel.periode, appel.periode_fin)), (_("Appelé le"), ecrire_date(appel.date_appel)),
                       (_("À payer avant le"), ecrire_date(appel.date_echeance), True)])
    if appel.motif:
        doc.paragraphe(_("Motif : %s", appel.motif), 9)
        doc.y -= 3 * mm
    if appel.ligne_ids:
        doc.tableau(COLONNES, (_("Barème"), _("Têtes"), _("Salaires"), _("Assiette"), _("Part patronale"), _("Part salariale")), [
            (_bareme(ligne), ecrire_nombre(ligne.tetes) if ligne.tetes else "", *(ecrire_nombre(v) if v else "" for v in (ligne.salaires, ligne.assiette)),
             ecrire_nombre(ligne.part_employeur), ecrire_nombre(ligne.part_salarie)) for ligne in appel.ligne_ids])
        doc.y -= 5 * mm
    cadre(doc, _("À payer"), [
        (_("Part patronale (FCFA)"), ecrire_nombre(appel.montant_employeur)), (_("Part salariale (FCFA)"), ecrire_nombre(appel.montant_salarie)),
        (_("TOTAL APPELÉ (FCFA)"), ecrire_nombre(appel.montant), True), (_("Reste à payer ce jour (FCFA)"), ecrire_nombre(appel.reste))])
    doc.paragraphe(_("Rappelez le numéro %s dans la référence de votre versement.", appel.numero), 9)
    return fermer(doc, appel._url_papier("ac"))


def _bareme(ligne):
    """Rend ce qui fonde une ligne, en clair."""
    if ligne.libelle:
        return ligne.libelle
    regime = ligne.regime_id.code or ""
    if ligne.mode == "pourcentage":
        phrase = _("%(regime)s : %(patron)s %% + %(salarie)s %%", regime=regime, patron=ecrire_quantite(ligne.taux_employeur),
                   salarie=ecrire_quantite(ligne.taux_salarie))
        for borne in (_("plafond %s", ecrire_nombre(ligne.plafond)) if ligne.plafond else "",
                      _("exclus %s", ecrire_nombre(ligne.exclus)) if ligne.exclus else ""):
            phrase = _("%(debut)s, %(suite)s", debut=phrase, suite=borne) if borne else phrase
        return phrase
    return _("%(regime)s : %(forfait)s par tête et par mois, %(mois)s mois", regime=regime, forfait=ecrire_nombre(ligne.forfait), mois=ligne.mois)
