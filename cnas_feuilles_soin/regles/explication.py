"""L'explication d'une ligne, en une phrase : le tarif, ce qui a été retenu, pourquoi, et le résultat."""
from odoo import _

from ..liquidation.catalogue import lisible


def expliquer(lignes):
    """Rend {ligne.id: phrase} pour des lignes de feuille (droits de lecture du demandeur)."""
    motifs = _motifs(lignes)
    return {ligne.id: _phrase(ligne, motifs.get(ligne.id, [])) for ligne in lignes if ligne.id}


def _motifs(lignes):
    """Rend {ligne.id: [(code, sévérité, message, avant, après)]}, anomalies de feuille comprises."""
    anomalies = lignes.env["cnas.anomalie"].sudo().search([
        ("feuille_id", "in", lignes.feuille_id.ids), ("state", "=", "ouverte")])
    par_ligne, par_feuille = {}, {}
    for anomalie in anomalies:
        contenu = (anomalie.regle_id.code, anomalie.severite, anomalie.motif_lu, int(anomalie.montant_avant),
                   int(anomalie.montant_apres))
        if anomalie.ligne_id:
            par_ligne.setdefault(anomalie.ligne_id.id, []).append(contenu)
        else:
            par_feuille.setdefault(anomalie.feuille_id.id, []).append(contenu)
    return {ligne.id: par_feuille.get(ligne.feuille_id.id, []) + par_ligne.get(ligne.id, []) for ligne in lignes}


def _phrase(ligne, motifs):
    feuille = ligne.feuille_id
    if ligne.decision == "rejetee":
        raisons = [f"{message} ({code})" for code, severite, message, _a, _b in motifs if severite == "rejet"]
        if ligne.rejet_revu and ligne.motif_revue:
            raisons.append(ligne.motif_revue)
        raisons = raisons or [feuille.motif_decision or _("sans motif automatique")]
        return _("rejetée : %(raisons)s ; %(facture)s à 0", raisons=" ; ".join(raisons), facture=lisible(int(ligne.montant_facture)))
    if ligne.decision == "attente":
        raisons = [f"{message} ({code})" for code, severite, message, _a, _b in motifs if severite == "instance"]
        return _("en attente : %s", " ; ".join(raisons)) if raisons else ""
    niveau = feuille.niveau_formation or feuille.formation_id._niveau_au(feuille.date_soins)
    parties = [_("tarif %(tarif)s au %(jour)s, niveau %(niveau)s",
                 tarif=lisible(int(ligne.tarif)), jour=lisible(feuille.date_soins), niveau=niveau)]
    if ligne.quantite_retenue != ligne.quantite:
        parties.append(_quantite(ligne, motifs))
    if ligne.coefficient_multiple != 100:
        parties.append(_("acte multiple %s %% (TAR-03)", ligne.coefficient_multiple))
    parties.extend(f"{message} ({code})" for code, severite, message, _a, _b in motifs
                   if severite == "abattement" and code[:3] in ("TAR", "PLF", "FOR") and code != "TAR-03")
    parties.append(f"{f'{ligne.taux:.2f}'.rstrip('0').rstrip('.').replace('.', ',')} %")
    parties.append(_("part CNAS %s", lisible(int(ligne.montant_cnas))))
    parties.append(_("ticket %s", lisible(int(ligne.ticket_moderateur))))
    if ligne.depassement:
        parties.append(_("dépassement %s", lisible(int(ligne.depassement))))
    return " ; ".join(parties)


def _quantite(ligne, motifs):
    """Rend « 2 retenues sur 3 », et par quoi."""
    pourquoi = [c for c in dict.fromkeys(motif[0] for motif in motifs) if c.startswith(("QTE", "ENT"))]
    if ligne.quantite_revue:
        pourquoi.append(_("révision : %s", ligne.motif_revue))
    retenues = _("%(retenues)s retenues sur %(demandees)s", retenues=ligne.quantite_retenue, demandees=ligne.quantite)
    return f"{retenues} ({', '.join(pourquoi)})" if pourquoi else retenues
