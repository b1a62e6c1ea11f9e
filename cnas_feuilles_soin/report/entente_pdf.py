"""La réponse à une demande d'entente préalable, vérifiable par son QR. Jamais de diagnostic."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_quantite
from odoo.addons.cnas_base.impression.document import MARGE, Document, colonnes_mm, couper
from odoo.addons.cnas_base.impression.kit import GRIS, ROUGE, dessiner_qr, ecrire
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue, titres

COTE_QR = 30 * mm


def dessiner_reponses(ententes):
    """Rend le PDF des réponses, une par page. Entrée : `cnas.entente_prealable` décidées ; sortie : bytes."""
    doc = None
    for une in ententes:
        with dans_sa_langue(une) as entente:
            mention = _("Entente préalable — %s", entente.numero)
            if doc:
                doc.suivant(mention)
            else:
                doc = Document("Entente préalable", mention, paysage=False)
            doc.entete(*titres("Réponse à une entente préalable", "الرد على طلب الموافقة المسبقة"))
            _reponse(doc, entente)
    return doc.terminer()


def _reponse(doc, entente):
    refusee = entente.state == "refusee"
    rangs = [
        (_("Demande"), entente.numero), (_("Réponse"), _("REFUSÉE") if refusee else _("ACCORDÉE")),
        (_("Bénéficiaire"), f"{entente.assure_id.name} ({entente.assure_id.matricule})"),
        (_("Formation sanitaire"), entente.formation_id.display_name), (_("Prestation"), entente.prestation_id.display_name),
        (_("Quantité demandée"), ecrire_quantite(entente.quantite_demandee))]
    if not refusee:
        rangs += [(_("Quantité accordée"), ecrire_quantite(entente.quantite_accordee)), (_("Montant accordé"), entente._montant_dit()),
                  (_("Valable"), _("du %(debut)s au %(fin)s", debut=ecrire_date(entente.date_debut), fin=ecrire_date(entente.date_fin)))]
    colonnes = colonnes_mm((44, "gauche"), (140, "gauche"))
    for libelle, valeur in rangs:
        ecrire(doc.page, MARGE + 1, doc.y - 10 * 1.3, libelle, 9, couleur=GRIS)
        lignes = couper(valeur, 138 * mm, 10)
        doc._cases(colonnes, [[""], lignes], 10)
        doc.y -= len(lignes) * 10 * 1.3 + 1.5 * mm
    doc.y -= 3 * mm
    if entente.motif_decision:
        doc.paragraphe(_("Motif : %s", entente.motif_decision), 10, couleur=ROUGE if refusee else GRIS)
    doc.paragraphe(_("Joignez ce numéro à la feuille de soins. L'accord porte sur la prestation, non sur les droits, qui se vérifient au jour "
                     "des soins."), 8.5, couleur=GRIS)
    doc.y -= 4 * mm + COTE_QR
    dessiner_qr(doc.page, entente._url_verification(), MARGE, doc.y, COTE_QR)
    ecrire(doc.page, MARGE + COTE_QR + 5 * mm, doc.y + COTE_QR / 2, _("Ce QR dit si la réponse est authentique et vaut encore."), 9, couleur=GRIS)
