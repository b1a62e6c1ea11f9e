from odoo import api, fields, models

from .feuille_soin import PARAMETRES


class ResConfigSettings(models.TransientModel):
    """Délais et bornes des feuilles de soins (Configuration → Paramètres)."""

    _inherit = "res.config.settings"

    cnas_feuille_age_enfant = fields.Integer(string="Âge limite de la nature « enfant » (ans)")
    cnas_feuille_delai_traitement_jours = fields.Integer(string="Délai de traitement (jours)")
    cnas_feuille_delai_instance_jours = fields.Integer(string="Délai pour fournir les pièces (jours)")
    cnas_feuille_relance_avant_jours = fields.Integer(string="Relance avant l'échéance (jours)")
    cnas_feuille_relances_max = fields.Integer(string="Relances au plus")
    cnas_feuille_delai_archive_jours = fields.Integer(string="Garde du papier après numérisation (jours)")
    cnas_feuille_delai_reprise_jours = fields.Integer(string="Délai de reprise d'un rejet (jours)")
    cnas_feuille_reprises_max = fields.Integer(string="Reprises au plus")
    cnas_feuille_taille_max_piece_mo = fields.Integer(string="Taille d'une pièce au plus (Mo)")
    cnas_feuille_entente_delai_heures = fields.Integer(string="Réponse à une entente (heures)")
    cnas_feuille_entente_delai_urgence_heures = fields.Integer(string="Réponse à une entente urgente (heures)")
    cnas_feuille_entente_validite_jours = fields.Integer(string="Validité d'un accord (jours)")

    @api.model
    def get_values(self):
        valeurs = super().get_values()
        feuilles = self.env["cnas.feuille_soin"]
        valeurs.update({f"cnas_feuille_{nom}": feuilles._parametre_entier(nom) for nom in PARAMETRES})
        return valeurs

    def set_values(self):
        resultat = super().set_values()
        parametres = self.env["ir.config_parameter"].sudo()
        for nom in PARAMETRES:
            valeur = self[f"cnas_feuille_{nom}"]
            parametres.set_param(f"cnas_feuilles_soin.{nom}", str(max(valeur, 0)))
        return resultat
