"""Bordereau récapitulatif de la facture : une ligne par feuille, totaux, signatures."""
from reportlab.lib.colors import white
from reportlab.lib.units import mm

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_nombre
from odoo.addons.cnas_base.impression.document import MARGE, Document, colonnes_mm
from odoo.addons.cnas_base.impression.kit import GRIS, VERT_PALE, VERT_SOMBRE, ecrire
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue, titres
from odoo.addons.cnas_base.jour import jour_de

from ..models.facture.dossier import ETATS_FIGES

# Portrait : 210 − 2 × 13 = 184 mm.
COLONNES = colonnes_mm(
    (30, "gauche"), (26, "gauche"), (46, "gauche"), (18, "gauche"), (21, "droite"), (21, "droite"), (22, "droite"))
RECOURS = colonnes_mm((40, "gauche"), (40, "gauche"), (44, "gauche"), (30, "gauche"), (30, "droite"))


def dessiner_facture(facture):
    """Rend les octets du PDF du bordereau."""
    with dans_sa_langue(facture) as facture:
        return _bordereau(facture)


def _bordereau(facture):
    doc = Document(f"Bordereau {facture.numero}", f"{facture.numero} — {facture._libelle_etat(facture.state)}",
                   paysage=False)
    doc.entete(*(titres("BORDEREAU DE COMPLÉMENT", "كشف تكميلي") if facture.nature == "complement" else
                 titres("BORDEREAU RÉCAPITULATIF DE FACTURE", "كشف إجمالي للفاتورة")))
    doc.verifiable(facture._url_papier("br"))
    ecrire(doc.page, doc.largeur / 2, doc.y, f"{facture.numero} — {ecrire_mois(facture.periode)}", 10, gras=True, cote="centre")
    doc.y -= 6 * mm
    _cadres(doc, facture)
    if facture.nature == "complement":
        _recours(doc, facture)
    else:
        _regimes(doc, facture)
        _feuilles(doc, facture)
    _signatures(doc, facture)
    return doc.terminer()


def _cadres(doc, facture):
    largeur = (doc.largeur - 2 * MARGE - 4 * mm) / 2
    qui = facture._identite()
    identite = [
        (_("Code"), qui["code"] or qui["matricule"]), (_("Nom"), qui["nom"] or qui["assure"]),
        (_("District"), qui["district"] or "—"), (_("Convention"), qui["convention"] or "—"),
        (_("N° de la formation"), facture.numero_formation or "—"), (_("Soumise le"), _soumise_le(facture)),
        (_("RIB principal"), qui["rib_principal"] or "—"), (_("RIB pharmacie"), qui["rib_pharmacie"] or "—")]
    montants = [
        (_("Feuilles de soins"), ecrire_nombre(facture.nb_feuilles)), (_("Montant facturé"), ecrire_nombre(facture.montant_facture)),
        (_("Total déclaré"), ecrire_nombre(facture.montant_declare) if facture.montant_declare else "—"),
        (_("Rejeté"), _si_liquidee(facture, facture.montant_rejete)),
        (_("Ticket modérateur"), _si_liquidee(facture, facture.ticket_moderateur)),
        (_("Part CNAS — soins"), _si_liquidee(facture, facture.montant_soins)),
        (_("Part CNAS — pharmacie"), _si_liquidee(facture, facture.montant_pharmacie)),
        (_("PART CNAS (FCFA)"), _si_liquidee(facture, facture.montant_cnas), True)]
    hauteurs = (doc.cadre(MARGE, largeur, _("Formation sanitaire"), identite),
                doc.cadre(MARGE + largeur + 4 * mm, largeur, _("Montants (FCFA)"), montants))
    doc.y -= max(hauteurs) + 5 * mm
    decompte = facture.env["cnas.decompte"]
    if facture.nature == "complement":
        phrase = _("Arrêté le présent complément à %s, recours acceptés.", decompte._en_lettres(facture.montant_complement))
    elif facture.state in ETATS_FIGES:
        phrase = _("Arrêté le présent bordereau à %(facture)s facturés, dont %(part)s à la charge de la CNAS.",
                   facture=decompte._en_lettres(facture.montant_facture), part=decompte._en_lettres(facture.montant_cnas))
    else:
        phrase = _("Arrêté le présent bordereau à %s facturés. La part de la CNAS se lira sur le décompte.",
                   decompte._en_lettres(facture.montant_facture))
    doc.paragraphe(phrase, taille=8.5)
    doc.y -= 4 * mm


