"""État des virements d'un lot, à signer et à remettre à la banque."""
from reportlab.lib.colors import white
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, ecrire_nombre
from odoo.addons.cnas_base.impression.document import MARGE, Document, colonnes_mm
from odoo.addons.cnas_base.impression.kit import GRIS, VERT_PALE, VERT_SOMBRE, ecrire
from odoo.addons.cnas_base.jour import jour_de

COLONNES = colonnes_mm(
    (8, "droite"), (30, "gauche"), (82, "gauche"), (50, "gauche"), (32, "gauche"), (42, "gauche"), (27, "droite"))
TITRES = ("", "Ordre", "Bénéficiaire", "RIB", "Banque", "Facture", "Montant")


def dessiner_lot(lot):
    """Rend les octets du PDF de l'état du lot."""
    doc = Document(f"Virements {lot.numero}", f"{lot.numero} — état des virements")
    doc.entete("ORDRE DE VIREMENTS", f"N° {lot.numero} — {ecrire_date(lot.date_transmission or jour_de(lot.create_date))}")
    ordres = lot.ordre_ids.sorted("numero")
    total = int(sum(ordres.mapped("montant")))
    lettres = lot.env["cnas.decompte"]._en_lettres(total)
    doc.paragraphe(
        f"Veuillez exécuter, par le débit de notre compte, les {len(ordres)} virements ci-dessous pour un total de "
        f"{lettres} ({ecrire_montant(total)}).", taille=9)
    doc.y -= 4 * mm

    def titres():
        doc.rang(COLONNES, TITRES, gras=True, fond=VERT_SOMBRE, couleur=white, hauteur=5.2 * mm)

    titres()
    doc.reprise = titres
    for rang, ordre in enumerate(ordres, 1):
        doc.rang(COLONNES, (
            str(rang), ordre.numero, f"{ordre.titulaire} — {ordre._fields['compte'].convert_to_export(ordre.compte, ordre)}",
            ordre.rib, ordre.banque or "—", ordre.facture_id.numero, ecrire_nombre(ordre.montant)), hauteur=5 * mm)
        doc.filet()
    doc.rang(COLONNES, ("", "TOTAL", "", "", "", "", ecrire_nombre(total)), gras=True, fond=VERT_PALE, hauteur=5.4 * mm)
    doc.reprise = None
    doc.place(30 * mm)
    doc.y -= 10 * mm
    for x, titre in ((MARGE, "L'ordonnateur"), (doc.largeur / 2, "L'agent comptable")):
        ecrire(doc.page, x, doc.y, titre, 9, gras=True)
        ecrire(doc.page, x, doc.y - 5 * mm, "Nom, date, signature et cachet", 7.5, couleur=GRIS)
    return doc.terminer()
