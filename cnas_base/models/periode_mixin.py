from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


def sans_chevauchement(*cles, message, condition=None, nom="periode_exclusive"):
    """Rend la contrainte `EXCLUDE` à mettre dans `_sql_constraints` d'un modèle à périodes.

    Deux enregistrements de même clé ne couvrent jamais un même jour : la base le garantit,
    y compris entre deux transactions concurrentes.

    :param cles: colonnes qui font la clé ; un NULL compte comme une valeur (« tous »)
    :param message: la phrase montrée à l'usager
    :param condition: condition SQL facultative (``"state = 'ouvert'"``)
    :param nom: suffixe de la contrainte
    :return: triplet (nom, définition SQL, message)
    """
    egalites = "".join(f"COALESCE({cle}::varchar, '') WITH =, " for cle in cles)
    ou = f" WHERE ({condition})" if condition else ""
    return nom, f"EXCLUDE USING gist ({egalites}daterange(date_debut, date_fin, '[]') WITH &&){ou}", message


class PeriodeMixin(models.AbstractModel):
    """Période datée : `date_debut` et `date_fin` incluses, fin vide = sans fin.

    Le non-chevauchement se déclare dans le modèle, avec `sans_chevauchement()`.
    """

    _name = "cnas.periode.mixin"
    _description = "Période datée"

    date_debut = fields.Date(string="Date début", required=True, index=True)
    date_fin = fields.Date(string="Date fin", help="Incluse ; vide : sans fin.")

    _sql_constraints = [
        ("periode_ordonnee", "CHECK (date_fin IS NULL OR date_fin >= date_debut)",
         "La date de fin doit suivre la date de début."),
    ]

    @api.constrains("date_debut", "date_fin")
    def _check_annees_plausibles(self):
        for periode in self:
            for jour in (periode.date_debut, periode.date_fin):
                if jour and not 1900 <= jour.year <= 2200:
                    raise ValidationError(_("La date %s n'est pas plausible : vérifiez l'année.", jour))

    @api.model
    def _domaine_en_vigueur(self, date):
        """Rend le domaine des périodes qui couvrent `date`."""
        return [("date_debut", "<=", date), "|", ("date_fin", "=", False), ("date_fin", ">=", date)]
