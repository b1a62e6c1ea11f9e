from odoo import _, api, models
from odoo.exceptions import UserError, ValidationError

from ..rib import erreur_rib, grouper_rib, nettoyer_rib, rib_valide

# Ce que porte un virement : gardé sur le compte d'une formation activée.
CHAMPS_DU_VIREMENT = ("acc_number", "partner_id", "active", "acc_holder_name", "bank_id")


class ResPartnerBank(models.Model):
    """Les comptes bancaires. D'une formation : RIB CEMAC contrôlé, gardé une fois la formation activée.

    Un compte qui naît, change ou disparaît est au journal : c'est là que va l'argent.
    """

    _inherit = "res.partner.bank"

    @api.model
    def _get_supported_account_types(self):
        return [*super()._get_supported_account_types(), ("rib_cemac", _("RIB CEMAC"))]

    @api.model
    def retrieve_acc_type(self, acc_number):
        """Reconnaît un RIB CEMAC juste ; laisse les autres numéros aux autres addons."""
        return "rib_cemac" if rib_valide(acc_number) else super().retrieve_acc_type(acc_number)

    @api.constrains("acc_number", "partner_id", "acc_holder_name")
    def _check_rib_formation(self):
        for compte in self & self._comptes_de_formations():
            phrase = erreur_rib(compte.acc_number)
            if phrase:
                raise ValidationError(phrase)
            if compte.acc_holder_name != compte.partner_id.sudo().name:
                raise ValidationError(_(
                    "Le titulaire du compte %(compte)s est « %(titulaire)s » : le virement ne porte pas d'autre nom.",
                    compte=compte.acc_number, titulaire=compte.partner_id.sudo().name))

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        comptes = super().create([self._mettre_rib_en_forme(vals) for vals in vals_list])
        comptes._journaliser_comptes("creation", {}, comptes._photo_des_comptes())
        return comptes

    def write(self, vals):
        vals = self._mettre_rib_en_forme(vals)
        if vals.keys().isdisjoint(CHAMPS_DU_VIREMENT):
            return super().write(vals)
        self._garder_comptes_actifs(vals)
        avant = self._photo_des_comptes()
        resultat = super().write(vals)
        self._journaliser_comptes("modification", avant, self._photo_des_comptes())
        return resultat

    def unlink(self):
        avant = self._photo_des_comptes()
        resultat = super().unlink()
        self._journaliser_comptes("suppression", avant, {})
        return resultat

    # ------------------------------------------------------------------ métier
    @api.model
    def _mettre_rib_en_forme(self, vals):
        vals = dict(vals)
        if "sanitized_acc_number" in vals:
            raise UserError(_("Le numéro sans espaces se calcule du numéro de compte : il ne s'écrit pas."))
        if isinstance(vals.get("acc_number"), str) and rib_valide(vals["acc_number"]):
            vals["acc_number"] = grouper_rib(nettoyer_rib(vals["acc_number"]))
        return vals

    @api.model
    def _trouver_ou_creer(self, couples):
        """Rend le compte de chaque (partenaire, RIB), créé ou désarchivé au besoin : une recherche, une création."""
        cles = [(partenaire.id, nettoyer_rib(rib)) for partenaire, rib in couples]
        connus = {(compte.partner_id.id, compte.sanitized_acc_number): compte for compte in
                  self.with_context(active_test=False).search([
                      ("partner_id", "in", [partenaire for partenaire, _numero in cles]),
                      ("sanitized_acc_number", "in", [numero for _partenaire, numero in cles])], order="id desc")}
        neufs = [cle for cle in dict.fromkeys(cles) if cle not in connus]
        crees = self.create([{"partner_id": partenaire, "acc_number": numero} for partenaire, numero in neufs])
        connus.update(zip(neufs, crees))
        comptes = [connus[cle].with_env(self.env) for cle in cles]
        self.union(*comptes).filtered(lambda compte: not compte.active).active = True
        return comptes

    def _photo_des_comptes(self):
        return {compte.id: {"acc_number": compte.acc_number, "acc_holder_name": compte.acc_holder_name,
                            "bank_id": compte.bank_id.id, "partner_id": compte.partner_id.id, "active": compte.active}
                for compte in self.sudo()}

    @api.model
    def _journaliser_comptes(self, evenement, avant, apres):
        journal = self.env["cnas.journal"]
        journal._ajouter(journal._changements(self._name, evenement, avant, apres))

    def _comptes_de_formations(self):
        """Rend, parmi ces comptes, ceux dont le titulaire est une formation ou qu'une formation désigne."""
        formations = self._formations_liees()
        return self.filtered(lambda c: c.partner_id in formations.partner_id) | (
            self & (formations.compte_principal_id | formations.compte_pharmacie_id))

    def _formations_liees(self):
        return self.env["cnas.formation_sanitaire"].sudo().search([
            "|", "|", ("partner_id", "in", self.partner_id.ids),
            ("compte_principal_id", "in", self.ids), ("compte_pharmacie_id", "in", self.ids)])

    def _garder_comptes_actifs(self, vals):
        """Refuse de réécrire ce que porte un compte que paie la CNAS : c'est une demande de changement de RIB."""
        formations = self.env["cnas.formation_sanitaire"].sudo().search([
            "|", ("state", "!=", "brouillon"), ("date_activation", "!=", False),
            "|", ("compte_principal_id", "in", self.ids), ("compte_pharmacie_id", "in", self.ids)])
        for compte in self & (formations.compte_principal_id | formations.compte_pharmacie_id):
            ancien = {champ: compte._fields[champ].convert_to_write(compte[champ], compte) for champ in CHAMPS_DU_VIREMENT}
            nouveau = {**ancien, **{champ: vals[champ] for champ in CHAMPS_DU_VIREMENT if champ in vals}}
            for valeurs in (ancien, nouveau):
                valeurs["acc_number"] = nettoyer_rib(valeurs["acc_number"])
            if nouveau != ancien:
                raise UserError(_(
                    "Le compte %s est celui d'une formation activée : changez-le par une demande de changement "
                    "de RIB, un second agent la validera.", compte.acc_number))
