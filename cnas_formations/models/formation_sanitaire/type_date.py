from datetime import date as Jour
from datetime import timedelta

from odoo import _, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.lecture import lire_effet, lire_motif

from .fiche import SUPERVISEUR, TYPES_FORMATION

# Le type d'avant le premier changement vaut depuis toujours.
ORIGINE = Jour(1970, 1, 1)


@actions
class FormationSanitaire(models.Model):
    """Le type daté : une formation promue garde, pour les soins d'avant, ses tarifs d'avant."""

    _inherit = "cnas.formation_sanitaire"

    _actions = {
        "changer_type": Action(titre=_lt("Changer le type"), de=("active", "suspendue"), roles=(SUPERVISEUR,), seul=True),
    }

    type_ids = fields.One2many("cnas.formation_type", "formation_id", string="Types successifs", readonly=True)

    @transition("changer_type")
    def action_changer_type(self, type_formation=None, motif=None, date=None):
        """Change le type, donc le niveau, à compter d'un jour. Rend True.

        :param str type_formation: le nouveau type
        :param str motif: obligatoire
        :param date: premier jour (AAAA-MM-JJ), aujourd'hui par défaut, jamais plus tard
        :raise UserError: type inconnu ou déjà en vigueur, motif vide, date à venir ou qui précède un autre changement
        """
        motif, jour = lire_motif(motif), lire_effet(date, _("Le changement de type"))
        if type_formation not in dict(TYPES_FORMATION) or type_formation == self.type_formation:
            raise UserError(_("Choisissez un autre type que l'actuel : %s.", ", ".join(dict(TYPES_FORMATION))))
        if not motif:
            raise UserError(_("Un changement de type a un motif : dites lequel."))
        en_cours = self.type_ids.filtered(lambda t: not t.date_fin)
        if en_cours and jour <= en_cours.date_debut:
            raise UserError(_("Le changement de type prend effet après le précédent (%s).", ecrire_date(en_cours.date_debut)))
        periodes = self.env["cnas.formation_type"].sudo()
        veille = jour - timedelta(days=1)
        if en_cours:
            en_cours.sudo()._ecrire({"date_fin": veille})
        else:
            periodes._creer([{"formation_id": self.id, "type_formation": self.type_formation, "date_debut": ORIGINE,
                              "date_fin": veille}])
        periodes._creer([{"formation_id": self.id, "type_formation": type_formation, "date_debut": jour, "motif": motif}])
        self._ecrire({"type_formation": type_formation})
        self._apres_changement_de_type(jour)

    def _niveau_au(self, jour):
        """Rend le niveau de la formation ce jour-là."""
        periode = self.sudo().type_ids.filtered(lambda t: t.date_debut <= jour and (not t.date_fin or t.date_fin >= jour))
        return (periode or self.sudo()).niveau

    def _apres_changement_de_type(self, jour):
        """Point d'extension : les feuilles non décidées de soins donnés depuis `jour`."""
