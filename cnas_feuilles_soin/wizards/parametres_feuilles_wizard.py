from odoo import _, api, fields, models
from odoo.exceptions import UserError

from ..models.feuille_soin.dossier import PARAMETRES


class ParametresFeuillesWizard(models.TransientModel):
    """Délais et bornes des feuilles de soins, que l'administrateur règle (Configuration → Paramètres)."""

    _name = "cnas.parametres_feuilles.wizard"
    _description = "Paramètres des feuilles de soins"

    age_enfant = fields.Integer(string="Âge limite de la nature « enfant » (ans)", required=True)
    delai_traitement_jours = fields.Integer(string="Délai de traitement (jours)", required=True)
    delai_instance_jours = fields.Integer(string="Délai pour fournir les pièces (jours)", required=True)
    relance_avant_jours = fields.Integer(string="Relance avant l'échéance (jours)", required=True)
    relances_max = fields.Integer(string="Relances au plus", required=True)
    delai_archive_jours = fields.Integer(string="Garde du papier après numérisation (jours)", required=True)
    delai_reprise_jours = fields.Integer(string="Délai de reprise d'un rejet (jours)", required=True)
    reprises_max = fields.Integer(string="Reprises au plus", required=True)
    taille_max_piece_mo = fields.Integer(string="Taille d'une pièce au plus (Mo)", required=True)
    entente_delai_heures = fields.Integer(string="Réponse à une entente (heures)", required=True)
    entente_delai_urgence_heures = fields.Integer(string="Réponse à une entente urgente (heures)", required=True)
    entente_validite_jours = fields.Integer(string="Validité d'un accord (jours)", required=True)

    @api.model
    def default_get(self, fields_list):
        feuilles = self.env["cnas.feuille_soin"]
        lus = {nom: feuilles._parametre_entier(nom) for nom in PARAMETRES if nom in fields_list}
        return {**super().default_get(fields_list), **lus}

    def action_enregistrer(self):
        """Enregistre les paramètres ; ils valent pour la suite, jamais pour ce qui est déjà daté.

        :raise UserError: valeur négative, taille de pièce nulle
        """
        self.ensure_one()
        self.env["cnas.feuille_soin"]._exiger_groupe("cnas_base.group_administrateur", _("régler les paramètres"))
        parametres = self.env["ir.config_parameter"].sudo()
        for nom in PARAMETRES:
            if self[nom] < 0 or (nom == "taille_max_piece_mo" and self[nom] < 1):
                raise UserError(_("« %s » doit être positif.", self._fields[nom]._description_string(self.env)))
            parametres.set_param(f"cnas_feuilles_soin.{nom}", str(self[nom]))
        return {"type": "ir.actions.act_window_close"}
