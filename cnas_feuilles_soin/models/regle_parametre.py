from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError


class RegleParametre(models.Model):
    """Une valeur datée d'un paramètre de règle : une ligne du magasin (`cnas.parametre`), rattachée à sa règle.

    Elle vaut pour les soins donnés pendant sa période. Type, bornes, dates, trace et refus de réécrire le passé
    sont ceux du magasin, sous le code « REC-07.delai_tiers_payant ». Le code `severite` est réservé : il change
    la sévérité de la règle pendant la période.

    | qui | peut |
    |---|---|
    | agents | lire |
    | administrateur, puis un superviseur | ajouter, changer à partir d'un jour, clore (tracé sur la règle) |
    """

    _name = "cnas.regle_parametre"
    _description = "Paramètre daté d'une règle de contrôle"
    _inherit = ["cnas.garde.mixin"]
    _inherits = {"cnas.parametre": "parametre_id"}
    # Rattacher soi-même une ligne déjà en vigueur réglerait la règle sans passer par le magasin, ni à deux.
    _champs_geles = ("parametre_id",)
    _order = "regle_id, code, id desc"
    _rec_name = "code"

    parametre_id = fields.Many2one("cnas.parametre", string="Ligne du magasin", required=True, ondelete="cascade",
                                   index=True)
    regle_id = fields.Many2one("cnas.regle_controle", string="Règle", required=True, index=True, ondelete="cascade")
    code = fields.Char(string="Code", required=True)

    @api.depends("regle_id.code", "code", "valeur")
    def _compute_display_name(self):
        for parametre in self:
            parametre.display_name = f"{parametre.regle_id.code or ''} · {parametre.code or ''} = {parametre.valeur or ''}"

    def _completer_creation(self, vals_list):
        """Pose dans le magasin, avec ses gardes, la ligne de chaque paramètre ; le code seul en rattache une qui existe."""
        a_poser = [vals for vals in vals_list if not vals.get("parametre_id")]
        lignes = self.env["cnas.parametre"].create([self._ligne_du_magasin(vals) for vals in a_poser])
        for vals, ligne in zip(a_poser, lignes):
            vals["parametre_id"] = ligne.id
        return super()._completer_creation([{c: vals[c] for c in ("regle_id", "code", "parametre_id")} for vals in vals_list])

    def write(self, vals):
        if {"regle_id", "code", "parametre_id"} & vals.keys():
            raise UserError(_("Un paramètre ne change ni de règle ni de code : ajoutez-en un autre."))
        return super().write(vals)

    def unlink(self):
        lignes = self.parametre_id
        return super().unlink() and lignes.unlink()

    @api.constrains("regle_id", "code", "parametre_id")
    def _check_ligne_de_la_regle(self):
        self.parametre_id._check_regle()

    def _ligne_du_magasin(self, vals):
        """Rend les valeurs de la ligne de `cnas.parametre` qui porte ce paramètre de règle."""
        regle = self.env["cnas.regle_controle"].browse(vals.get("regle_id"))
        code = vals.get("code")
        if not regle or not code:
            raise UserError(_("Un paramètre de règle demande sa règle et son code."))
        portes = {c: v for c, v in vals.items() if c not in ("regle_id", "code", "parametre_id")}
        return {"name": code, "famille": "regles", "source": regle.source or "livré",
                "type_valeur": regle._type_parametre(code), **portes, "code": f"{regle.code}.{code}"}


class Parametre(models.Model):
    """Les lignes du magasin qui règlent une règle : lues par elle, comptées dans sa version, tracées sur elle."""

    _inherit = "cnas.parametre"

    regle_parametre_ids = fields.One2many("cnas.regle_parametre", "parametre_id", string="Règle réglée")

    def copy(self, default=None):
        """La copie règle la même règle : « Changer à partir du… » vaut pour elle aussi."""
        neuve = super().copy(default)
        self.env["cnas.regle_parametre"]._creer([
            {"parametre_id": neuve.id, "regle_id": lien.regle_id.id, "code": lien.code}
            for lien in self.regle_parametre_ids])
        return neuve

    @api.constrains("code")
    def _check_regle(self):
        """Une ligne ne règle que la règle que dit son code : c'est lui que gardent les périodes et le changement à deux."""
        for lien in self.regle_parametre_ids:
            if lien.parametre_id.code != f"{lien.regle_id.code}.{lien.code}":
                raise ValidationError(_("La ligne « %(ligne)s » ne règle pas « %(code)s » de la règle %(regle)s.",
                                        ligne=lien.parametre_id.code, code=lien.code, regle=lien.regle_id.code))

    def _verifier_valeur(self):
        super()._verifier_valeur()
        for parametre, regle, nom in self._de_regle():
            regle._verifier_parametre(nom, parametre.valeur)

    def _noter_changement(self, quoi):
        super()._noter_changement(quoi)
        if not self.env.registry.ready:
            return
        for parametre, regle, nom in self._de_regle():
            regle._noter_version()
            regle.message_post(body=_(
                "%(quoi)s : %(code)s = %(valeur)s, du %(debut)s au %(fin)s",
                quoi=quoi, code=nom, valeur=parametre.valeur, debut=fields.Date.to_string(parametre.date_debut),
                fin=fields.Date.to_string(parametre.date_fin) or "…"))

    def _de_regle(self):
        """Rend (ligne, règle, nom du paramètre) pour les lignes dont le code est celui d'une règle."""
        decoupes = {parametre: parametre.code.partition(".") for parametre in self if "." in (parametre.code or "")}
        regles = self.env["cnas.regle_controle"].with_context(active_test=False).search(
            [("code", "in", [code for code, _point, _nom in decoupes.values()])]) if decoupes else ()
        par_code = {regle.code: regle for regle in regles}
        return [(parametre, par_code[code], nom) for parametre, (code, _point, nom) in decoupes.items()
                if code in par_code]
