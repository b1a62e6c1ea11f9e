from odoo import _, http
from odoo.exceptions import UserError
from odoo.http import request

from odoo.addons.cnas_assures.controllers.verification import page_publique
from odoo.addons.cnas_base.controllers.portail import propre
from odoo.addons.cnas_base.lecture import lire_montant, lire_motif


class PagesPubliques(http.Controller):
    """Les pages d'un décompte sans compte : le QR qui le vérifie, le lien où l'assuré remboursé dépose son recours.

    Rien n'y dit un soin. Un jeton inconnu et un jeton malformé rendent la même page.
    """

    @page_publique("/cnas/verifier/decompte/<string:jeton>", "cnas_facturation.verification_decompte")
    def verifier_decompte(self, jeton="", **_ignores):
        """Dit si un décompte est authentique et en vigueur, combien il paie, et s'il est payé."""
        decompte = request.env["cnas.decompte"].sudo()._trouver_par_jeton("verification", jeton)
        return decompte, decompte._etat_public() if decompte else {"etat": "inconnue"}

    @page_publique("/cnas/recours/<string:jeton>", "cnas_facturation.recours_assure", methods=["GET", "POST"], csrf=False)
    def recours(self, jeton="", matricule="", naissance="", ligne="", recours="", montant="", motif="", **_ignores):
        """Le recours de l'assuré : il se nomme, choisit une ligne, dit ce qu'il oppose. Les délais sont ceux du guichet.

        Sans session, le jeton du papier et l'identité font foi : `csrf` n'ajouterait rien.
        """
        matricule, naissance, ligne, recours, montant, motif = map(propre, (matricule, naissance, ligne, recours, montant, motif))
        decompte = request.env["cnas.decompte"].sudo()._trouver_par_jeton("recours", jeton)
        decompte = decompte.filtered(lambda d: d.mode == "remboursement")
        if not decompte:
            return decompte, {"decompte": None}
        valeurs = {"decompte": decompte, "matricule": matricule[:64], "naissance": naissance[:32], "nomme": False,
                   "erreur": None, "depose": None, "motif": motif[:4000], "jeton": decompte._jeton("recours")}
        if request.httprequest.method == "POST":
            try:
                with request.env.cr.savepoint():
                    decompte._exiger_assure(matricule[:64], naissance[:32])
                    valeurs["nomme"] = True
                    depose = self._deposer(decompte, ligne, recours, montant, motif)
                valeurs["depose"] = depose  # une contrainte jouée en fin de bloc refuse aussi
            except UserError as refus:
                valeurs["erreur"] = str(refus)
        ouvert = decompte._en_recours()
        lignes = decompte.ligne_ids.filtered(lambda n: n.decision in ("rejetee", "abattue") or n.contestation_ids)
        return decompte, {**valeurs, "ouvert": ouvert, "lignes": lignes}

    # ------------------------------------------------------------------ privé
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
