"""Bordereau d'un lot de paiement, à signer et à remettre à la banque, à l'opérateur ou au guichet."""
from reportlab.lib.colors import white
from reportlab.lib.units import mm

from odoo.tools import groupby

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, ecrire_nombre
from odoo.addons.cnas_base.impression.document import MARGE, Document, colonnes_mm
from odoo.addons.cnas_base.impression.kit import GRIS, VERT_PALE, VERT_SOMBRE, ecrire
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue, dire
from odoo.addons.cnas_base.jour import jour_de

from ..adaptateurs import ADAPTATEURS

COLONNES = colonnes_mm((9, "droite"), (32, "gauche"), (98, "gauche"), (56, "gauche"), (47, "gauche"), (29, "droite"))
POINTILLES = "." * 60


def dessiner_lot(lot):
    """Rend les octets du PDF du bordereau du lot."""
    with dans_sa_langue(lot) as lot:
        return _lot(lot)


def _lot(lot):
    adaptateur = ADAPTATEURS[lot.nature]
    doc = Document(f"Lot {lot.numero}", _("%s — bordereau de paiement", lot.numero))
    doc.entete(dire(adaptateur.titre), _("N° %(numero)s — %(mois)s", numero=lot.numero, mois=ecrire_date(lot.date_signature or jour_de(lot.create_date))))
    ordres = adaptateur.ranger(lot.ordre_ids)
    total = int(sum(ordres.mapped("montant")))
    _dire_quoi_payer(doc, lot, len(ordres), total)

    def titres():
        doc.rang(COLONNES, ("", _("Ordre"), _("Bénéficiaire"), dire(adaptateur.colonne_compte), _("Facture"), _("Montant")), gras=True,
                 fond=VERT_SOMBRE, couleur=white, hauteur=5.2 * mm)

    titres()
    doc.reprise = titres
    rang = 0
    for groupe, siens in groupby(ordres, adaptateur.groupe):
        if groupe:
            doc.rang(COLONNES, ("", "", _("%(groupe)s — %(nombre)s paiement(s)", groupe=groupe, nombre=len(siens)), "", "", ecrire_nombre(sum(o.montant for o in siens))),
                     gras=True, fond=VERT_PALE, hauteur=5 * mm)
        for ordre in siens:
            rang += 1
            doc.rang(COLONNES, (
                str(rang), ordre.numero, f"{ordre.titulaire} — {ordre._fields['compte'].convert_to_export(ordre.compte, ordre)}",
                adaptateur.compte(ordre), ordre.facture_id.numero, ecrire_nombre(ordre.montant)), hauteur=5 * mm)
            doc.filet()
    doc.rang(COLONNES, ("", _("TOTAL"), "", "", "", ecrire_nombre(total)), gras=True, fond=VERT_PALE, hauteur=5.4 * mm)
    doc.reprise = None
    _signatures(doc, lot)
    return doc.terminer()


def _dire_quoi_payer(doc, lot, nombre, total):
    """Écrit à qui l'on s'adresse, le compte débité et le total en lettres."""
    faits = {"nombre": nombre, "lettres": lot.env["cnas.decompte"]._en_lettres(total), "total": ecrire_montant(total)}
    if lot.nature == "guichet":
        doc.paragraphe(_("Veuillez payer les %(nombre)s bénéficiaires ci-dessous, sur présentation d'une pièce d'identité, pour un total de "
                         "%(lettres)s (%(total)s).", **faits), taille=9)
    else:
        doc.paragraphe(_("Compte à débiter : %s", lot.compte_debite or POINTILLES), taille=9)
        doc.paragraphe(_("Veuillez exécuter, par le débit de ce compte, les %(nombre)s paiements ci-dessous pour un total de %(lettres)s "
                         "(%(total)s).", **faits), taille=9)
    doc.y -= 4 * mm


def _signatures(doc, lot):
    doc.place(30 * mm)
    doc.y -= 10 * mm
    for x, titre, qui in ((MARGE, _("Préparé par %s", lot.preparateur_id.name or ""), lot.preparateur_id),
                          (doc.largeur / 2, _("Signé par %s", lot.signataire_id.name or ""), lot.signataire_id)):
        if qui and qui == lot.signataire_id:
            titre = _("%(nom)s, le %(jour)s", nom=titre, jour=ecrire_date(lot.date_signature))
        ecrire(doc.page, x, doc.y, titre, 9, gras=True)
        ecrire(doc.page, x, doc.y - 5 * mm, _("Signature et cachet"), 7.5, couleur=GRIS)
