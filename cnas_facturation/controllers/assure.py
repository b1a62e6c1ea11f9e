from odoo import _, http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_assures.controllers.verification import LONGUEUR_MAX, rendre, repondre
from odoo.addons.cnas_base.controllers.portail import propre
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date_naissance

from ..models.facture.dossier import ETATS_FIGES
from ..wizards.acces_assure import SESSION_MINUTES

TEMOIN = "cnas_dossier"
CHEMIN = "/cnas/mon-dossier"
MONTRES = 10
CARTES_EN_MAIN = ("remise", "active")
# {geste: (motif de qui déclare sa carte, motif du principal qui déclare celle d'un mineur)}
PERTES = {"perdue": ("Déclarée perdue par l'assuré", "Déclarée perdue par l'assuré principal"),
          "volee": ("Déclarée volée par l'assuré", "Déclarée volée par l'assuré principal")}


class DossierAssure(http.Controller):
    """Le dossier d'un assuré, sans compte : il se nomme ou suit son lien signé, reçoit un code, lit vingt minutes.

    Quoi qu'on demande, la première réponse est la même : rien ne dit qui est assuré. Débit compté, chaque entrée et
    chaque lecture tracées. La clé de lecture est un témoin que seul le navigateur renvoie, et seulement d'ici
    (`SameSite=Strict`) : `csrf` n'y ajouterait rien.
    """

    @http.route(CHEMIN, type="http", auth="public", methods=["GET", "POST"], sitemap=False, save_session=False, csrf=False)
    def dossier(self, **champs):
        """Se nommer, écrire le code, lire son dossier, déclarer sa carte perdue, sortir."""
        champs = {nom: propre(valeur) for nom, valeur in champs.items()}
        cle = request.httprequest.cookies.get(TEMOIN, "")[:64]
        acces = request.env["cnas.acces_assure"].sudo()
        assure = acces._assure_de(cle)
        if request.httprequest.method == "POST":
            if not assure:
                return self._entrer(champs)
            if champs.get("quoi") == "sortir":
                acces._fermer(cle)
                return self._page({"etape": "sorti"}, temoin="")
            return self._agir(assure, champs)
        return self._lire(assure) if assure else self._page({"etape": "nommer"})

    @http.route(f"{CHEMIN}/lien/<string:jeton>", type="http", auth="public", methods=["GET", "POST"], sitemap=False,
                save_session=False, csrf=False)
    def lien(self, jeton="", **_champs):
        """Le lien signé : il désigne l'assuré, qui n'a plus qu'à recevoir son code."""
        try:
            self._compter()
        except UserError as refus:
            return self._trop(refus)
        assure = request.env["cnas.assure"].sudo()._trouver_par_lien(jeton[:LONGUEUR_MAX])
        if not assure:
            return self._page({"etape": "inconnu"}, 404)
        if request.httprequest.method == "POST":
            return self._page({"etape": "code", "acces": request.env["cnas.acces_assure"].sudo()._demander(assure)})
        return self._page({"etape": "lien"})

    # ------------------------------------------------------------------ entrer
    def _entrer(self, champs):
        """Reçoit un nom (matricule et naissance), puis le code ; changer de langue en chemin n'en coûte pas un."""
        if champs.get("acces") and champs.get("langue"):
            return self._page({"etape": "code", "acces": champs["acces"][:64]})
        try:
            self._compter()
        except UserError as refus:
            return self._trop(refus)
        acces = request.env["cnas.acces_assure"].sudo()
        if champs.get("acces"):
            cle = acces._ouvrir(champs["acces"][:64], champs.get("code", "").replace(" ", "")[:16])
            if cle:
                reponse = request.redirect(CHEMIN, code=303)
                self._poser(reponse, cle)
                return reponse
            return self._page({"etape": "code", "acces": champs["acces"][:64], "erreur": _(
                "Ce code n'est pas le bon, ou il ne vaut plus. Après cinq essais, demandez-en un autre.")})
        return self._page({"etape": "code", "acces": acces._demander(self._nomme(champs))})

    @staticmethod
    def _nomme(champs):
        """Rend l'assuré que disent un matricule et une naissance, ou un ensemble vide."""
        assures, matricule = request.env["cnas.assure"].sudo(), champs.get("matricule", "").strip()[:64]
        assure = assures.browse(assures._resoudre_matricules([matricule]).get(matricule) or [])
        try:
            jour, _estimee = lire_date_naissance(champs.get("naissance", "")[:32])
        except UserError:
            return assures.browse()
        ne = assure.date_naissance
        juste = ne and jour and (jour == ne or assure.date_naissance_estimee and jour.year == ne.year)
        return assure if juste else assures.browse()

    # ------------------------------------------------------------------ lire et agir
    def _agir(self, assure, champs):
        jour, quoi = aujourd_hui(), champs.get("quoi")
        if quoi in ("permettre", "reprendre"):
            try:
                assure._permettre_de_lire(quoi == "permettre", jour)
            except UserError as refus:
                return self._lire(assure, erreur=str(refus))
            return self._lire(assure, fait=_("C'est noté : l'assuré principal peut lire vos droits, votre carte et où en sont vos remboursements.") if quoi == "permettre"
                              else _("C'est noté : l'assuré principal ne lit plus votre dossier."))
        # La carte d'un majeur qui se laisse lire reste la sienne : lui seul la dit perdue.
        siens = assure | assure._famille_du_dossier(jour)[0].filtered(lambda a: not a._est_majeur(jour))
        carte = siens.carte_ids.filtered(lambda c: str(c.id) == champs.get("carte") and c.state in CARTES_EN_MAIN)
        if not carte or quoi not in PERTES:
            return self._lire(assure, erreur=_("Cette carte ne peut plus être déclarée d'ici : allez à votre agence."))
        carte.action_declarer_perte(PERTES[quoi][carte.assure_id != assure])
        return self._lire(assure, fait=_("Carte %s déclarée : elle n'ouvre plus rien. Demandez-en une autre à votre agence.", carte.numero))

    def _lire(self, assure, **dit):
        """Rend le dossier : droits, ce qui reste, remboursements, décomptes, carte, et ceux de la famille qu'il peut lire.

        D'un membre : ses droits, sa carte, où en sont ses remboursements. Jamais un diagnostic ni un soin, d'aucun.
        """
        jour, cle = aujourd_hui(), (assure.id, aujourd_hui(), False)
        membres, seuls = assure._famille_du_dossier(jour)
        lus = assure | membres
        for lu in lus:
            request.env["cnas.journal"]._ajouter_une_fois({
                "modele": "cnas.assure", "res_id": lu.id, "evenement": "dossier_lu_par_l_assure",
                **({} if lu == assure else {"apres": {"par": assure.matricule}})})
        droits = assure._droits_par_lot([(lu.id, jour) for lu in lus])
        factures = request.env["cnas.facture"].sudo().search(
            [("mode", "=", "remboursement"), ("assure_id", "=", assure.id), ("state", "!=", "annulee")], limit=MONTRES, order="id desc")
        # un remboursement se facture au principal : un ayant droit suit ses feuilles, facturées ou non
        feuilles = request.env["cnas.feuille_soin"].sudo().search(
            [("mode", "=", "remboursement"), ("assure_id", "in", lus.ids), ("state", "not in", ("brouillon", "annulee")),
             "|", ("facture_id", "=", False), ("facture_id.assure_id", "!=", assure.id)], limit=MONTRES, order="date_soins desc")
        return self._page({
            "etape": "dossier", "assure": assure, "droits": droits[assure.id, jour],
            # droits fermés : un plafond ne sert plus, le montrer ferait croire à un reste
            "plafonds": assure._consommations_par_lot([cle])[cle]["plafonds"] if droits[assure.id, jour]["etat"] == "ouverts" else [],
            "factures": factures, "feuilles": feuilles, "figes": ETATS_FIGES, "cartes": self._cartes(assure),
            "membres": [(membre, droits[membre.id, jour], self._cartes(membre), membre._est_majeur(jour)) for membre in membres],
            "seuls": seuls, "principal": assure._est_majeur(jour) and assure.assure_principal_id,
            "liens": dict(assure._fields["lien"]._description_selection(request.env)),
            "etats_facture": dict(factures._fields["state"]._description_selection(request.env)),
            "etats_feuille": dict(feuilles._fields["state"]._description_selection(request.env)), **dit})

    # ------------------------------------------------------------------ privé
    @staticmethod
    def _cartes(assure):
        return assure.carte_ids.filtered(lambda c: c.state in CARTES_EN_MAIN)

    @staticmethod
    def _compter():
        """Compte une demande, d'où qu'elle vienne. :raise UserError: trop en une minute"""
        journal = request.env["cnas.journal"]
        journal._exiger_debit("acces_assure")
        journal._ajouter([{"modele": "cnas.assure", "evenement": "acces_assure"}])

    def _page(self, valeurs, code=200, temoin=None):
        reponse = repondre(rendre("cnas_facturation.dossier_assure", {"erreur": None, "fait": None, **valeurs}), code)
        if temoin is not None:
            self._poser(reponse, temoin)
        return reponse

    @staticmethod
    def _poser(reponse, cle):
        reponse.set_cookie(TEMOIN, cle, max_age=SESSION_MINUTES * 60 if cle else 0, path=CHEMIN, httponly=True, samesite="Strict",
                           secure=request.httprequest.scheme == "https")

    @staticmethod
    def _trop(refus):
        return repondre(str(refus), 429, "text/plain")
