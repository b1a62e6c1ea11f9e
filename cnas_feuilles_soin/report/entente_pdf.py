"""La réponse à une demande d'entente préalable, vérifiable par son QR. Jamais de diagnostic."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_quantite
from odoo.addons.cnas_base.impression.document import MARGE, Document, colonnes_mm, couper
from odoo.addons.cnas_base.impression.kit import GRIS, ROUGE, dessiner_qr, ecrire

COTE_QR = 30 * mm


def dessiner_reponses(ententes):
    """Rend le PDF des réponses, une par page. Entrée : `cnas.entente_prealable` décidées ; sortie : bytes."""
    doc = None
    for entente in ententes:
        mention = f"Entente préalable — {entente.numero}"
        if doc:
            doc.suivant(mention)
        else:
            doc = Document("Entente préalable", mention, paysage=False)
        doc.entete("Réponse à une entente préalable", "الرد على طلب الموافقة المسبقة")
        _reponse(doc, entente)
    return doc.terminer()


def _reponse(doc, entente):
    refusee = entente.state == "refusee"
    rangs = [
        ("Demande", entente.numero), ("Réponse", "REFUSÉE" if refusee else "ACCORDÉE"),
        ("Bénéficiaire", f"{entente.assure_id.name} ({entente.assure_id.matricule})"),
        ("Formation sanitaire", entente.formation_id.display_name), ("Prestation", entente.prestation_id.display_name),
        ("Quantité demandée", ecrire_quantite(entente.quantite_demandee))]
    if not refusee:
        rangs += [("Quantité accordée", ecrire_quantite(entente.quantite_accordee)), ("Montant accordé", entente._montant_dit()),
                  ("Valable", f"du {ecrire_date(entente.date_debut)} au {ecrire_date(entente.date_fin)}")]
    colonnes = colonnes_mm((44, "gauche"), (140, "gauche"))
    for libelle, valeur in rangs:
        ecrire(doc.page, MARGE + 1, doc.y - 10 * 1.3, libelle, 9, couleur=GRIS)
        lignes = couper(valeur, 138 * mm, 10)
        doc._cases(colonnes, [[""], lignes], 10)
        doc.y -= len(lignes) * 10 * 1.3 + 1.5 * mm
    doc.y -= 3 * mm
    if entente.motif_decision:
        doc.paragraphe(f"Motif : {entente.motif_decision}", 10, couleur=ROUGE if refusee else GRIS)
    doc.paragraphe("Joignez ce numéro à la feuille de soins. L'accord porte sur la prestation, non sur les droits, qui se "
                   "vérifient au jour des soins.", 8.5, couleur=GRIS)
    doc.y -= 4 * mm + COTE_QR
    dessiner_qr(doc.page, entente._url_verification(), MARGE, doc.y, COTE_QR)
    ecrire(doc.page, MARGE + COTE_QR + 5 * mm, doc.y + COTE_QR / 2, "Ce QR dit si la réponse est authentique et vaut encore.", 9, couleur=GRIS)
