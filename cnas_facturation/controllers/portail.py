from odoo import _, _lt
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_base.controllers.portail import Liste
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_montant
from odoo.addons.cnas_feuilles_soin.controllers.portail import espace_formation
from odoo.addons.cnas_feuilles_soin.controllers.portail_demarches import PortailDemarches
from odoo.addons.portal.controllers.portal import pager

from ..models.facture.dossier import ETATS_FIGES, ORDRES_VIVANTS

LIGNES_PAR_PAGE = 30
TOTAL_MAX = 10**12
FACTURES = Liste(
    _lt("Factures"), "cnas.facture", "/my/formation/factures",
    ("numero", "numero_formation", "feuille_ids.numero", "feuille_ids.assure_id.name", "feuille_ids.assure_id.matricule"),
    _lt("Numéro, feuille, nom ou matricule"), "periode", {"montant": (_lt("Par montant"), "montant_facture desc, id desc")})
DECOMPTES = Liste(
    _lt("Décomptes"), "cnas.decompte", "/my/formation/decomptes",
    ("numero", "facture_id.numero", "facture_id.feuille_ids.numero", "facture_id.feuille_ids.assure_id.name",
     "facture_id.feuille_ids.assure_id.matricule"),
    _lt("Numéro, facture, feuille, nom ou matricule"), "date_decompte", {"montant": (_lt("Par montant"), "net_a_payer desc, id desc")})
CONTESTATIONS = Liste(
    _lt("Contestations"), "cnas.contestation", "/my/formation/contestations",
    ("numero", "decompte_id.numero", "decompte_ligne_id.feuille_id.numero", "decompte_ligne_id.feuille_id.assure_id.name",
     "decompte_ligne_id.feuille_id.assure_id.matricule"),
    _lt("Numéro, décompte, feuille, nom ou matricule"), "date_depot", {"montant": (_lt("Par montant"), "montant_demande desc, id desc")})
INDUS = Liste(
    _lt("Indus"), "cnas.indu", "/my/formation/indus",
    ("numero", "decompte_ligne_id.feuille_id.numero", "decompte_ligne_id.feuille_id.assure_id.name", "motif"),
    _lt("Numéro, feuille, nom ou motif"), "date_notification", {"montant": (_lt("Par montant"), "montant desc, id desc")})

PAIEMENTS = Liste(
    _lt("Paiements"), "cnas.ordre_paiement", "/my/formation/paiements", ("numero", "reference_paiement", "facture_id.numero"),
    _lt("Numéro, référence ou facture"), "date_emission", {"montant": (_lt("Par montant"), "montant desc, id desc")}, fermee=True)


