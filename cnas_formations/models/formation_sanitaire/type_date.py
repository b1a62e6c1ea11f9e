from datetime import date as Jour
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.lecture import lire_effet

from .fiche import SUPERVISEUR, TYPES_FORMATION

# Le type d'avant le premier changement vaut depuis toujours.
ORIGINE = Jour(1970, 1, 1)


@actions
class FormationSanitaire(models.Model):
    """Le type daté : une formation promue garde, pour les soins d'avant, ses tarifs d'avant.

    Un seul chemin change le type d'une formation activée : une demande (`cnas.changement`) qu'une autre personne
    accepte. Elle peut dire, par `type_depuis`, qu'il valait déjà avant ce jour.
    """

    _inherit = "cnas.formation_sanitaire"

    _actions = {
        "changer_type": Action(titre=_lt("Demander un autre type"), de=("active", "suspendue"), roles=(SUPERVISEUR,),
                               seul=True),
    }
    _champs_joints = ("type_depuis",)

    type_ids = fields.One2many("cnas.formation_type", "formation_id", string="Types successifs", readonly=True)
    type_depuis = fields.Date(string="Type en vigueur depuis", compute="_compute_type_depuis")

    @api.depends("type_ids.date_debut", "type_ids.date_fin")
    def _compute_type_depuis(self):
        for formation in self:
            formation.type_depuis = formation._type_en_cours().date_debut

    @transition("changer_type")
    def action_changer_type(self, type_formation=None, motif=None, date=None):
        """Demande un autre type, donc un autre niveau, à compter d'un jour : une autre personne l'acceptera.

        :param str type_formation: le nouveau type ; vide : rend l'assistant qui le demande
        :param str motif: obligatoire
        :param date: premier jour (AAAA-MM-JJ), aujourd'hui par défaut, jamais plus tard
        :return: identifiant de la demande (`cnas.changement`), ou l'assistant
        :raise UserError: type inconnu ou déjà en vigueur, motif vide, date à venir ou qui précède un autre changement
        """
        if not type_formation:
            return {"type": "ir.actions.act_window", "name": _("Demander un autre type"), "view_mode": "form", "target": "new",
                    "res_model": "cnas.type_formation.wizard", "context": {"default_formation_id": self.id}}
        jour = lire_effet(date, _("Le changement de type"))
        return self.demander_changement({"type_formation": type_formation, "type_depuis": jour}, motif)

    # ------------------------------------------------------------------ changement à deux
    def _verifier_demande(self, valeurs):
        """Refuse dès la demande un type qui ne pourra pas s'écrire."""
        super()._verifier_demande(valeurs)
        if {"type_formation", "type_depuis"} & valeurs.keys():
            self._verifier_type(valeurs.get("type_formation"), valeurs.get("type_depuis"))

    def _appliquer_changement(self, valeurs, jour):
        """Un type accepté s'écrit daté : les soins d'avant gardent leur tarif."""
        valeurs = dict(valeurs)
        type_formation, depuis = valeurs.pop("type_formation", None), valeurs.pop("type_depuis", None)
        if type_formation:
            self._changer_type(type_formation, self._verifier_type(type_formation, depuis) or jour)
        return super()._appliquer_changement(valeurs, jour) if valeurs else self

    def _verifier_type(self, type_formation, type_depuis=None):
        """Rend le premier jour demandé, ou None.

        :raise UserError: type inconnu ou déjà en vigueur, jour à venir
        """
        if type_formation not in dict(TYPES_FORMATION) or type_formation == self.type_formation:
            raise UserError(_("Choisissez un autre type que l'actuel : %s.", ", ".join(dict(TYPES_FORMATION))))
        if not type_depuis:
            return None
        jour = lire_effet(type_depuis, _("Le changement de type"))
        self._verifier_ordre_des_types(jour)
        return jour

    def _verifier_ordre_des_types(self, jour):
        debut = self._type_en_cours().date_debut
        if debut and jour <= debut:
            raise UserError(_("Le changement de type prend effet après le précédent (%s).", ecrire_date(debut)))

    def _changer_type(self, type_formation, jour):
        """Clôt le type en cours la veille de `jour` et ouvre le nouveau."""
        self._verifier_ordre_des_types(jour)
        periodes, en_cours = self.env["cnas.formation_type"].sudo(), self.sudo()._type_en_cours()
        veille = jour - timedelta(days=1)
        if en_cours:
            en_cours._ecrire({"date_fin": veille})
        else:
            periodes._creer([{"formation_id": self.id, "type_formation": self.type_formation, "date_debut": ORIGINE,
                              "date_fin": veille}])
        periodes._creer([{"formation_id": self.id, "type_formation": type_formation, "date_debut": jour}])
        self._ecrire({"type_formation": type_formation})
        self._apres_changement_de_type(jour)

    def _type_en_cours(self):
        return self.type_ids.filtered(lambda periode: not periode.date_fin)

    def _niveau_au(self, jour):
        """Rend le niveau de la formation ce jour-là."""
        periode = self.sudo().type_ids.filtered(lambda periode: periode._couvre(jour))
        return (periode or self.sudo()).niveau

    def _apres_changement_de_type(self, jour):
        """Point d'extension : les feuilles non décidées de soins donnés depuis `jour`."""
