"""Rapport mensuel de pilotage : les indicateurs du mois, leur comparaison, ce qui alerte et qui en répond."""
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_montant, ecrire_quantite
from odoo.addons.cnas_base.impression.document import Document, colonnes_mm
from odoo.addons.cnas_base.impression.kit import VERT, ecrire

COLONNES = colonnes_mm((88, "gauche"), (34, "droite"), (34, "droite"), (32, "droite"), (30, "gauche"), (53, "gauche"))
TITRES = ("Indicateur", "Valeur", "Période d'avant", "Alerte", "État", "Responsable")
ETATS = {"rouge": "En alerte", "orange": "À surveiller", "vert": "Bon", "": "—"}
INDETERMINE = "n. d."


def dessiner_rapport(tableau, premiers):
    """Rend les octets du PDF.

    :param tableau: ce que rend `cnas.indicateur_pilotage.tableau`
    :param premiers: [(titre, [{"libelle", "nombre", "montant"}])]
    """
    debut, fin = tableau["debut"], tableau["fin"]
    doc = Document(f"Pilotage {debut}", f"Rapport de pilotage — {ecrire_mois(debut)} — du {ecrire_date(debut)} au {ecrire_date(fin)}")
    doc.entete("Rapport de pilotage", ecrire_mois(debut).capitalize())
    alertes = [i for i in tableau["indicateurs"] if i["couleur"] == "rouge"]
    doc.paragraphe(f"{len(alertes)} indicateur(s) en alerte : {', '.join(i['nom'] for i in alertes)}." if alertes
                   else "Aucun indicateur en alerte.", taille=9)
    for famille, titre in tableau["familles"]:
        siens = [i for i in tableau["indicateurs"] if i["famille"] == famille]
        _titre(doc, titre)
        doc.tableau(COLONNES, TITRES, [_rang(i) for i in siens])
    for titre, rangs in premiers:
        if rangs:
            _titre(doc, titre)
            doc.tableau(colonnes_mm((190, "gauche"), (30, "droite"), (51, "droite")), ("", "Nombre", "Montant"),
                        [(r["libelle"], str(r["nombre"]), ecrire_montant(r["montant"])) for r in rangs])
    return doc.terminer()


def ecrire_valeur(valeur, unite):
    """Écrit une valeur et son unité : « 7,4 % », « 12 500 FCFA », « n. d. »."""
    if valeur is None:
        return INDETERMINE
    if unite == "FCFA":
        return ecrire_montant(valeur)
    return f"{ecrire_quantite(round(valeur, 1))} {unite if unite != 'nombre' else ''}".strip()


def _rang(indicateur):
    unite = indicateur["unite"]
    seuil = ecrire_valeur(indicateur["rouge"], unite) if indicateur["rouge"] is not None else ""
    return (indicateur["nom"], ecrire_valeur(indicateur["valeur"], unite), ecrire_valeur(indicateur["precedente"], unite),
            f"{'≥' if indicateur['sens'] == 'bas' else '≤'} {seuil}" if seuil else "", ETATS[indicateur["couleur"]], indicateur["responsable"])


def _titre(doc, titre):
    doc.place(22 * mm)
    doc.y -= 6 * mm
    ecrire(doc.page, COLONNES[0][0], doc.y, titre, 10, gras=True, couleur=VERT)
    doc.y -= 2 * mm
