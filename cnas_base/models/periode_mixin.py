from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..impression.langue import sql_francais


class PeriodeMixin(models.AbstractModel):
    """Période datée : `date_debut` et `date_fin` incluses, fin vide = sans fin.

    Un modèle dont les périodes de même clé ne doivent jamais se chevaucher le dit ainsi :

    * ``_periode_cle`` : colonnes qui font la clé ; un NULL compte comme une valeur (« tous ») ;
    * ``_periode_condition`` : condition SQL facultative (``"state = 'ouvert'"``) ;
    * ``_periode_message`` : la phrase montrée à l'usager.

    Une contrainte `EXCLUDE` le garantit en base, y compris entre deux transactions concurrentes.
    """

    _name = "cnas.periode.mixin"
    _description = "Période datée"

    _periode_cle = ()
    _periode_condition = None
    _periode_message = "Une autre période couvre déjà ces dates : fermez-la d'abord ou changez les dates."

    date_debut = fields.Date(string="Date début", required=True, index=True)
    date_fin = fields.Date(string="Date fin", help="Incluse ; vide : sans fin.")

    _sql_constraints = [
        ("periode_ordonnee", "CHECK (date_fin IS NULL OR date_fin >= date_debut)",
         "La date de fin doit suivre la date de début."),
    ]

    @classmethod
    def _init_constraints_onchanges(cls):
        """Ajoute la contrainte d'exclusion à celles du modèle, comme s'il l'avait écrite."""
        if cls._periode_cle and not cls._abstract:
            contrainte = cls._contrainte_d_exclusion()
            cls._sql_constraints = [c for c in cls._sql_constraints if c[0] != contrainte[0]] + [contrainte]
            # Odoo range la contrainte sous l'addon de la classe qui la déclare.
            declarante = next(c for c in cls.mro() if "_periode_cle" in vars(c))
            declarante._local_sql_constraints = [*vars(declarante).get("_sql_constraints", []), contrainte]
        super()._init_constraints_onchanges()

    @classmethod
    def _contrainte_d_exclusion(cls):
        egalites = "".join(f"COALESCE({cls._texte_de_la_cle(cle)}, '') WITH =, " for cle in cls._periode_cle)
        ou = f" WHERE ({cls._periode_condition})" if cls._periode_condition else ""
        definition = f"EXCLUDE USING gist ({egalites}daterange(date_debut, date_fin, '[]') WITH &&){ou}"
        return "periode_exclusive", definition, cls._periode_message

    @classmethod
    def _texte_de_la_cle(cls, cle):
        """Rend l'expression SQL d'une colonne de la clé ; d'un nom traduit, le français."""
        return sql_francais(cle) if cls._fields[cle].translate else f"{cle}::varchar"

    @api.model_create_multi
    def create(self, vals_list):
        # La base contrôle l'exclusion à l'INSERT : une clôture encore en mémoire doit y être d'abord.
        self.flush_model(["date_debut", "date_fin"])
        return super().create(vals_list)

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

    def _couvre(self, jour):
        """Dit si la période couvre ce jour : `_domaine_en_vigueur`, pour ce qui est déjà lu."""
        self.ensure_one()
        return bool(self.date_debut and self.date_debut <= jour and (not self.date_fin or self.date_fin >= jour))
