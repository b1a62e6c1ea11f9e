"""Les papiers d'une feuille de soins : accusé, demande de pièces, rejet, bordereau, étiquette. Jamais de diagnostic."""
from reportlab.lib.units import mm

from odoo import _
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, ecrire_nombre, ecrire_quantite
from odoo.addons.cnas_base.impression.document import HAUTEUR_SIGNATURES, MARGE, Document, colonnes_mm, couper
from odoo.addons.cnas_base.impression.kit import ENCRE, GRIS, ROUGE, ecrire

PRESTATIONS = colonnes_mm((92, "gauche"), (22, "droite"), (34, "droite"), (36, "droite"))
ANOMALIES = colonnes_mm((20, "gauche"), (62, "gauche"), (72, "gauche"), (30, "droite"))
DOSSIERS = colonnes_mm((12, "droite"), (40, "gauche"), (64, "gauche"), (24, "gauche"), (28, "droite"), (16, "droite"))


def dessiner_accuses(feuilles):
    """Rend le PDF des accusés de dépôt, un document par feuille. Entrée : `cnas.feuille_soin` ; sortie : bytes."""
    return _feuilles(feuilles, "Accusé de dépôt", "إشعار باستلام الملف", _accuse, "ad")


def dessiner_demandes(feuilles):
    """Rend le PDF des demandes de pièces."""
    return _feuilles(feuilles, "Demande de pièces complémentaires", "طلب وثائق إضافية", _demande, "dp")


def dessiner_rejets(feuilles):
    """Rend le PDF des notifications de rejet."""
    return _feuilles(feuilles, "Notification de rejet", "إشعار بالرفض", _rejet, "nr")


def _feuilles(feuilles, titre, titre_arabe, corps, code):
    def dessiner(doc, feuille):
        _identite(doc, feuille)
        corps(doc, feuille)
    return _documents(feuilles, titre, titre_arabe, dessiner, code)


def _documents(papiers, titre, titre_arabe, corps, code, haut="{titre}"):
    """Rend le PDF d'un papier par enregistrement, chacun paginé à part, sous son numéro et son QR.

    :param code: le papier, dans les `_papiers` du modèle
    :raise UserError: aucun
    """
    if not papiers:
        raise UserError(_("Choisissez au moins un papier à imprimer."))
    doc = None
    for papier in papiers:
        numero = papier.display_name
        mention = f"{titre} — {numero}"
        if doc:
            doc.suivant(mention)
        else:
            doc = Document(titre, mention, paysage=False)
        doc.entete(haut.format(titre=titre, numero=numero), titre_arabe)
        doc.verifiable(papier._url_papier(code))
        doc.code_barres(numero)
        corps(doc, papier)
    return doc.terminer()


def _identite(doc, feuille):
    rangs = [
        ("Dossier", feuille.numero or "—"), ("Bénéficiaire", f"{feuille.assure_id.name} ({feuille.assure_id.matricule or '—'})"),
        ("Formation sanitaire", feuille.formation_id.display_name), ("Référence de la feuille", feuille.reference or "—"),
        ("Date des soins", ecrire_date(feuille.date_soins)),
        ("Déposée le", f"{ecrire_date(feuille.date_depot)}, agence de {feuille.agence_id.name}"),
        ("Montant facturé", ecrire_montant(feuille.montant_facture)),
    ]
    colonnes = colonnes_mm((44, "gauche"), (140, "gauche"))
    for libelle, valeur in rangs:
        ecrire(doc.page, MARGE + 1, doc.y - 9 * 1.3, libelle, 8.5, couleur=GRIS)
        doc._cases(colonnes, [[""], lignes := couper(valeur, 138 * mm, 9)], 9)
        doc.y -= len(lignes) * 9 * 1.3 + 1 * mm
    doc.y -= 4 * mm


def _prestations(doc, feuille, reserve):
    doc.tableau(PRESTATIONS, ["Prestation", "Quantité", "Prix unitaire", "Montant"], [
        [ligne.prestation_id.display_name, ecrire_quantite(ligne.quantite), ecrire_nombre(ligne.prix_unitaire),
         ecrire_nombre(ligne.montant_facture)] for ligne in feuille.ligne_ids],
        montants=feuille.ligne_ids.mapped("montant_facture"), reserve=reserve,
        rappel=f"Suite de la feuille {feuille.numero or feuille.reference} — {feuille.assure_id.name}")
    doc.rang(PRESTATIONS, ["Total", "", "", ecrire_nombre(feuille.montant_facture)], 8.5, gras=True, hauteur=5 * mm)
    doc.y -= 3 * mm


def _accuse(doc, feuille):
    _prestations(doc, feuille, HAUTEUR_SIGNATURES + 24 * mm)
    if feuille.state == "instance":
        doc.paragraphe("Dossier incomplet. Il manque :", 9, couleur=ROUGE)
        _manques(doc, feuille)
    doc.paragraphe("Gardez cet accusé : son numéro suit le dossier jusqu'au paiement. Il ne vaut pas accord de prise en charge.",
                   8, couleur=GRIS)
    doc.y -= 3 * mm
    doc.signatures(("Reçu par", feuille.deposee_par_id.name), ("Signature et cachet de la formation", ""))


