from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.osv import expression


class ClasseMixin(models.AbstractModel):
    """Un document du plan de classement : échu et hors gel, un procès-verbal à deux en détruit le contenu.

    La fiche, son empreinte et ses dates restent : on sait ce qui a existé, qui l'a détruit et pourquoi. Rien d'autre ne
    détruit. Le modèle a un champ `empreinte` et dit son type, de quel jour sa durée se compte, sa cote et ses fichiers.
    """

    _name = "cnas.classe.mixin"
    _description = "Document classé"
    _champs_geles = ("destruction_id",)

    destruction_id = fields.Many2one("cnas.destruction", string="Détruit par", readonly=True, copy=False, ondelete="restrict",
                                     index="btree_not_null", help="Le procès-verbal qui a détruit le contenu.")
    gele = fields.Boolean(string="Sous gel", compute="_compute_gele", search="_search_gele", groups="cnas_base.group_interne",
                          help="Une affaire en cours interdit de le détruire.")

    # ------------------------------------------------------------------ à dire par le modèle
    @api.model
    def _domaine_du_type(self, type_document):
        """Rend le domaine des documents de ce type."""
        raise NotImplementedError

    @api.model
    def _domaine_par_defaut(self, xmlid, type_document, chemin):
        """Rend le domaine de ceux dont la sorte (au bout de `chemin`) se classe là, le type livré recevant ceux qui ne le disent pas."""
        domaine = [(chemin, "=", type_document.id)]
        if type_document == self.env.ref(xmlid, raise_if_not_found=False):
            racine = chemin.split(".")[0]
            domaine = expression.OR([domaine, [(racine, "=", False)], [(chemin, "=", False)]])
        return domaine

    @api.model
    def _domaine_depart(self, jour):
        """Rend le domaine de ceux dont la durée court depuis ce jour au plus tard."""
        raise NotImplementedError

    def _depart(self):
        """Rend le jour d'où la durée d'un document se compte."""
        raise NotImplementedError

    def _cote(self):
        """Rend ce qui désigne un document à un procès-verbal : un numéro, jamais un nom ni un diagnostic."""
        raise NotImplementedError

    def _fichiers_conserves(self):
        """Rend les fichiers qui portent le contenu de ces documents."""
        return self.env["ir.attachment"].sudo().search(
            [("res_model", "=", self._name), ("res_id", "in", self.ids), ("res_field", "=", "fichier")])

    @api.model
    def _chemins_de_gel(self):
        """Rend [(lien d'un gel, chemin du document vers le même dossier)]."""
        return [(champ, champ) for champ in self.env["cnas.gel"]._champs_proprietaires() if champ in self._fields]

    # ------------------------------------------------------------------ gel
    @api.depends_context("uid")
    def _compute_gele(self):
        geles = self._parmi(self._domaine_gele())
        for document in self:
            document.gele = document._origin.id in geles

    @api.model
    def _search_gele(self, operateur, valeur):
        return self._domaine_oui_non(operateur, valeur, self._domaine_gele())

    @api.model
    def _domaine_gele(self):
        gels = self.env["cnas.gel"].sudo().search([("state", "=", "en_cours")])
        return expression.OR([expression.FALSE_DOMAIN, *(
            [(chemin, "in", gels[champ].ids)] for champ, chemin in self._chemins_de_gel() if gels[champ])])

    # ------------------------------------------------------------------ échéance
    @api.model
    def _echus(self, type_document, annees, jour, domaine=(), limite=None):
        """Rend les documents de ce type dont la durée est passée ce jour-là, qui ont encore leur contenu et que rien ne gèle."""
        return self.search(expression.AND([
            domaine or [], self._domaine_du_type(type_document), self._domaine_depart(jour - relativedelta(years=annees)),
            [("empreinte", "!=", False), ("destruction_id", "=", False), ("gele", "=", False)]]), limit=limite, order="id")

    def _detruire(self, destruction):
        """Efface le contenu de ces documents, texte lu compris ; garde leur fiche et leur empreinte."""
        self._fichiers_conserves()._vider()
        self._ecrire({"destruction_id": destruction.id, "lecture": "sans_texte"}, suivi=False)

    @api.model
    def _modeles_classes(self):
        """Rend les modèles dont les documents suivent le plan de classement."""
        return sorted(nom for nom, modele in self.env.registry.items()
                      if not modele._abstract and issubclass(modele, self.env.registry["cnas.classe.mixin"]))