def _si_liquidee(facture, montant, sinon=None):
    """Rend le montant que la CNAS a arrêté, une fois qu'elle l'a dit."""
    return ecrire_nombre(montant) if facture.state in ETATS_FIGES else sinon or _("à liquider")


def _recue_par(facture):
    """Rend qui, à la caisse, a reçu la facture : l'agent qui la soumet, ou qui la prend en contrôle."""
    soumetteur = facture.soumetteur_id
    return (facture.controleur_id if soumetteur.share else soumetteur).name or "…"


def _soumise_le(facture):
    """Rend le jour de la soumission à N'Djamena."""
    soumise = facture.date_soumission
    return ecrire_date(soumise and jour_de(soumise))


def _regimes(doc, facture):
    colonnes = colonnes_mm((34, "gauche"), (22, "droite"), (32, "droite"), (32, "droite"), (32, "droite"), (32, "droite"))
    doc.rang(colonnes, (_("Régime"), _("Feuilles"), _("Facturé"), _("Soins"), _("Pharmacie"), _("Part CNAS")), gras=True,
             fond=VERT_PALE)
    for regime, feuilles, facture_, _base, part, soins, pharmacie in facture._montants_par_regime()[facture.id]:
        doc.rang(colonnes, (regime, ecrire_nombre(feuilles), ecrire_nombre(facture_),
                            *(_si_liquidee(facture, montant, "—") for montant in (soins, pharmacie, part))))
    doc.y -= 4 * mm


def _recours(doc, facture):
    """Les recours acceptés que règle la facture de complément."""
    doc.rang(RECOURS, (_("Recours accepté"), _("Décompte contesté"), _("Feuille"), _("Décidé le"), _("Accordé")), gras=True, fond=VERT_SOMBRE,
             couleur=white, hauteur=5.2 * mm)
    for recours in facture.complement_ids.sorted("numero"):
        doc.rang(RECOURS, (recours.numero, recours.decompte_id.numero, recours.feuille_numero, ecrire_date(recours.date_decision),
                           ecrire_nombre(recours.montant_accorde)))
        doc.filet()
    doc.rang(RECOURS, (_("TOTAL"), "", "", "", ecrire_nombre(facture.montant_complement)), gras=True, fond=VERT_PALE, hauteur=5 * mm)


def _feuilles(doc, facture):
    def entete():
        doc.rang(COLONNES, (_("N° de feuille"), _("Matricule"), _("Bénéficiaire"), _("Soins"), _("Facturé"), _("Ticket"), _("Part CNAS")), gras=True, fond=VERT_SOMBRE, couleur=white, hauteur=5.2 * mm)

    entete()
    doc.reprise = entete
    for numero, matricule, nom, date, facture_, ticket, part in facture._feuilles_imprimees():
        doc.rang(COLONNES, (numero, matricule, nom, ecrire_date(date), ecrire_nombre(facture_),
                            _si_liquidee(facture, ticket, "—"), _si_liquidee(facture, part, "—")))
        doc.filet()
    doc.rang(COLONNES, (_("TOTAL"), "", "", "", ecrire_nombre(facture.montant_facture),
                        _si_liquidee(facture, facture.ticket_moderateur), _si_liquidee(facture, facture.montant_cnas)), gras=True, fond=VERT_PALE, hauteur=5 * mm)
    doc.reprise = None


def _signatures(doc, facture):
    doc.place(36 * mm)
    doc.y -= 9 * mm
    ecrire(doc.page, MARGE, doc.y, _("Le responsable de la formation"), 8.5, gras=True)
    ecrire(doc.page, doc.largeur / 2, doc.y, _("Accusé de réception CNAS"), 8.5, gras=True)
    for rang, (libelle, valeur) in enumerate((
        (_("Date"), _soumise_le(facture)), (_("Déposée par"), facture.soumetteur_id.name or "…"), (_("Reçue par"), _recue_par(facture)),
        (_("Nombre de feuilles reçues"), ecrire_nombre(facture.nb_feuilles) if facture.date_soumission else "…"),
    ), 1):
        ecrire(doc.page, doc.largeur / 2, doc.y - rang * 4.5 * mm, _("%(libelle)s : %(valeur)s", libelle=libelle, valeur=valeur), 8, couleur=GRIS)
    doc.y -= 22 * mm
