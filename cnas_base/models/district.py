import re
from difflib import get_close_matches

from odoo import _, api, fields, models
from odoo.osv import expression

from ..impression.langue import sql_francais
from ..lecture import sans_accent

PROPOSES = 4


class District(models.Model):
    """Un district sanitaire. Le découpage change : la CNAS active et désactive.

    | qui | peut |
    |---|---|
    | tous les agents | lire |
    | administrateur | modifier, archiver |
    """

    _name = "cnas.district"
    _description = "District sanitaire"
    _inherit = ["cnas.garde.mixin"]
    _order = "name"

    name = fields.Char(string="District", required=True, translate=True, index="trigram")
    province_id = fields.Many2one("cnas.province", string="Province", required=True, index=True, ondelete="restrict")
    active = fields.Boolean(string="Actif", default=True)

    _sql_constraints = [
        # le nom se traduit : c'est le français qui n'est qu'à un district de la province
        ("nom_unique", f"EXCLUDE USING btree (province_id WITH =, ({sql_francais('name')}) WITH =)",
         "Ce district existe déjà dans cette province."),
    ]

    @api.depends("name", "province_id.name")
    @api.depends_context("avec_province")
    def _compute_display_name(self):
        for district in self:
            province = self.env.context.get("avec_province") and district.province_id.name
            district.display_name = f"{district.name} ({province})" if province else district.name

    # ------------------------------------------------------------------ recherche
    @api.model
    def _name_search(self, name, domain=None, operator="ilike", limit=None, order=None):
        """Trouve « Goz Beida », « Am Dam », « ndjamena » : accents, tirets et apostrophes ne comptent pas, une faute non plus."""
        trouves = super()._name_search(name, domain, operator, limit, order)
        compact = self._compacter(name)
        if not compact or operator not in ("ilike", "=") or self.browse(trouves):
            return trouves
        par_nom = self._par_nom()
        ids = ([i for nom, proches in par_nom.items() if compact in nom for i in proches]
               or [i for nom in get_close_matches(compact, par_nom, PROPOSES, 0.75) for i in par_nom[nom]])
        return self._search(expression.AND([[("id", "in", ids)], domain or []]), limit=limit, order=order)

    @api.model
    def _par_nom(self):
        """Rend {nom compact: ids} des districts actifs, sous leur nom de chaque langue offerte."""
        noms, districts = {}, self.search([])
        for langue in self.env["res.lang"]._offertes():
            for district in districts.with_context(lang=langue):
                ids = noms.setdefault(self._compacter(district.name), [])
                if district.id not in ids:
                    ids.append(district.id)
        return noms

    @api.model
    def _compacter(self, nom):
        """Rend un nom sans accents, espaces ni signes, ni province entre parenthèses : « Goz-Beïda (Sila) » → gozbeida."""
        return sans_accent(re.sub(r"\(.*?\)", " ", nom or "").replace("'", "").replace("’", "")).replace(" ", "")

    @api.model
    def _lire_nom(self, texte, par_nom):
        """Lit le district d'un fichier.

        :param par_nom: ce que rend `_par_nom`
        :return: (id ou False, noms proches)
        """
        compact = self._compacter(texte)
        ids = par_nom.get(compact, ())
        if len(ids) == 1:
            return ids[0], []
        proches = ids or [i for nom in get_close_matches(compact, par_nom, PROPOSES, 0.6) for i in par_nom[nom]]
        return False, self.browse(proches).with_context(avec_province=True).mapped("display_name")

    @api.model
    def _phrase_inconnu(self, lu, proches):
        """Rend ce que l'on dit d'un district qui ne se lit pas, d'après ce que `_lire_nom` en a rendu."""
        if proches:
            return _("District inconnu : %(lu)s. Noms proches : %(proches)s.", lu=lu, proches=", ".join(proches))
        return _("District inconnu : %s.", lu)
