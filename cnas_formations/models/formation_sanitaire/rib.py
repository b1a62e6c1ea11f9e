from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...rib import erreur_rib
from .fiche import CHAMP_DU_COMPTE


class FormationSanitaire(models.Model):
    """Comptes bancaires d'une formation : deux RIB contrôlés, changés à deux."""

    _inherit = "cnas.formation_sanitaire"

    compte_principal_id = fields.Many2one(
        "res.partner.bank", string="Compte Bancaire Principal", copy=False, tracking=True, ondelete="restrict",
        domain="[('partner_id', '=', partner_id)]", help="RIB CEMAC : 23 chiffres, clé contrôlée.")
    compte_pharmacie_id = fields.Many2one(
        "res.partner.bank", string="Compte Bancaire Pharmacie", copy=False, tracking=True, ondelete="restrict",
        domain="[('partner_id', '=', partner_id)]", help="Recouvrement des médicaments, tenu et viré à part.")
    rib_principal = fields.Char(
        string="RIB principal", compute="_compute_ribs", inverse="_inverse_rib_principal", compute_sudo=True,
        help="Les 23 chiffres (ou l'IBAN TD) : le compte est créé s'il n'existe pas.")
    rib_pharmacie = fields.Char(
        string="RIB pharmacie", compute="_compute_ribs", inverse="_inverse_rib_pharmacie", compute_sudo=True)
    demande_rib_ids = fields.One2many(
        "cnas.demande_rib", "formation_id", string="Changements de RIB",
        groups="cnas_base.group_agent,cnas_base.group_finance")
    demande_rib_attente = fields.Boolean(
        string="Changement de RIB en attente", compute="_compute_demande_rib_attente", compute_sudo=True,
        groups="cnas_base.group_interne")
    rib_alerte = fields.Char(
        string="Alerte sur le RIB", compute="_compute_rib_alerte", compute_sudo=True, groups="cnas_base.group_interne")
    rib_partage = fields.Boolean(
        string="RIB partagé", compute="_compute_rib_alerte", search="_search_rib_partage", compute_sudo=True,
        groups="cnas_base.group_interne",
        help="Le même RIB est déclaré par une autre formation.")

    # ------------------------------------------------------------------ contraintes
    @api.constrains("compte_principal_id", "compte_pharmacie_id")
    def _check_comptes(self):
        for formation in self:
            for compte in formation.sudo().compte_principal_id | formation.sudo().compte_pharmacie_id:
                phrase = erreur_rib(compte.acc_number)
                if phrase:
                    raise ValidationError(phrase)

    # ------------------------------------------------------------------ calculs
    @api.depends("compte_principal_id.acc_number", "compte_pharmacie_id.acc_number")
    def _compute_ribs(self):
        for formation in self:
            formation.rib_principal = formation.compte_principal_id.acc_number
            formation.rib_pharmacie = formation.compte_pharmacie_id.acc_number

    def _inverse_rib_principal(self):
        self._poser_comptes("rib_principal", "compte_principal_id")

    def _inverse_rib_pharmacie(self):
        self._poser_comptes("rib_pharmacie", "compte_pharmacie_id")

    def _poser_comptes(self, champ_rib, champ_compte):
        comptes = self._comptes_des_ribs({formation: formation[champ_rib] for formation in self})
        for formation in self:
            formation[champ_compte] = comptes[formation]
        # L'écran relit le RIB mis en forme, pas la frappe.
        self.invalidate_recordset([champ_rib])

    @api.depends("demande_rib_ids.state")
    def _compute_demande_rib_attente(self):
        for formation in self:
            formation.demande_rib_attente = any(d.state == "demandee" for d in formation.demande_rib_ids)

    @api.depends("compte_principal_id.sanitized_acc_number", "compte_pharmacie_id.sanitized_acc_number",
                 "compte_principal_id.partner_id", "compte_pharmacie_id.partner_id")
    def _compute_rib_alerte(self):
        autres = self._autres_formations_du_rib()
        for formation in self:
            phrases = []
            for usage, champ in CHAMP_DU_COMPTE.items():
                compte = formation.sudo()[champ]
                if autres.get((formation._origin.id, usage)):
                    phrases.append(_(
                        "Le RIB %(rib)s est aussi celui de : %(noms)s.", rib=compte.acc_number,
                        noms=", ".join(autres[formation._origin.id, usage])))
                if compte and compte.partner_id != formation.sudo().partner_id:
                    phrases.append(_("Le compte %(rib)s est au nom d'un tiers : %(nom)s.",
                                     rib=compte.acc_number, nom=compte.partner_id.display_name))
            formation.rib_alerte = " ".join(dict.fromkeys(phrases)) or False
            formation.rib_partage = any(autres.get((formation._origin.id, usage)) for usage in CHAMP_DU_COMPTE)

    def _autres_formations_du_rib(self):
        """Rend, en une requête, {(formation, usage): [codes des autres formations au même RIB]}."""
        ids = self._origin.ids
        if not ids:
            return {}
        self.flush_model(list(CHAMP_DU_COMPTE.values()))
        self.env["res.partner.bank"].flush_model(["sanitized_acc_number"])
        self.env.cr.execute(
            """
            WITH comptes AS (
                SELECT f.id, f.code, u.usage, b.sanitized_acc_number AS rib
                  FROM cnas_formation_sanitaire f
                 CROSS JOIN LATERAL (VALUES ('principal', f.compte_principal_id),
                                            ('pharmacie', f.compte_pharmacie_id)) AS u(usage, compte)
                  JOIN res_partner_bank b ON b.id = u.compte
            )
            SELECT c.id, c.usage, array_agg(DISTINCT a.code ORDER BY a.code)
              FROM comptes c JOIN comptes a ON a.rib = c.rib AND a.id <> c.id
             WHERE c.id = ANY(%s)
             GROUP BY c.id, c.usage
            """, (ids,))
        return {(identifiant, usage): codes for identifiant, usage, codes in self.env.cr.fetchall()}

    @api.model
    def _search_rib_partage(self, operator, value):
        toutes = self.sudo().search(["|", ("compte_principal_id", "!=", False), ("compte_pharmacie_id", "!=", False)])
        ids = [identifiant for identifiant, _usage in toutes._autres_formations_du_rib()]
        return [("id", "in" if (operator == "=") == bool(value) else "not in", ids)]

    def _garder_comptes(self, vals):
        """Refuse de changer le RIB d'une formation activée sans demande validée par un second agent."""
        for champ in CHAMP_DU_COMPTE.values():
            if champ not in vals:
                continue
            # Rouverte au brouillon, une formation déjà activée reste gardée.
            for formation in self.filtered(lambda f: f.state != "brouillon" or f.date_activation):
                ancien, nouveau = formation[champ].id, vals[champ] or False
                premier = not ancien and (self.env.su or self.env.user.has_group("cnas_base.group_superviseur"))
                if ancien != nouveau and not premier:
                    raise UserError(_(
                        "Le RIB de « %s » ne se change pas directement : faites une demande de changement de RIB, "
                        "un second agent la validera.", formation.display_name))

    # ------------------------------------------------------------------ actions
    def action_demander_rib(self):
        """Ouvre une demande de changement de RIB. :return: action de fenêtre"""
        self.ensure_one()
        self._exiger_groupe("cnas_base.group_agent", _("demander un changement de RIB"))
        return {
            "type": "ir.actions.act_window", "name": _("Changement de RIB"), "res_model": "cnas.demande_rib",
            "view_mode": "form", "target": "current", "context": {"default_formation_id": self.id},
        }

    # ------------------------------------------------------------------ métier
    @api.model
    def _comptes_des_ribs(self, ribs):
        """Rend {formation: son compte qui porte ce RIB}, créé au besoin (vide → aucun), par lot.

        :param ribs: {formation: RIB tel que saisi}
        :raise ValidationError: RIB faux
        """
        donnes = {formation: rib for formation, rib in ribs.items() if (rib or "").strip()}
        for rib in donnes.values():
            phrase = erreur_rib(rib)
            if phrase:
                raise ValidationError(phrase)
        comptes = self.env["res.partner.bank"].sudo()
        trouves = comptes._trouver_ou_creer([(formation.partner_id, rib) for formation, rib in donnes.items()])
        return {**dict.fromkeys(ribs, comptes), **dict(zip(donnes, trouves))}

    def _decideurs_du_rib(self):
        """Rend {formation_id: usagers qui ont décidé l'un de ses RIB d'aujourd'hui} : ils n'en ordonnancent ni n'en paient rien."""
        derniers, decideurs = set(), {}
        for demande in self.env["cnas.demande_rib"].sudo().search(
                [("formation_id", "in", self.ids), ("state", "=", "validee")], order="date_decision desc, id desc"):
            formation = demande.formation_id.id
            if (formation, demande.usage) not in derniers:
                derniers.add((formation, demande.usage))
                decideurs.setdefault(formation, set()).add(demande.validateur_id.id)
        return decideurs

    def _signaler_rib_partage(self):
        """Écrit au dossier de chaque formation qu'une autre déclare le même RIB."""
        for (identifiant, _usage), codes in self._autres_formations_du_rib().items():
            self.browse(identifiant).sudo().message_post(body=_(
                "Attention : même RIB que %s. À vérifier avant tout paiement.", ", ".join(codes)))
