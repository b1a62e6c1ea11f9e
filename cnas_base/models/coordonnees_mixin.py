import phonenumbers

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import single_email_re

from ..impression.langue import ARABE, FRANCAIS, LANGUES


class CoordonneesMixin(models.AbstractModel):
    """Téléphones (Tchad par défaut), courriel et adresse, validés et mis en forme à l'écriture."""

    _name = "cnas.coordonnees.mixin"
    _description = "Coordonnées"

    telephone_1 = fields.Char(string="Téléphone 1", help="Huit chiffres au Tchad, par exemple 66 12 34 56.")
    telephone_2 = fields.Char(string="Téléphone 2")
    email = fields.Char(string="Email")
    adresse = fields.Text(string="Adresse")
    langue = fields.Selection(LANGUES, string="Langue des courriers",
                              help="Celle de ses papiers, courriels et SMS. Vide : l'arabe si tous ses usagers du portail l'ont choisi, sinon le français.")

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._mettre_en_forme(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._mettre_en_forme(vals))

    def _langue_des_courriers(self):
        """Rend la langue où lui écrire : celle de sa fiche, sinon celle que ses usagers du portail ou son contact ont choisie ; fermée, le français."""
        self.ensure_one()
        voulue = self.langue or (ARABE if set(self._lecteurs_des_courriers().mapped("lang")) == {ARABE} else FRANCAIS)
        return voulue if voulue in self.env["res.lang"]._offertes() else FRANCAIS

    def _lecteurs_des_courriers(self):
        """Rend les partenaires (`res.partner`) qui lisent ses courriers : ses usagers du portail, à défaut son contact."""
        usagers = self.user_ids if "user_ids" in self._fields else self.env["res.users"]
        contact = self.partner_id if "partner_id" in self._fields else self.env["res.partner"]
        return usagers.partner_id or contact

    @api.onchange("telephone_1", "telephone_2")
    def _onchange_telephones(self):
        for champ in ("telephone_1", "telephone_2"):
            self[champ] = self._formater_telephone(self[champ], tolerant=True)

    @api.constrains("email")
    def _check_email(self):
        for record in self:
            if record.email and not single_email_re.match(record.email):
                raise ValidationError(_("L'adresse courriel « %s » n'est pas valable.", record.email))

    @api.model
    def _mettre_en_forme(self, vals):
        vals = dict(vals)
        for champ in ("telephone_1", "telephone_2"):
            if vals.get(champ):
                vals[champ] = self._formater_telephone(vals[champ])
        if isinstance(vals.get("email"), str):
            vals["email"] = vals["email"].strip() or False
        return vals

    @api.model
    def _formater_telephone(self, texte, tolerant=False):
        """Rend « +235 66 12 34 56 », pays TD par défaut.

        :param tolerant: rend le texte tel quel au lieu de refuser (saisie en cours)
        :raise ValidationError: numéro qui n'existe pas
        """
        if not texte:
            return texte
        try:
            numero = phonenumbers.parse(str(texte), "TD")
        except phonenumbers.NumberParseException:
            numero = None
        if numero and phonenumbers.is_valid_number(numero):
            return phonenumbers.format_number(numero, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        if tolerant:
            return texte
        raise ValidationError(_(
            "Le numéro de téléphone « %s » n'est pas valable : huit chiffres au Tchad, "
            "ou le préfixe du pays (+237…) à l'étranger.", texte,
        ))

    @api.model
    def _lire_telephones(self, textes):
        """Lit plusieurs numéros.

        :return: (numéros formatés et distincts, textes qui ne sont pas des numéros)
        """
        numeros, faux = [], []
        for texte in textes:
            try:
                numeros.append(self._formater_telephone(texte))
            except ValidationError:
                faux.append(texte)
        return list(dict.fromkeys(numeros)), faux
