"""Les papiers d'une feuille de soins : accusé, demande de pièces, rejet, bordereau, étiquette. Jamais de diagnostic."""
from reportlab.lib.units import mm

from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant, ecrire_nombre, ecrire_quantite
from odoo.addons.cnas_base.impression.document import HAUTEUR_SIGNATURES, MARGE, Document, colonnes_mm, couper
from odoo.addons.cnas_base.impression.kit import ENCRE, GRIS, ROUGE, ecrire
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue, titres

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
    """Rend le PDF d'un papier par enregistrement, chacun dans la langue de qui le reçoit, paginé à part, sous son numéro et son QR.

    :param code: le papier, dans les `_papiers` du modèle
    :param haut: gabarit du premier titre, où « {titre} » et « {numero} » se remplacent
    :raise UserError: aucun
    """
    if not papiers:
        raise UserError(_("Choisissez au moins un papier à imprimer."))
    doc = None
    for fiche in papiers:
        with dans_sa_langue(fiche) as papier:
            numero = papier.display_name
            devant, dessous = titres(titre, titre_arabe)
            mention = f"{devant} — {numero}"
            if doc:
                doc.suivant(mention)
            else:
                doc = Document(titre, mention, paysage=False)
            doc.entete(haut.format(titre=devant, numero=numero), dessous)
            doc.verifiable(papier._url_papier(code))
            doc.code_barres(numero)
            corps(doc, papier)
    return doc.terminer()


def _identite(doc, feuille):
    rangs = [
        (_("Dossier"), feuille.numero or "—"), (_("Bénéficiaire"), f"{feuille.assure_id.name} ({feuille.assure_id.matricule or '—'})"),
        (_("Formation sanitaire"), feuille.formation_id.display_name), (_("Référence de la feuille"), feuille.reference or "—"),
        (_("Date des soins"), ecrire_date(feuille.date_soins)),
        (_("Déposée le"), _("%(jour)s, agence de %(agence)s", jour=ecrire_date(feuille.date_depot), agence=feuille.agence_id.name)),
        (_("Montant facturé"), ecrire_montant(feuille.montant_facture)),
    ]
    colonnes = colonnes_mm((44, "gauche"), (140, "gauche"))
    for libelle, valeur in rangs:
        ecrire(doc.page, MARGE + 1, doc.y - 9 * 1.3, libelle, 8.5, couleur=GRIS)
        doc._cases(colonnes, [[""], lignes := couper(valeur, 138 * mm, 9)], 9)
        doc.y -= len(lignes) * 9 * 1.3 + 1 * mm
    doc.y -= 4 * mm


def _prestations(doc, feuille, reserve):
    doc.tableau(PRESTATIONS, [_("Prestation"), _("Quantité"), _("Prix unitaire"), _("Montant")], [
        [ligne.prestation_id.display_name, ecrire_quantite(ligne.quantite), ecrire_nombre(ligne.prix_unitaire),
         ecrire_nombre(ligne.montant_facture)] for ligne in feuille.ligne_ids],
        montants=feuille.ligne_ids.mapped("montant_facture"), reserve=reserve,
        rappel=_("Suite de la feuille %(numero)s — %(nom)s", numero=feuille.numero or feuille.reference, nom=feuille.assure_id.name))
    doc.rang(PRESTATIONS, [_("Total"), "", "", ecrire_nombre(feuille.montant_facture)], 8.5, gras=True, hauteur=5 * mm)
    doc.y -= 3 * mm


def _accuse(doc, feuille):
    _prestations(doc, feuille, HAUTEUR_SIGNATURES + 24 * mm)
    if feuille.state == "instance":
        doc.paragraphe(_("Dossier incomplet. Il manque :"), 9, couleur=ROUGE)
        _manques(doc, feuille)
    doc.paragraphe(_("Gardez cet accusé : son numéro suit le dossier jusqu'au paiement. Il ne vaut pas accord de prise en charge."),
                   8, couleur=GRIS)
    doc.y -= 3 * mm
    doc.signatures((_("Reçu par"), feuille.deposee_par_id.name), (_("Signature et cachet de la formation"), ""))


def _demande(doc, feuille):
    doc.paragraphe(_("Votre dossier est en instance. Pour qu'il soit traité, fournissez :"), 9.5)
    _manques(doc, feuille)
    doc.y -= 2 * mm
    doc.paragraphe(_("Passé ce jour, le dossier sera rejeté. Les pièces se déposent à l'agence ou sur l'espace de la formation "
                     "sanitaire."), 8.5, couleur=GRIS)
    doc.y -= 3 * mm
    doc.signatures((_("Pour la caisse"), feuille.controleur_id.name), (_("Reçu par la formation, le"), ""))