class PortailFacturation(PortailDemarches):
    """Factures, décomptes et contestations dans l'espace de la formation.

    Tout se cherche avec les droits de l'usager : une facture absente et une facture d'autrui donnent la
    même réponse (retour à la liste).
    """

    # ------------------------------------------------------------------ factures
    @espace_formation(["/my/formation/factures", "/my/formation/factures/page/<int:numero_page>"])
    def factures(self, numero_page=1, **parametres):
        """Liste des factures et préparation de celle du mois."""
        return self._rendre_factures(numero_page, parametres)

    @espace_formation("/my/formation/factures/preparer", methods=["POST"])
    def preparer_facture(self, formation="", mois="", **_parametres):
        """Prépare (ou complète) la facture d'un mois, puis l'ouvre."""
        try:
            with request.env.cr.savepoint():
                facture_id = request.env["cnas.facture"].preparer(formation[:64], f"{mois[:7]}-01")
        except UserError as refus:
            return self._rendre_factures(1, {}, erreur=str(refus))
        return request.redirect(f"/my/formation/factures/{facture_id}")

    @espace_formation(["/my/formation/factures/<int:facture_id>",
                       "/my/formation/factures/<int:facture_id>/page/<int:numero_page>"])
    def facture(self, facture_id, numero_page=1, **_parametres):
        """Une facture : montants, feuilles, étapes, décompte."""
        facture = self._chercher("cnas.facture", facture_id)
        if not facture:
            return request.redirect("/my/formation/factures")
        return self._rendre_facture(facture, numero_page)

    @espace_formation("/my/formation/factures/<int:facture_id>/<any(soumettre,rassembler,reporter):quoi>", methods=["POST"])
    def agir_facture(self, facture_id, quoi, numero_formation="", montant_declare="", ecart_accepte="", **_parametres):
        """Soumet la facture (l'écart entre les totaux vu et accepté), y ajoute les feuilles arrivées depuis, ou reporte ses instances."""
        facture = self._chercher("cnas.facture", facture_id)
        if not facture:
            return request.redirect("/my/formation/factures")
        try:
            with request.env.cr.savepoint():
                if quoi == "soumettre":
                    self._declarer(facture, numero_formation, montant_declare)
                    if ecart_accepte and ecart_accepte == str(int(facture.sudo().ecart_declare)):
                        facture.action_accepter_ecart()
                    facture.action_soumettre()
                elif quoi == "rassembler":
                    facture.action_rassembler()
                else:
                    facture.action_reporter_instances()
        except UserError as refus:
            saisie = self._saisie(facture, numero_formation, montant_declare)
            if quoi == "soumettre" and saisie["ecart"] and facture.sudo().state == "brouillon":
                return self._rendre_relecture(facture, saisie, str(refus))
            return self._rendre_facture(facture, 1, erreur=str(refus), saisie=saisie)
        return request.redirect(f"/my/formation/factures/{facture.id}")

    # ------------------------------------------------------------------ décomptes
    @espace_formation(["/my/formation/decomptes", "/my/formation/decomptes/page/<int:numero_page>"])
    def decomptes(self, numero_page=1, **parametres):
        """Liste des décomptes."""
        return self._rendre_liste(DECOMPTES, "cnas_facturation.portail_decomptes", "decomptes", numero_page, parametres)

    @espace_formation(["/my/formation/decomptes/<int:decompte_id>",
                       "/my/formation/decomptes/<int:decompte_id>/page/<int:numero_page>"])
    def decompte(self, decompte_id, numero_page=1, refus="", **_parametres):
        """Un décompte : récapitulatif, lignes, motifs, recours."""
        decompte = self._chercher("cnas.decompte", decompte_id)
        if not decompte:
            return request.redirect("/my/formation/decomptes")
        domaine = [("decompte_id", "=", decompte.id)]
        if refus:
            domaine.append(("decision", "in", ("rejetee", "abattue")))
        lignes = request.env["cnas.decompte.ligne"]
        pages = self._pages(f"/my/formation/decomptes/{decompte.id}", lignes, domaine, numero_page, {"refus": 1} if refus else None)
        page = lignes.search(domaine, limit=LIGNES_PAR_PAGE, offset=pages["offset"]).sudo()
        contestations = {}
        for contestation in request.env["cnas.contestation"].search([("decompte_ligne_id", "in", page.ids)]).sudo():
            contestations.setdefault(contestation.decompte_ligne_id.id, []).append(contestation)
        facture = decompte.sudo().facture_id
        en_vigueur = decompte.sudo() == facture.decompte_id
        return self._rendre("cnas_facturation.portail_decompte", {
            "en_vigueur": en_vigueur,
            "ordres": facture.ordre_ids.filtered(lambda o: en_vigueur and o.state in ORDRES_VIVANTS).sorted("id"),
            "page": "decomptes", "decompte": decompte.sudo(), "lignes": page, "pager": pages, "refus": refus, "contestations": contestations,
            "recours_ouvert": decompte.sudo()._en_recours(),
        })

    # ------------------------------------------------------------------ contestations
    @espace_formation(["/my/formation/contestations", "/my/formation/contestations/page/<int:numero_page>"])
    def contestations(self, numero_page=1, **parametres):
        """Liste des contestations et de leurs décisions."""
        return self._rendre_contestations(numero_page, parametres)

    @espace_formation(["/my/formation/indus", "/my/formation/indus/page/<int:numero_page>"])
    def indus(self, numero_page=1, **parametres):
        """Sommes versées à tort : ce qui reste, ce qui est retenu ou remboursé, reçus et quittances."""
        return self._rendre_liste(INDUS, "cnas_facturation.portail_indus", "indus", numero_page, parametres)

    @espace_formation(["/my/formation/paiements", "/my/formation/paiements/page/<int:numero_page>"])
    def paiements(self, numero_page=1, **parametres):
        """Ce que la caisse a payé ou va payer à la formation."""
        return self._rendre_liste(PAIEMENTS, "cnas_facturation.portail_paiements", "paiements", numero_page, parametres,
                                  domaine=self._domaine_feuilles())

    @espace_formation("/my/formation/lignes/<int:ligne_id>/contester", methods=["GET", "POST"])
    def contester(self, ligne_id, motif="", montant="", **_parametres):
        """Formulaire puis dépôt d'une contestation, avec ses pièces."""
        ligne = self._chercher("cnas.decompte.ligne", ligne_id)
        if not ligne:
            return request.redirect("/my/formation/decomptes")
        erreur = None
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    self._deposer_contestation(ligne, motif, montant)
                return request.redirect("/my/formation/contestations")
            except UserError as refus:
                erreur = str(refus)
        return self._rendre("cnas_facturation.portail_contester", {
            "page": "decomptes", "ligne": ligne.sudo(), "erreur": erreur, "motif": motif,
            "montant_demande": montant or ligne.sudo()._montant_contestable()})

    @espace_formation("/my/formation/contestations/<int:contestation_id>/<any(retirer,second,complement):quoi>", methods=["POST"])
    def agir_contestation(self, contestation_id, quoi, motif="", **_parametres):
        """Retire une contestation, la porte au second degré, ou prépare la facture qui la règle seule."""
        contestation = self._chercher("cnas.contestation", contestation_id)
        erreur = None
        if contestation:
            try:
                with request.env.cr.savepoint():
                    if quoi == "retirer":
                        contestation.action_retirer()
                    elif quoi == "complement":
                        return request.redirect(
                            f"/my/formation/factures/{contestation.action_preparer_complement()['res_id']}")
                    elif motif.strip():
                        contestation.action_second_degre(motif.strip()[:4000])
                    else:
                        raise UserError(_("Écrivez ce que vous opposez à la décision."))
            except UserError as refus:
                erreur = str(refus)
        if erreur:
            return self._rendre_contestations(1, {}, erreur=erreur)
        return request.redirect("/my/formation/contestations")

    # ------------------------------------------------------------------ privé
    @staticmethod
    def _pages(adresse, modele, domaine, numero_page, garde=None):
        """Rend la pagination numérotée des lignes d'un dossier."""
        pages = pager(adresse, modele.search_count(domaine), page=numero_page, step=LIGNES_PAR_PAGE, url_args=garde)
        return {**pages, "offset": max(0, pages["offset"])}

    def _listes(self):
        return {**super()._listes(), "factures": FACTURES, "decomptes": DECOMPTES, "paiements": PAIEMENTS,
                "contestations": CONTESTATIONS, "indus": INDUS}

    def _rendre_factures(self, numero_page, parametres, erreur=None):
        return self._rendre_liste(FACTURES, "cnas_facturation.portail_factures", "factures", numero_page, parametres,
                                  erreur=erreur, mois=aujourd_hui().strftime("%Y-%m"), figes=ETATS_FIGES)

    def _rendre_contestations(self, numero_page, parametres, erreur=None):
        return self._rendre_liste(CONTESTATIONS, "cnas_facturation.portail_contestations", "contestations", numero_page, parametres,
                                  erreur=erreur)

    def _saisie(self, facture, numero_formation, montant_declare):
        """Rend ce que la formation vient d'écrire et n'est pas enregistré, et l'écart qui l'a retenue."""
        try:
            declare = lire_montant(montant_declare, int(facture.sudo().montant_declare), maximum=TOTAL_MAX)
        except UserError:
            declare = 0
        return {"numero_formation": numero_formation[:64], "montant_declare": montant_declare[:32],
                "ecart": declare and declare - int(facture.sudo().montant_facture)}

    def _rendre_relecture(self, facture, saisie, erreur=None):
        return self._rendre("cnas_facturation.portail_recapitulatif", {
            "page": "factures", "facture": facture.sudo(), "saisie": saisie, "erreur": erreur})

    def _rendre_facture(self, facture, numero_page, erreur=None, saisie=None):
        feuilles = request.env["cnas.feuille_soin"]
        domaine = [("facture_id", "=", facture.id)]
        pages = self._pages(f"/my/formation/factures/{facture.id}", feuilles, domaine, numero_page)
        return self._rendre("cnas_facturation.portail_facture", {
            "page": "factures", "facture": facture.sudo(), "erreur": erreur, "pager": pages,
            "saisie": saisie or {}, "figes": ETATS_FIGES,
            "libelles": dict(facture.sudo()._fields["state"]._description_selection(request.env)),
            "feuilles": feuilles.search(
                domaine, limit=LIGNES_PAR_PAGE, offset=pages["offset"],
                order="date_soins, numero").sudo(),
        })

    def _declarer(self, facture, numero_formation, montant_declare):
        """Note le numéro et le total que la formation écrit sur sa facture.

        :raise UserError: facture qui ne se soumet pas, ou total illisible
        """
        facture._exiger("soumettre")
        valeurs = {}
        if numero_formation.strip():
            valeurs["numero_formation"] = numero_formation.strip()[:64]
        montant = lire_montant(montant_declare, None, quoi=_("Total déclaré"), maximum=TOTAL_MAX)
        if montant is not None:
            valeurs["montant_declare"] = montant
        if valeurs:
            facture.sudo().write(valeurs)

    def _deposer_contestation(self, ligne, motif, montant):
        """Dépose la contestation d'une ligne avec ses pièces.

        :raise UserError: motif vide, montant illisible, pièce trop grosse ou d'un autre type
        """
        if not motif.strip():
            raise UserError(_("Écrivez ce que vous opposez à la décision."))
        montant = lire_montant(montant, quoi=_("Montant demandé"), maximum=TOTAL_MAX)
        pieces = self._documents_recus("fichiers")
        contestation = request.env["cnas.contestation"].create({
            "decompte_ligne_id": ligne.id, "motif": motif.strip()[:4000], "montant_demande": montant})
        contestation._joindre_recus("piece_ids", pieces)
