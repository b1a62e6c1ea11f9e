"""Reçu d'un remboursement d'indu, et quittance d'un indu soldé."""
from reportlab.lib.colors import white
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, ecrire_nombre
from odoo.addons.cnas_base.impression.document import MARGE, Document, colonnes_mm
from odoo.addons.cnas_base.impression.kit import GRIS, ROUGE, VERT_SOMBRE, ecrire
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue, titres
from odoo.addons.cnas_base.jour import aujourd_hui

TITRES_ARABES = {"REÇU": "إيصال استلام", "QUITTANCE": "مخالصة"}
COLONNES = colonnes_mm((34, "gauche"), (30, "gauche"), (88, "gauche"), (32, "droite"))


def dessiner_recu(reglement):
    """Rend les octets du PDF d'un reçu."""
    with dans_sa_langue(reglement) as reglement:
        return _recu(reglement)


def _recu(reglement):
    indu = reglement.indu_id
    doc = _document("REÇU", reglement.numero, reglement._url_papier("ri"))
    if reglement.state == "annule":
        doc.paragraphe(_("ANNULÉ le %(jour)s : %(motif)s", jour=ecrire_date(reglement.date_annulation), motif=reglement.motif_annulation), 11, ROUGE)
        doc.y -= 4 * mm
    mode = dict(reglement._fields["mode"]._description_selection(reglement.env))[reglement.mode]
    _cadre(doc, _("Somme reçue"), [
        *_debiteur(indu), (_("Reçue le"), ecrire_date(reglement.date)), (_("Mode"), mode), (_("Référence"), reglement.reference),
        (_("Encaissée par"), reglement.create_uid.name), (_("MONTANT (FCFA)"), ecrire_nombre(reglement.montant), True),
        (_("Reste à rembourser (FCFA)"), ecrire_nombre(reglement.reste))])
    doc.paragraphe(_("Reçu la somme de %(lettres)s (%(montant)s).", **_somme(reglement.env, reglement.montant)), 9.5)
    doc.y -= 3 * mm
    if not reglement.reste and reglement.state == "encaisse":
        doc.paragraphe(_("Cette somme solde l'indu %s.", indu.numero), 9)
    return _signer(doc)


def dessiner_quittance(indu):
    """Rend les octets du PDF de la quittance : tout ce qui a soldé l'indu."""
    with dans_sa_langue(indu) as indu:
        return _quittance(indu)


def _quittance(indu):
    doc = _document("QUITTANCE", indu.quittance, indu._url_papier("qi"))
    _cadre(doc, _("Indu soldé"), [
        *_debiteur(indu), (_("Notifié le"), ecrire_date(indu.date_notification)), (_("Montant (FCFA)"), ecrire_nombre(indu.montant)),
        (_("Retenu sur des règlements (FCFA)"), ecrire_nombre(indu.montant_compense)),
        (_("Remboursé (FCFA)"), ecrire_nombre(indu.montant_rembourse)),
        (_("RESTE (FCFA)"), ecrire_nombre(indu.solde), True)])
    doc.rang(COLONNES, (_("Pièce"), _("Date"), _("Détail"), _("Montant")), gras=True, fond=VERT_SOMBRE, couleur=white, hauteur=5.2 * mm)
    for piece, jour, detail, montant in _recuperations(indu):
        doc.rang(COLONNES, (piece, ecrire_date(jour), detail, ecrire_nombre(montant)), taille=8, hauteur=5 * mm)
        doc.filet()
    doc.y -= 4 * mm
    doc.paragraphe(_("La CNAS donne quittance de la somme de %(lettres)s (%(montant)s).", **_somme(indu.env, indu.montant)), 9.5)
    doc.y -= 3 * mm
    return _signer(doc)


def _recuperations(indu):
    """Rend [(pièce, date, détail, montant)] dans l'ordre où la somme est revenue."""
    modes = dict(indu.reglement_ids._fields["mode"]._description_selection(indu.env))
    return sorted([
        *((c.facture_id.decompte_id.numero or c.facture_id.numero, c.facture_id.decompte_id.date_decompte or c.create_date.date(),
           _("Retenue sur la facture %s", c.facture_id.numero), c.montant) for c in indu.compensation_ids),
        *((r.numero, r.date, f"{modes[r.mode]} {r.reference}", r.montant)
          for r in indu.reglement_ids if r.state == "encaisse")], key=lambda rang: (rang[1], rang[0]))


def _document(titre, numero, adresse):
    doc = Document(f"{titre} {numero}", _("%(numero)s — imprimé le %(jour)s", numero=numero, jour=ecrire_date(aujourd_hui())), paysage=False)
    doc.entete(*titres(titre, TITRES_ARABES[titre]))
    doc.verifiable(adresse)
    ecrire(doc.page, doc.largeur / 2, doc.y, _("N° %s", numero), 10, gras=True, cote="centre")
    doc.y -= 8 * mm
    return doc


def _debiteur(indu):
    return [(_("Débiteur"), indu.nom_debiteur or indu.debiteur), (_("Indu"), indu.numero)]


def _cadre(doc, titre, rangs):
    doc.y -= doc.cadre(MARGE, doc.largeur - 2 * MARGE, titre, rangs, taille=9, interligne=5.4 * mm) + 5 * mm


def _somme(env, montant):
    return {"lettres": env["cnas.decompte"]._en_lettres(montant), "montant": ecrire_montant(montant)}


def _signer(doc):
    doc.y -= 10 * mm
    ecrire(doc.page, doc.largeur / 2, doc.y, _("Pour la CNAS"), 9, gras=True)
    ecrire(doc.page, doc.largeur / 2, doc.y - 5 * mm, _("Nom, date, signature et cachet"), 7.5, couleur=GRIS)
    return doc.terminer()