def _demande(doc, feuille):
    doc.paragraphe("Votre dossier est en instance. Pour qu'il soit traité, fournissez :", 9.5)
    _manques(doc, feuille)
    doc.y -= 2 * mm
    doc.paragraphe("Passé ce jour, le dossier sera rejeté. Les pièces se déposent à l'agence ou sur l'espace de la formation "
                   "sanitaire.", 8.5, couleur=GRIS)
    doc.y -= 3 * mm
    doc.signatures(("Pour la caisse", feuille.controleur_id.name), ("Reçu par la formation, le", ""))


def _manques(doc, feuille):
    for demande in feuille.demande_ids.filtered(lambda d: d.state == "en_attente"):
        doc.y -= 1 * mm
        doc.paragraphe(f"— {demande.motif}", 9.5, retrait=5 * mm)
    if feuille.date_limite_instance:
        doc.y -= 1 * mm
        doc.paragraphe(f"À fournir avant le {ecrire_date(feuille.date_limite_instance)}.", 9.5)


def _rejet(doc, feuille):
    if feuille.motif_decision:
        doc.paragraphe(f"Motif : {feuille.motif_decision}", 9.5)
        doc.y -= 2 * mm
    anomalies = feuille.sudo().anomalie_ids.filtered(lambda a: a.severite == "rejet" and a.state == "ouverte")
    if anomalies:
        rejetes = [a.montant_avant - a.montant_apres for a in anomalies]
        doc.tableau(ANOMALIES, ["Code", "Prestation", "Motif", "Rejeté"], [
            [a.code, a.ligne_id.prestation_id.display_name or "Toute la feuille", a.message, ecrire_nombre(rejete)]
            for a, rejete in zip(anomalies, rejetes)], montants=rejetes, reserve=HAUTEUR_SIGNATURES + 30 * mm,
            rappel=f"Suite du rejet de la feuille {feuille.numero}")
        doc.y -= 2 * mm
    doc.paragraphe(f"Montant rejeté : {ecrire_montant(feuille.montant_rejete)}.", 9.5)
    doc.y -= 2 * mm
    doc.paragraphe(f"Décidé le {ecrire_date(feuille.date_decision)}. Voies de recours : déposer une feuille corrigée qui reprend celle-ci, ou "
                   f"contester par écrit, motif et pièces à l'appui, à l'agence ou sur votre espace, {feuille._delai_de_recours()}.", 8.5)
    doc.y -= 3 * mm
    doc.signatures(("Pour la caisse", feuille.decidee_par_id.name), ("Reçu par la formation, le", ""))


# ---------------------------------------------------------------------- bordereau et étiquette
def dessiner_bordereaux(bordereaux):
    """Rend le PDF des bordereaux de transmission, un document par bordereau."""
    return _documents(bordereaux, "Bordereau de transmission", "كشف الإرسال", _bordereau, "bt", haut="{titre} {numero}")


def dessiner_etiquettes(boites):
    """Rend le PDF des étiquettes de boîtes d'archives, une page par boîte."""
    return _documents(boites, "Étiquette de boîte", "صندوق الأرشيف", _etiquette, "eb", haut="{numero}")


def _bordereau(doc, bordereau):
    envoi = f", envoyés le {ecrire_date(bordereau.date_envoi)}" if bordereau.date_envoi else ""
    doc.paragraphe(f"De {bordereau.agence_id.name} vers {bordereau.destination_id.name} : "
                   f"{len(bordereau.feuille_ids)} dossiers{envoi}.", 9.5)
    doc.y -= 2 * mm
    doc.tableau(DOSSIERS, ["N°", "Dossier", "Bénéficiaire", "Formation", "Facturé", "Reçu"], [
        [str(rang), f.numero, f.assure_id.name, f.formation_id.code, ecrire_nombre(f.montant_facture), "[   ]"]
        for rang, f in enumerate(bordereau.feuille_ids, 1)], reserve=HAUTEUR_SIGNATURES + 12 * mm,
        rappel=f"Suite du bordereau {bordereau.name}")
    doc.y -= 3 * mm
    if bordereau.manquante_ids:
        doc.paragraphe("Absents à l'arrivée : " + ", ".join(bordereau.manquante_ids.mapped("display_name")), 9, couleur=ROUGE)
    if bordereau.observation:
        doc.paragraphe(bordereau.observation, 9)
    doc.signatures(("Envoyé par", bordereau.envoye_par_id.name), ("Reçu par", bordereau.recu_par_id.name))


def _etiquette(doc, boite):
    numeros = [n for n in boite.feuille_ids.mapped("numero") if n]
    for texte, taille in ((boite.emplacement, 20), (f"Agence : {boite.agence_id.name}", 12), (f"{boite.nombre} dossiers", 12),
                          (f"Du {min(numeros)} au {max(numeros)}" if numeros else "", 12)):
        if texte:
            doc.y -= taille * 1.8
            ecrire(doc.page, doc.largeur / 2, doc.y, texte, taille, couleur=ENCRE, cote="centre", largeur=doc.largeur - 2 * MARGE)