def _manques(doc, feuille):
    for demande in feuille.demande_ids.filtered(lambda d: d.state == "en_attente"):
        doc.y -= 1 * mm
        doc.paragraphe(f"— {demande.motif_lu}", 9.5, retrait=5 * mm)
    if feuille.date_limite_instance:
        doc.y -= 1 * mm
        doc.paragraphe(_("À fournir avant le %s.", ecrire_date(feuille.date_limite_instance)), 9.5)


def _rejet(doc, feuille):
    if feuille.motif_decision:
        doc.paragraphe(_("Motif : %s", feuille.motif_lu), 9.5)
        doc.y -= 2 * mm
    anomalies = feuille.sudo().anomalie_ids.filtered(lambda a: a.severite == "rejet" and a.state == "ouverte")
    if anomalies:
        rejetes = [a.montant_avant - a.montant_apres for a in anomalies]
        doc.tableau(ANOMALIES, [_("Code"), _("Prestation"), _("Motif"), _("Rejeté")], [
            [a.code, a.ligne_id.prestation_id.display_name or _("Toute la feuille"), a.motif_lu, ecrire_nombre(rejete)]
            for a, rejete in zip(anomalies, rejetes)], montants=rejetes, reserve=HAUTEUR_SIGNATURES + 30 * mm,
            rappel=_("Suite du rejet de la feuille %s", feuille.numero))
        doc.y -= 2 * mm
    doc.paragraphe(_("Montant rejeté : %s.", ecrire_montant(feuille.montant_rejete)), 9.5)
    doc.y -= 2 * mm
    doc.paragraphe(_("Décidé le %(jour)s. Voies de recours : déposer une feuille corrigée qui reprend celle-ci, ou contester par écrit, motif et "
                     "pièces à l'appui, à l'agence ou sur votre espace, %(delai)s.", jour=ecrire_date(feuille.date_decision),
                     delai=feuille._delai_de_recours()), 8.5)
    doc.y -= 3 * mm
    doc.signatures((_("Pour la caisse"), feuille.decidee_par_id.name), (_("Reçu par la formation, le"), ""))


# ---------------------------------------------------------------------- bordereau et étiquette
def dessiner_bordereaux(bordereaux):
    """Rend le PDF des bordereaux de transmission, un document par bordereau."""
    return _documents(bordereaux, "Bordereau de transmission", "كشف الإرسال", _bordereau, "bt", haut="{titre} {numero}")


def dessiner_etiquettes(boites):
    """Rend le PDF des étiquettes de boîtes d'archives, une page par boîte."""
    return _documents(boites, "Étiquette de boîte", "صندوق الأرشيف", _etiquette, "eb", haut="{numero}")


def _bordereau(doc, bordereau):
    faits = {"de": bordereau.agence_id.name, "vers": bordereau.destination_id.name, "nombre": len(bordereau.feuille_ids)}
    doc.paragraphe(
        _("De %(de)s vers %(vers)s : %(nombre)s dossiers, envoyés le %(jour)s.", jour=ecrire_date(bordereau.date_envoi), **faits)
        if bordereau.date_envoi else _("De %(de)s vers %(vers)s : %(nombre)s dossiers.", **faits), 9.5)
    doc.y -= 2 * mm
    doc.tableau(DOSSIERS, [_("N°"), _("Dossier"), _("Bénéficiaire"), _("Formation"), _("Facturé"), _("Reçu")], [
        [str(rang), f.numero, f.assure_id.name, f.formation_id.code, ecrire_nombre(f.montant_facture), "[   ]"]
        for rang, f in enumerate(bordereau.feuille_ids, 1)], reserve=HAUTEUR_SIGNATURES + 12 * mm,
        rappel=_("Suite du bordereau %s", bordereau.name))
    doc.y -= 3 * mm
    if bordereau.manquante_ids:
        doc.paragraphe(_("Absents à l'arrivée : %s", ", ".join(bordereau.manquante_ids.mapped("display_name"))), 9, couleur=ROUGE)
    if bordereau.observation:
        doc.paragraphe(bordereau.observation, 9)
    doc.signatures((_("Envoyé par"), bordereau.envoye_par_id.name), (_("Reçu par"), bordereau.recu_par_id.name))


def _etiquette(doc, boite):
    numeros = [n for n in boite.feuille_ids.mapped("numero") if n]
    for texte, taille in ((boite.emplacement, 20), (_("Agence : %s", boite.agence_id.name), 12), (_("%s dossiers", boite.nombre), 12),
                          (_("Du %(debut)s au %(fin)s", debut=min(numeros), fin=max(numeros)) if numeros else "", 12)):
        if texte:
            doc.y -= taille * 1.8
            ecrire(doc.page, doc.largeur / 2, doc.y, texte, taille, couleur=ENCRE, cote="centre", largeur=doc.largeur - 2 * MARGE)
