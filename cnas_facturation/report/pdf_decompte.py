"""Décompte de paiement (formation) ou de remboursement (assuré), depuis les lignes figées."""
from reportlab.lib.colors import white
from reportlab.lib.units import mm

from odoo.tools import groupby

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_montant, ecrire_nombre, ecrire_quantite
from odoo.addons.cnas_base.impression.document import MARGE, Document, colonnes_mm, couper
from odoo.addons.cnas_base.impression.kit import GRIS, ROUGE, VERT_PALE, VERT_SOMBRE, dessiner_qr, ecrire
from odoo.addons.cnas_base.impression.langue import _, dans_sa_langue
from odoo.addons.cnas_feuilles_soin.models.feuille_soin.dossier import GROUPES_DOSSIER

from ..models.facture.dossier import ORDRES_VIVANTS

# Paysage : 297 − 2 × 13 = 271 mm.
# Ce qui est abattu (facturé moins base) est le dépassement, à la charge du patient : une seule colonne, et l'égalité
# facturé = part + ticket + dépassement + rejeté se lit de gauche à droite.
COLONNES = colonnes_mm(
    (17, "gauche"), (69, "gauche"), (13, "droite"), (13, "droite"), (20, "droite"), (21, "droite"), (20, "droite"),
    (22, "droite"), (21, "droite"), (13, "droite"), (18, "droite"), (24, "droite"))
SOMMES = ("montant_facture", "montant_rejete", "depassement", "montant_base", "ticket_moderateur", "montant_cnas")
RECOURS = colonnes_mm((34, "gauche"), (40, "gauche"), (110, "gauche"), (50, "gauche"), (37, "droite"))


def dessiner_decompte(decompte):
    """Rend les octets du PDF du décompte."""
    with dans_sa_langue(decompte) as decompte:
        return _decompte(decompte)


def _decompte(decompte):
    lignes = decompte._lignes_brutes()
    contre = decompte.nature == "contre_passation"
    titre = _("DÉCOMPTE DE PAIEMENT")
    if decompte.mode == "remboursement":
        titre = _("DÉCOMPTE DE REMBOURSEMENT")
    if contre:
        titre = _("CONTRE-PASSATION DE DÉCOMPTE")
    doc = Document(
        f"{titre} {decompte.numero}",
        f"{decompte.numero} — SHA-256 {decompte.empreinte}")
    doc.entete(titre, _("N° %(numero)s — %(mois)s", numero=decompte.numero, mois=ecrire_mois(decompte.periode)))
    _cadres(doc, decompte, lignes)
    _net_et_recours(doc, decompte, contre, lignes)
    if lignes:
        _details(doc, decompte, lignes)
    _recours_regles(doc, decompte)
    return doc.terminer()


def _beneficiaire(decompte):
    qui = decompte._identite()
    if decompte.mode == "remboursement":
        return _("Assuré remboursé"), [
            (_("Matricule"), qui["matricule"]), (_("Nom"), qui["assure"]), (_("Téléphone"), qui["telephone"] or "—")]
    return _("Formation sanitaire"), [
        (_("Code"), qui["code"]), (_("Nom"), qui["nom"]), (_("District"), qui["district"] or "—"),
        (_("Province"), qui["province"] or "—"), (_("Convention"), qui["convention"] or "—")]


def _cadres(doc, decompte, lignes):
    """Trois cadres : bénéficiaire et facture, récapitulatif, net par compte."""
    largeur = (doc.largeur - 2 * MARGE - 8 * mm) / 3
    facture = decompte.facture_id
    titre, rangs = _beneficiaire(decompte)
    rangs += [(_("Facture"), facture.numero), (_("Établi le"), ecrire_date(decompte.date_decompte)),
              (_("Validé par"), decompte._identite()["etabli_par"] or "—")]
    if decompte.origine_id:
        rangs.append((_("Décompte d'origine"), decompte.origine_id.numero))
    recap = [(_("Feuilles de soins"), ecrire_nombre(abs(decompte.nb_feuilles)))]
    if decompte.montant_declare:
        recap += [(_("Total déclaré"), ecrire_nombre(decompte.montant_declare)),
                  (_("Écart déclaré – facturé (accepté)"), ecrire_nombre(decompte.ecart_declare))]
    recap += [
        (_("Montant facturé"), ecrire_nombre(decompte.montant_facture)), (_("– Rejeté"), ecrire_nombre(decompte.montant_rejete)),
        (_("– Abattements (dépassement)"), ecrire_nombre(decompte.depassement)),
        (_("= Base de remboursement"), ecrire_nombre(decompte.montant_base)),
        (_("– Ticket modérateur"), ecrire_nombre(decompte.ticket_moderateur)),
        (_("= Part CNAS"), ecrire_nombre(decompte.montant_cnas), True)]
    net = [
        (_("Part CNAS — soins"), ecrire_nombre(decompte.montant_soins)),
        (_("Part CNAS — pharmacie"), ecrire_nombre(decompte.montant_pharmacie)),
        (_("Recours acceptés"), ecrire_nombre(decompte.montant_complement)),
        (_("Indus compensés"), ecrire_nombre(-decompte.montant_compense))]
    if decompte.mode == "tiers_payant":
        net += [(_("Net — compte principal"), ecrire_nombre(decompte.net_principal)),
                (_("Net — compte pharmacie"), ecrire_nombre(decompte.net_pharmacie))]
    net += _reglement(_facture_reglee(decompte))
    net.append((_("NET À PAYER (FCFA)"), ecrire_nombre(decompte.net_a_payer), True))
    hauteurs = [
        doc.cadre(MARGE, largeur, titre, rangs),
        doc.cadre(MARGE + largeur + 4 * mm, largeur, _("Récapitulatif (FCFA)"), recap),
        doc.cadre(MARGE + 2 * (largeur + 4 * mm), largeur, _("Règlement (FCFA)"), net)]
    doc.y -= max(hauteurs) + 4 * mm


