from odoo import api, fields, models
from odoo.osv import expression


class ProprietaireMixin(models.AbstractModel):
    """Une fiche qui se range sous un dossier : un assuré, un employeur, une formation…

    Chaque addon ajoute son lien par `_champs_proprietaires` : les vues, la règle d'accès et le gel le prennent d'eux-mêmes.
    On ne voit une fiche que si on lit son dossier (`dossier_lisible`, que regarde la règle d'accès) ; celle d'un type médical,
    que si on lit les dossiers médicaux. `_proprietaire_fixe` : le lien se donne à la création, et ne change plus.
    """

    _name = "cnas.proprietaire.mixin"
    _description = "Fiche rangée sous un dossier"
    _inherit = ["cnas.garde.mixin"]
    _proprietaire_fixe = False

    proprietaire_dit = fields.Char(string="Dossier", compute="_compute_proprietaire_dit")
    dossier_lisible = fields.Boolean(compute="_compute_dossier_lisible", search="_search_dossier_lisible")

    @api.model
    def _champs_proprietaires(self):
        """Point d'extension : les liens vers ce qui peut posséder une fiche."""
        return []

    @api.depends(lambda self: tuple(self._champs_proprietaires()))
    def _compute_proprietaire_dit(self):
        for fiche in self:
            liens = (fiche[champ] for champ in self._champs_proprietaires())
            fiche.proprietaire_dit = ", ".join(lien.display_name for lien in liens if lien) or False

    @api.depends(lambda self: tuple(self._champs_proprietaires()))
    @api.depends_context("uid")
    def _compute_dossier_lisible(self):
        lisibles = self._parmi(self._domaine_lisible())
        for fiche in self:
            fiche.dossier_lisible = fiche._origin.id in lisibles

    @api.model
    def _search_dossier_lisible(self, operateur, valeur):
        return self._domaine_oui_non(operateur, valeur, self._domaine_lisible())

    @api.model
    def _domaine_lisible(self):
        """Rend le domaine de celles dont l'usager lit le dossier : une condition par sorte de dossier."""
        usager = self.sudo(False).env
        conditions = []
        for champ in self._champs_proprietaires():
            modele = usager[self._fields[champ].comodel_name].with_context(active_test=False)
            lit = modele.check_access_rights("read", raise_exception=False)
            lisibles = [(champ, "in", modele._search([]))] if lit else expression.FALSE_DOMAIN
            conditions.append(expression.OR([[(champ, "=", False)], lisibles]))
        if "type_id" in self._fields and not usager["cnas.type_document"]._lit_le_medical():
            conditions.append(["|", ("type_id", "=", False), ("type_id.medical", "=", False)])
        return expression.AND(conditions or [expression.TRUE_DOMAIN])

    def _liens_au_parent(self):
        return (*super()._liens_au_parent(), *(self._champs_proprietaires() if self._proprietaire_fixe else ()))

    # ------------------------------------------------------------------ vues
    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Les liens prennent la place du champ « Dossier » d'une fiche, et s'ajoutent à la recherche."""
        arch, vue = super()._get_view(view_id, view_type, **options)
        if view_type == "form":
            for place in arch.xpath("//field[@name='proprietaire_dit'][not(ancestor::field)]"):
                for champ in self._champs_proprietaires():
                    place.addprevious(arch.makeelement("field", {"name": champ, **self._attributs_du_lien(champ)}))
                place.getparent().remove(place)
        elif view_type == "search":
            for rang, champ in enumerate(self._champs_proprietaires(), 1):
                arch.insert(rang, arch.makeelement("field", {"name": champ}))
        return arch, vue

    @api.model
    def _attributs_du_lien(self, champ):
        """Point d'extension : ce que la fiche dit du champ d'un lien."""
        return {"options": "{'no_create': True}", **({"readonly": "id"} if self._proprietaire_fixe else {})}
