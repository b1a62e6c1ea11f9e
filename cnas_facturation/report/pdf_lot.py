"""Bordereau d'un lot de paiement, à signer et à remettre à la banque, à l'opérateur ou au guichet."""
from reportlab.lib.colors import white
from reportlab.lib.units import mm

from odoo.tools import groupby

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, ecrire_nombre
from odoo.addons.cnas_base.impression.document import MARGE, Document, colonnes_mm
from odoo.addons.cnas_base.impression.kit import GRIS, VERT_PALE, VERT_SOMBRE, ecrire
from odoo.addons.cnas_base.jour import jour_de

from ..adaptateurs import ADAPTATEURS

COLONNES = colonnes_mm((9, "droite"), (32, "gauche"), (98, "gauche"), (56, "gauche"), (47, "gauche"), (29, "droite"))
POINTILLES = "." * 60


def dessiner_lot(lot):
    """Rend les octets du PDF du bordereau du lot."""
    adaptateur = ADAPTATEURS[lot.nature]
    doc = Document(f"Lot {lot.numero}", f"{lot.numero} — bordereau de paiement")
    doc.entete(adaptateur.titre, f"N° {lot.numero} — {ecrire_date(lot.date_signature or jour_de(lot.create_date))}")
    ordres = adaptateur.ranger(lot.ordre_ids)
    total = int(sum(ordres.mapped("montant")))
    _dire_quoi_payer(doc, lot, len(ordres), total)

    def titres():
        doc.rang(COLONNES, ("", "Ordre", "Bénéficiaire", adaptateur.colonne_compte, "Facture", "Montant"), gras=True,
                 fond=VERT_SOMBRE, couleur=white, hauteur=5.2 * mm)

    titres()
    doc.reprise = titres
    rang = 0
    for groupe, siens in groupby(ordres, adaptateur.groupe):
        if groupe:
            doc.rang(COLONNES, ("", "", f"{groupe} — {len(siens)} paiement(s)", "", "", ecrire_nombre(sum(o.montant for o in siens))),
                     gras=True, fond=VERT_PALE, hauteur=5 * mm)
        for ordre in siens:
            rang += 1
            doc.rang(COLONNES, (
                str(rang), ordre.numero, f"{ordre.titulaire} — {ordre._fields['compte'].convert_to_export(ordre.compte, ordre)}",
                adaptateur.compte(ordre), ordre.facture_id.numero, ecrire_nombre(ordre.montant)), hauteur=5 * mm)
            doc.filet()
    doc.rang(COLONNES, ("", "TOTAL", "", "", "", ecrire_nombre(total)), gras=True, fond=VERT_PALE, hauteur=5.4 * mm)
    doc.reprise = None
    _signatures(doc, lot)
    return doc.terminer()


def _dire_quoi_payer(doc, lot, nombre, total):
    """Écrit à qui l'on s'adresse, le compte débité et le total en lettres."""
    somme = f"{lot.env['cnas.decompte']._en_lettres(total)} ({ecrire_montant(total)})"
    if lot.nature == "guichet":
        doc.paragraphe(f"Veuillez payer les {nombre} bénéficiaires ci-dessous, sur présentation d'une pièce d'identité, pour un total "
                       f"de {somme}.", taille=9)
    else:
        doc.paragraphe(f"Compte à débiter : {lot.compte_debite or POINTILLES}", taille=9)
        doc.paragraphe(f"Veuillez exécuter, par le débit de ce compte, les {nombre} paiements ci-dessous pour un total de {somme}.",
                       taille=9)
    doc.y -= 4 * mm


def _signatures(doc, lot):
    doc.place(30 * mm)
    doc.y -= 10 * mm
    for x, titre, qui in ((MARGE, "Préparé par", lot.preparateur_id), (doc.largeur / 2, "Signé par", lot.signataire_id)):
        jour = f", le {ecrire_date(lot.date_signature)}" if qui and qui == lot.signataire_id else ""
        ecrire(doc.page, x, doc.y, f"{titre} {qui.name or ''}{jour}".strip(), 9, gras=True)
        ecrire(doc.page, x, doc.y - 5 * mm, "Signature et cachet", 7.5, couleur=GRIS)
