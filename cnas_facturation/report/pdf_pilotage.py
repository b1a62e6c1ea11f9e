"""Rapport mensuel de pilotage : les indicateurs du mois, leur comparaison, ce qui alerte et qui en répond."""
from reportlab.lib.units import mm

from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_montant, ecrire_quantite
from odoo.addons.cnas_base.impression.document import Document, colonnes_mm
from odoo.addons.cnas_base.impression.kit import VERT, ecrire
from odoo.addons.cnas_base.impression.langue import _, dire

COLONNES = colonnes_mm((88, "gauche"), (34, "droite"), (34, "droite"), (32, "droite"), (30, "gauche"), (53, "gauche"))
ETATS = {"rouge": _lt("En alerte"), "orange": _lt("À surveiller"), "vert": _lt("Bon")}
UNITES = {"jours": _lt("jours"), "mois": _lt("mois"), "par an": _lt("par an")}


def dessiner_rapport(tableau, premiers):
    """Rend les octets du PDF.

    :param tableau: ce que rend `cnas.indicateur_pilotage.tableau`
    :param premiers: [(titre, [{"libelle", "nombre", "montant"}])]
    """
    debut, fin = tableau["debut"], tableau["fin"]
    doc = Document(f"Pilotage {debut}", _("Rapport de pilotage — %(mois)s — du %(debut)s au %(fin)s", mois=ecrire_mois(debut),
                                          debut=ecrire_date(debut), fin=ecrire_date(fin)))
    doc.entete(_("Rapport de pilotage"), ecrire_mois(debut).capitalize())
    alertes = [i for i in tableau["indicateurs"] if i["couleur"] == "rouge"]
    doc.paragraphe(_("%(nombre)s indicateur(s) en alerte : %(noms)s.", nombre=len(alertes), noms=", ".join(i["nom"] for i in alertes)) if alertes
                   else _("Aucun indicateur en alerte."), taille=9)
    for famille, titre in tableau["familles"]:
        siens = [i for i in tableau["indicateurs"] if i["famille"] == famille]
        _titre(doc, titre)
        doc.tableau(COLONNES, (_("Indicateur"), _("Valeur"), _("Période d'avant"), _("Alerte"), _("État"), _("Responsable")), [_rang(i) for i in siens])
    for titre, rangs in premiers:
        if rangs:
            _titre(doc, titre)
            doc.tableau(colonnes_mm((190, "gauche"), (30, "droite"), (51, "droite")), ("", _("Nombre"), _("Montant")),
                        [(r["libelle"], str(r["nombre"]), ecrire_montant(r["montant"])) for r in rangs])
    return doc.terminer()


def ecrire_valeur(valeur, unite):
    """Écrit une valeur et son unité : « 7,4 % », « 12 500 FCFA », « n. d. »."""
    if valeur is None:
        return _("n. d.")
    if unite == "FCFA":
        return ecrire_montant(valeur)
    nombre = ecrire_quantite(round(valeur, 1))
    return nombre if unite == "nombre" else f"{nombre} {dire(UNITES[unite]) if unite in UNITES else unite}"


def _rang(indicateur):
    unite = indicateur["unite"]
    seuil = ecrire_valeur(indicateur["rouge"], unite) if indicateur["rouge"] is not None else ""
    return (indicateur["nom"], ecrire_valeur(indicateur["valeur"], unite), ecrire_valeur(indicateur["precedente"], unite),
            f"{'≥' if indicateur['sens'] == 'bas' else '≤'} {seuil}" if seuil else "", dire(ETATS[indicateur["couleur"]]) if indicateur["couleur"] else "—", indicateur["responsable"])


def _titre(doc, titre):
    doc.place(22 * mm)
    doc.y -= 6 * mm
    ecrire(doc.page, COLONNES[0][0], doc.y, titre, 10, gras=True, couleur=VERT)
    doc.y -= 2 * mm