def _facture_reglee(decompte):
    """Rend la facture que règle ce décompte ; vide s'il est contre-passé : ses ordres sont ceux du suivant."""
    facture = decompte.facture_id
    return facture if decompte == facture.decompte_id else facture.browse()


def _reglement(facture):
    """Rend les couples sur les ordres émis et le paiement."""
    ordres = facture.ordre_ids.filtered(lambda o: o.state in ORDRES_VIVANTS)
    rangs = [(_("Ordre %s", ordre.numero), ordre.rib or ordre.telephone or _("chèque du Trésor")) for ordre in ordres]
    if facture.close:
        rangs.append((_("Facture close"), _("rien à payer")))
    if facture.state == "payee":
        rangs.append((_("Payé le %s", ecrire_date(facture.date_paiement)), facture.reference_paiement))
    return rangs


def _net_et_recours(doc, decompte, contre, lignes):
    page = doc.page
    hauteur = 9 * mm
    page.setFillColor(VERT_PALE)
    page.roundRect(MARGE, doc.y - hauteur, doc.largeur - 2 * MARGE, hauteur, 1.5 * mm, stroke=0, fill=1)
    ecrire(page, MARGE + 3 * mm, doc.y - 5.8 * mm,
           _("Arrêté à la somme de : %(lettres)s (%(montant)s).", lettres=decompte._en_lettres(decompte.net_a_payer), montant=ecrire_montant(decompte.net_a_payer)), 9.5, gras=True,
           couleur=VERT_SOMBRE, largeur=doc.largeur - 2 * MARGE - 6 * mm)
    doc.y -= hauteur + 4 * mm
    cote = 24 * mm
    haut = doc.y
    dessiner_qr(page, decompte._url_verification(), doc.largeur - MARGE - cote, haut - cote, cote)
    ecrire(page, doc.largeur - MARGE, haut - cote - 2.5 * mm, _("À vérifier sans compte"), 6.5, couleur=GRIS, cote="droite")
    if contre:
        textes = [_("Motif : %s", decompte.motif),
                  _("Ce décompte annule au franc le décompte %s.", decompte.origine_id.numero)]
    elif not lignes:
        textes = [_("Complément"), _("Il règle les recours acceptés ci-dessous ; le décompte contesté garde ses voies et délais de recours.")]
    else:
        textes = [
            _("Voies et délais de recours"),
            _("Chaque ligne rejetée ou abattue peut être contestée jusqu'au %(jour)s : au guichet de votre agence, ou par le lien %(lien)s",
              jour=ecrire_date(decompte.date_limite_recours), lien=decompte._url_assure()) if decompte.mode == "remboursement" else
            _("Chaque ligne rejetée ou abattue peut être contestée jusqu'au %s : dans votre espace du portail (page du décompte, « Contester »), "
              "ou par écrit auprès de l'agence.", ecrire_date(decompte.date_limite_recours)),
            _("Premier degré : service du contrôle. Second degré : commission de recours, dans le même délai à compter de la réponse. Une ligne "
              "se conteste une fois par degré. Le complément accordé s'ajoute au décompte suivant, ou se règle seul."),
        ]
    y = haut - 4 * mm
    for rang, texte in enumerate(textes):
        for morceau in couper(texte, doc.largeur - 2 * MARGE - cote - 95 * mm, 8):
            ecrire(page, MARGE, y, morceau, 8, gras=not rang, couleur=VERT_SOMBRE if not rang else GRIS)
            y -= 4 * mm
    x = doc.largeur - MARGE - cote - 85 * mm
    ecrire(page, x, haut - 4 * mm, _("Le superviseur"), 8, gras=True)
    ecrire(page, x, haut - 8 * mm, decompte._identite()["etabli_par"] or "", 8, couleur=GRIS, largeur=38 * mm)
    ecrire(page, x + 42 * mm, haut - 4 * mm, _("L'ordonnateur"), 8, gras=True)
    ecrire(page, x + 42 * mm, haut - 8 * mm, _facture_reglee(decompte).ordonnateur_id.name or "", 8, couleur=GRIS,
           largeur=38 * mm)
    doc.y = min(y, haut - cote) - 6 * mm


