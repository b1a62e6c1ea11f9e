from odoo import _, http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_assures.controllers.verification import ENTETES, LONGUEUR_MAX
from odoo.addons.cnas_base.controllers.portail import propre
from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_montant, lire_motif


class PagesPubliques(http.Controller):
    """Les pages d'un décompte sans compte : le QR qui le vérifie, le lien où l'assuré remboursé dépose son recours.

    Rien n'y dit un soin. Un jeton inconnu et un jeton malformé rendent la même page.
    """

    @http.route("/cnas/verifier/decompte/<string:jeton>", type="http", auth="public", methods=["GET"], sitemap=False,
                save_session=False)
    def verifier_decompte(self, jeton="", **_ignores):
        """Dit si un décompte est authentique et en vigueur, combien il paie, et s'il est payé."""
        try:
            decompte = self._trouver("verification", jeton)
        except UserError as refus:
            return self._trop(refus)
        public = decompte._etat_public() if decompte else {"etat": "inconnue"}
        return self._page("cnas_facturation.verification_decompte", public, 200 if decompte else 404)

    @http.route("/cnas/recours/<string:jeton>", type="http", auth="public", methods=["GET", "POST"], sitemap=False,
                save_session=False, csrf=False)
    def recours(self, jeton="", matricule="", naissance="", ligne="", recours="", montant="", motif="", **_ignores):
        """Le recours de l'assuré : il se nomme, choisit une ligne, dit ce qu'il oppose. Les délais sont ceux du guichet.

        Sans session, le jeton du papier et l'identité font foi : `csrf` n'ajouterait rien.
        """
        matricule, naissance, ligne, recours, montant, motif = map(propre, (matricule, naissance, ligne, recours, montant, motif))
        try:
            decompte = self._trouver("recours", jeton)
        except UserError as refus:
            return self._trop(refus)
        if not decompte or decompte.mode != "remboursement":
            return self._page("cnas_facturation.recours_assure", {"decompte": None}, 404)
        valeurs = {"decompte": decompte, "matricule": matricule[:64], "naissance": naissance[:32], "nomme": False,
                   "erreur": None, "depose": None, "motif": motif[:4000], "jeton": decompte._jeton("recours")}
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    decompte._exiger_assure(matricule[:64], naissance[:32])
                    valeurs["nomme"] = True
                    valeurs["depose"] = self._deposer(decompte, ligne, recours, montant, motif)
                    request.env.flush_all()
            except UserError as refus:
                request.env.invalidate_all()
                valeurs["erreur"] = str(refus)
        ouvert = decompte._en_recours()
        lignes = decompte.ligne_ids.filtered(lambda n: n.decision in ("rejetee", "abattue") or n.contestation_ids)
        return self._page("cnas_facturation.recours_assure", {**valeurs, "ouvert": ouvert, "lignes": lignes})

    # ------------------------------------------------------------------ privé
    def _trouver(self, usage, jeton):
        """Rend le décompte du jeton, débit compté.

        :raise UserError: trop de demandes en une minute
        """
        journal = request.env["cnas.journal"]
        journal._exiger_debit("verification_publique")
        decompte = request.env["cnas.decompte"].sudo()._trouver_par_jeton(usage, jeton[:LONGUEUR_MAX])
        journal._ajouter_une_fois({"modele": "cnas.decompte", "res_id": decompte.id or 0, "evenement": "verification_publique"})
        return decompte

    def _deposer(self, decompte, rang, recours, montant, motif):
        """Dépose le recours d'une ligne, ou le porte au second degré. Rend la contestation ; rien si rien n'est demandé.

        :raise UserError: motif vide, ligne ou recours d'un autre décompte, hors délai…
        """
        if not (rang or recours):
            return None
        motif = lire_motif(motif, 4000)
        if not motif:
            raise UserError(_("Écrivez pourquoi la ligne devrait être remboursée."))
        if recours:
            premier = decompte.ligne_ids.contestation_ids.filtered(lambda c: str(c.id) == recours)
            if not premier:
                raise UserError(_("Ce recours n'est pas de ce décompte."))
            premier.action_second_degre(motif)
            return premier.second_degre_ids[-1:]
        ligne = decompte.ligne_ids.filtered(lambda n: str(n.rang) == rang)
        if not ligne:
            raise UserError(_("Choisissez une ligne de ce décompte."))
        return request.env["cnas.contestation"].sudo().create({
            "decompte_ligne_id": ligne.id, "motif": motif,
            "montant_demande": lire_montant(montant, ligne._montant_contestable(), quoi=_("Montant demandé"))})

    def _page(self, gabarit, valeurs, code=200):
        page = request.env["ir.qweb"].sudo()._render(
            gabarit, {**valeurs, "jour": ecrire_date, "somme": ecrire_montant, "aujourd_hui": aujourd_hui()}, lang="fr_FR")
        return request.make_response(str(page), [("Content-Type", "text/html; charset=utf-8"), *ENTETES], status=code)

    def _trop(self, refus):
        return request.make_response(str(refus), [("Content-Type", "text/plain; charset=utf-8"), *ENTETES], status=429)
