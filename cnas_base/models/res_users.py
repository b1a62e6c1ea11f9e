from odoo import api, fields, models

SUIVIS = ("login", "name", "active", "groups_id", "agence_ids")


class ResUsers(models.Model):
    """Les comptes : leur création, leurs groupes, leurs agences et leur activité sont au journal ; jamais un mot de passe."""

    _inherit = "res.users"

    agence_ids = fields.Many2many(
        "cnas.agence", "cnas_agence_user_rel", "user_id", "agence_id", string="Agences CNAS")

    @api.model_create_multi
    def create(self, vals_list):
        usagers = super().create(vals_list)
        usagers._journaliser_comptes("creation", {})
        return usagers

    def write(self, vals):
        suivi = any(nom in SUIVIS or nom.startswith(("in_group_", "sel_groups_")) for nom in vals)
        avant = self._photo_des_comptes() if suivi else {}
        resultat = super().write(vals)
        if suivi:
            self._journaliser_comptes("modification", avant)
        if "password" in vals or "new_password" in vals:
            self.env["cnas.journal"]._ajouter([
                {"modele": self._name, "res_id": usager.id, "evenement": "mot_de_passe"} for usager in self])
        return resultat

    def unlink(self):
        avant = self._photo_des_comptes()
        resultat = super().unlink()
        self.env["cnas.journal"]._ajouter([
            {"modele": "res.users", "res_id": identifiant, "evenement": "suppression", "avant": photo}
            for identifiant, photo in avant.items()])
        return resultat

    def _photo_des_comptes(self):
        return {usager.id: {champ: usager[champ].ids if champ in ("groups_id", "agence_ids") else usager[champ]
                            for champ in SUIVIS} for usager in self.sudo()}

    def _journaliser_comptes(self, evenement, avant):
        """Inscrit ce qui a changé dans chaque compte."""
        lignes = []
        for identifiant, photo in self._photo_des_comptes().items():
            vieux = avant.get(identifiant, {})
            changes = [champ for champ in SUIVIS if vieux.get(champ) != photo[champ]]
            if changes:
                lignes.append({"modele": self._name, "res_id": identifiant, "evenement": evenement,
                               "avant": {champ: vieux[champ] for champ in changes if champ in vieux} or None,
                               "apres": {champ: photo[champ] for champ in changes}})
        self.env["cnas.journal"]._ajouter(lignes)


class ResGroups(models.Model):
    """Un groupe qui change de membres ou de portée change des droits : il est au journal."""

    _inherit = "res.groups"

    def write(self, vals):
        suivi = not {"users", "implied_ids", "model_access", "rule_groups"}.isdisjoint(vals)
        avant = self._photo_des_groupes() if suivi else {}
        resultat = super().write(vals)
        if suivi:
            apres = self._photo_des_groupes()
            self.env["cnas.journal"]._ajouter([
                {"modele": self._name, "res_id": groupe, "evenement": "modification", "avant": avant[groupe], "apres": photo}
                for groupe, photo in apres.items() if photo != avant.get(groupe)])
        return resultat

    def _photo_des_groupes(self):
        return {groupe.id: {"membres": groupe.users.ids, "implique": groupe.implied_ids.ids} for groupe in self.sudo()}
