import re

from stdnum.iso7064 import mod_97_10

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError

from ..lecture import chiffres_latins


class MatriculeMixin(models.AbstractModel):
    """Matricule unique, généré à la création, terminé par une clé ISO 7064 mod 97-10.

    La clé porte sur tout ce qui précède (lettres comprises : A = 10 … Z = 35) : une faute de
    frappe ou deux chiffres intervertis se voient à la saisie.
    """

    _name = "cnas.matricule.mixin"
    _description = "Matricule à clé"

    # Code de l'ir.sequence qui donne le numéro d'ordre.
    _matricule_sequence = None

    matricule = fields.Char(
        string="Matricule", readonly=True, copy=False, index=True,
        help="Généré à la création ; ses deux derniers chiffres sont une clé de contrôle.",
    )

    _sql_constraints = [
        ("matricule_unique", "UNIQUE (matricule)", "Ce matricule est déjà attribué."),
    ]

    @api.model_create_multi
    def create(self, vals_list):
        sans = [vals for vals in vals_list if not vals.get("matricule")]
        for vals, numero in zip(sans, self._numeros_suivants(len(sans))):
            vals["matricule"] = self._composer_matricule(vals, numero)
        return super().create(vals_list)

    @api.constrains("matricule")
    def _check_matricule(self):
        for record in self:
            if record.matricule and not self._cle_valide(record.matricule):
                raise ValidationError(_(
                    "Le matricule « %s » est faux : sa clé ne correspond pas. Vérifiez chaque chiffre.",
                    record.matricule,
                ))

    # ------------------------------------------------------------------ métier
    @api.model
    def _matricule_prefixe(self, vals):
        """Rend ce qui précède le numéro d'ordre (à surcharger)."""
        return ""

    @api.model
    def _composer_matricule(self, vals, numero):
        corps = f"{self._matricule_prefixe(vals)}{numero}"
        return corps + mod_97_10.calc_check_digits(corps)

    @api.model
    def _numeros_suivants(self, combien):
        """Tire `combien` numéros d'ordre de la séquence en une requête."""
        if not combien:
            return []
        sequence = self.env["ir.sequence"].sudo().search(
            [("code", "=", self._matricule_sequence)], limit=1)
        if not sequence:
            raise ValidationError(_("La séquence « %s » manque : réinstallez l'addon.", self._matricule_sequence))
        self.env.cr.execute(
            "SELECT nextval(%s::regclass) FROM generate_series(1, %s)",
            (f"ir_sequence_{sequence.id:03d}", combien),
        )
        return [str(n).zfill(sequence.padding) for (n,) in self.env.cr.fetchall()]

    @api.model
    def _normaliser_matricule(self, texte):
        """Ôte espaces, tirets et points, met en majuscules."""
        return re.sub(r"[\s.\-]", "", chiffres_latins(str(texte or ""))).upper()

    @api.model
    def _cle_valide(self, texte):
        """Dit si la clé mod 97-10 du matricule est juste."""
        return bool(re.fullmatch(r"[0-9A-Z]{4,40}", texte or "")) and mod_97_10.is_valid(texte)