def _details(doc, decompte, lignes):
    """Le détail, feuille par feuille, avec les motifs sous la ligne qu'ils expliquent."""
    def titres():
        doc.rang(COLONNES, _titres(), taille=7, gras=True, fond=VERT_SOMBRE, couleur=white, hauteur=5.2 * mm)

    doc.place(30 * mm)
    titres()
    doc.reprise = titres
    for _feuille, groupe in groupby(lignes, key=lambda ligne: ligne["feuille_numero"]):
        rangs = list(groupe)
        tete = rangs[0]
        doc.place(14 * mm)
        texte = " · ".join(filter(None, (
            _("Feuille %s", tete["feuille_numero"]), tete["feuille_reference"] and _("réf. %s", tete["feuille_reference"]),
            tete["matricule"], tete["beneficiaire"], _("soins du %s", ecrire_date(tete["date_soins"])))))
        doc.page.setFillColor(VERT_PALE)
        doc.page.rect(MARGE, doc.y - 4.8 * mm, doc.largeur - 2 * MARGE, 4.8 * mm, stroke=0, fill=1)
        ecrire(doc.page, MARGE + 1, doc.y - 3.4 * mm, texte, 7.5, gras=True, largeur=doc.largeur - 2 * MARGE - 4)
        doc.y -= 4.8 * mm
        for ligne in rangs:
            _ligne(doc, ligne)
        _total(doc, _("Total de la feuille"), rangs)
    doc.place(8 * mm)
    _total(doc, _("TOTAL DU DÉCOMPTE"), lignes, fond=VERT_PALE)
    doc.reprise = None


def _titres():
    return (_("Code"), _("Prestation"), _("Qté"), _("Retenue"), _("Prix unit."), _("Facturé"), _("Rejeté"), _("Abattu (dép.)"), _("Base"), _("Taux"),
            _("Ticket"), _("Part CNAS"))


def _ligne(doc, ligne):
    doc.rang(COLONNES, (
        ligne["prestation_code"], ligne["prestation_libelle"], ecrire_quantite(ligne["quantite"]),
        ecrire_quantite(ligne["quantite_retenue"]), ecrire_nombre(ligne["prix_unitaire"]), ecrire_nombre(ligne["montant_facture"]),
        ecrire_nombre(ligne["montant_rejete"]), ecrire_nombre(ligne["depassement"]), ecrire_nombre(ligne["montant_base"]),
        f"{ecrire_quantite(ligne['taux'])} %", ecrire_nombre(ligne["ticket_moderateur"]), ecrire_nombre(ligne["montant_cnas"])),
        taille=7)
    for motif in (ligne["motifs"] or "").split("\n"):
        if motif:
            doc.paragraphe(motif, taille=6.5, couleur=ROUGE, retrait=18 * mm)
    if ligne["motifs"]:
        doc.y -= 0.8 * mm
    doc.filet()


def _total(doc, titre, rangs, fond=None):
    sommes = {champ: sum(int(rang[champ] or 0) for rang in rangs) for champ in SOMMES}
    doc.rang(COLONNES, (
        "", titre, "", "", "", ecrire_nombre(sommes["montant_facture"]), ecrire_nombre(sommes["montant_rejete"]),
        ecrire_nombre(sommes["depassement"]), ecrire_nombre(sommes["montant_base"]), "",
        ecrire_nombre(sommes["ticket_moderateur"]), ecrire_nombre(sommes["montant_cnas"])), taille=7, gras=True, fond=fond,
        hauteur=4.8 * mm)
    doc.y -= 0.8 * mm


def _recours_regles(doc, decompte):
    """Les recours acceptés que ce décompte paie, un par ligne."""
    recours = _facture_reglee(decompte).complement_ids.sorted("numero")
    if not recours:
        return
    doc.place(20 * mm)
    doc.y -= 5 * mm
    doc.rang(RECOURS, (_("Recours accepté"), _("Décompte contesté"), _("Prestation"), _("Feuille"), _("Accordé")), gras=True, fond=VERT_SOMBRE,
             couleur=white, hauteur=5.2 * mm)
    detail = decompte.env["cnas.decompte.ligne"].user_has_groups(GROUPES_DOSSIER)
    for un in recours:
        ligne = un.decompte_ligne_id
        doc.rang(RECOURS, (un.numero, un.decompte_id.numero, ligne.prestation_libelle if detail else "", ligne.feuille_numero,
                           ecrire_nombre(un.montant_accorde)), taille=7.5)
        doc.filet()
    doc.rang(RECOURS, ("", _("TOTAL DES RECOURS"), "", "", ecrire_nombre(sum(recours.mapped("montant_accorde")))), gras=True,
             fond=VERT_PALE, hauteur=4.8 * mm)
