from odoo import _, fields, models

from odoo.addons.cnas_base.garde import transition
from odoo.addons.cnas_base.jour import aujourd_hui, jour_de

from .actions import AGENT


class FeuilleSoin(models.Model):
    """Duplication et reprise d'un rejet."""

    _inherit = "cnas.feuille_soin"

    nombre_reprises = fields.Integer(string="Nombre de reprises", compute="_compute_nombre_reprises")

    def _compute_nombre_reprises(self):
        comptes = dict(self._read_group([("origine_id", "in", self.ids)], ["origine_id"], ["__count"]))
        for feuille in self:
            feuille.nombre_reprises = comptes.get(feuille, 0)

    @transition("reprendre")
    def action_reprendre(self):
        """Reprend un rejet : un nouveau brouillon lié à la feuille rejetée, dans un délai et un nombre bornés.

        :return: l'action qui ouvre le brouillon
        """
        return self._ouvrir(self._copier_reprise())

    def _copier_reprise(self):
        """Rend un brouillon lié au rejet, pièces comprises, déposé le même jour que lui : le délai ne court pas deux fois."""
        self.ensure_one()
        nouvelle = self.sudo()._copier({
            **self.sudo()._faits_du_depot(), "origine_id": self.id, "saisie_par_id": self.env.uid,
            "reference": f"{self._racine_reference()}-R{self._rang_reprise() + 1}" if self.reference else False,
        })
        self.env["cnas.feuille_soin.piece"].sudo().create([{
            "feuille_id": nouvelle.id, "type_id": piece.type_id.id, "name": piece.name, "contenu": piece.contenu,
        } for piece in self.sudo().piece_ids])
        nouvelle._message_log(body=_("Reprise du dossier rejeté %s.", self.display_name))
        return nouvelle

    def _empeche_de_reprendre(self):
        """Rend {id: raison} : trop de reprises, déjà reprise, ou délai passé."""
        au, raisons = self.env["cnas.parametre"]._au, {}
        for feuille in self:
            jour = jour_de(feuille.date_decision) if feuille.date_decision else None
            delai, maximum = au("delai_reprise_jours", jour), au("reprises_max", jour)
            rang, vivantes = feuille._rang_reprise(), feuille.reprise_ids.filtered(lambda f: f.state != "annulee")
            if rang >= maximum:
                raisons[feuille.id] = _("ce dossier a déjà été repris %s fois : il n'y a plus de reprise possible.", rang)
            elif vivantes:
                raisons[feuille.id] = _("ce dossier est déjà repris par %s.", vivantes[0].display_name)
            elif jour and (aujourd_hui() - jour).days > delai:
                raisons[feuille.id] = _("le rejet date de plus de %s jours : le délai de reprise est passé.", delai)
        return raisons

    @transition("dupliquer")
    def action_dupliquer(self):
        """Ouvre un nouveau brouillon de mêmes bénéficiaire, formation, praticien et lignes. Rend son action."""
        nouvelle = self.sudo()._copier({
            # Ce que montrait l'autre document ne se présume pas de celui-ci.
            **dict.fromkeys(self._champs_constats, False), "saisie_par_id": self.env.uid, "pathologie_id": False,
            "entente_id": False, "date_depot": aujourd_hui()})
        return self._ouvrir(nouvelle)

    def action_voir_reprises(self):
        """Ouvre les reprises de ce dossier."""
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.feuille_soin_action")
        return dict(action, domain=[("origine_id", "in", self.ids)])

    def action_nouvelle(self):
        """Enchaîne : ouvre une feuille vierge de la même formation."""
        self._exiger_groupe(AGENT, _("saisir une feuille"))
        contexte = {"default_formation_id": self[:1].formation_id.id, "default_agence_id": self[:1].agence_id.id,
                    "default_date_soins": fields.Date.to_string(self[:1].date_soins) if self else False}
        return {"type": "ir.actions.act_window", "res_model": self._name, "view_mode": "form",
                "views": [(False, "form")], "target": "current", "name": _("Nouvelle feuille"), "context": contexte}

    # ------------------------------------------------------------------ privé
    def _faits_du_depot(self):
        """Rend tout ce que disait le papier et montrait le document : la reprise est jugée sur les mêmes faits."""
        faits = {*self._champs_papier, *self._champs_constats, "enfant_id"} - {"ligne_ids", "diagnostic_saisi_id", "reference"}
        return {champ: self._fields[champ].convert_to_write(self[champ], self) for champ in faits}

    def _rang_reprise(self):
        """Rend combien de fois ce dossier a déjà été repris, en remontant la chaîne."""
        rang, feuille = 0, self.sudo()
        while feuille.origine_id:
            rang, feuille = rang + 1, feuille.origine_id
        return rang

    def _racine_reference(self):
        feuille = self.sudo()
        while feuille.origine_id:
            feuille = feuille.origine_id
        return feuille.reference

    def _ouvrir(self, feuille):
        return {"type": "ir.actions.act_window", "res_model": self._name, "view_mode": "form",
                "views": [(False, "form")], "res_id": feuille.id, "target": "current"}
