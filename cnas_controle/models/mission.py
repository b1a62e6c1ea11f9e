from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from .affaire import CONTROLEUR
from .indicateur import SUPERVISEUR


@actions
class Mission(models.Model):
    """Une mission de contrôle sur place : l'ordre qui l'autorise, l'équipe, les jours, le rapport.

    États : brouillon → signée → rendue ; annulée tant qu'elle n'est pas rendue. Un contrôleur la prépare, un superviseur autre que son
    auteur la signe, son chef rend le rapport (table `_actions`). Seuls le superviseur et ceux qui y vont la lisent : elle surprend.
    """

    _name = "cnas.mission"
    _description = "Mission de contrôle"
    _inherit = ["cnas.etat.mixin", "cnas.telechargement.mixin", "mail.thread"]
    _order = "date_debut desc, id desc"
    _rec_name = "numero"

    _actions = {
        "signer": Action(titre=_lt("Signer l'ordre"), de=("brouillon",), vers=("signee",), roles=(SUPERVISEUR,), quatre_yeux=("create_uid",), empeche=("_empeche_dates",)),
        "rendre": Action(titre=_lt("Rendre le rapport"), de=("signee",), vers=("rendue",), roles=(CONTROLEUR,), empeche=("_empeche_sans_rapport",)),
        "annuler": Action(titre=_lt("Annuler"), de=("brouillon", "signee"), vers=("annulee",), roles=(SUPERVISEUR,), motif=True),
        "imprimer_ordre": Action(titre=_lt("Ordre de mission (PDF)"), de=("signee", "rendue"), roles=(CONTROLEUR,), seul=True, annonce=False),
        "imprimer_rapport": Action(titre=_lt("Rapport (PDF)"), de=("rendue",), roles=(CONTROLEUR,), seul=True, annonce=False),
    }
    _champs_geles = ("numero", "signataire_id", "date_signature", "date_rapport")
    _champs_journal = ("formation_id", "chef_id", "date_debut", "date_fin", "signataire_id")

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    objet = fields.Char(string="Objet", required=True)
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation", required=True, index=True, ondelete="restrict")
    affaire_id = fields.Many2one("cnas.affaire", string="Affaire", index="btree_not_null", ondelete="restrict")
    campagne_id = fields.Many2one("cnas.campagne", string="Campagne", index="btree_not_null", ondelete="restrict")
    chef_id = fields.Many2one("res.users", string="Chef de mission", required=True, ondelete="restrict", default=lambda self: self.env.user,
                              domain=lambda self: [("groups_id", "in", self.env.ref(CONTROLEUR).ids)])
    equipe_ids = fields.Many2many("res.users", "cnas_mission_equipe_rel", "mission_id", "usager_id", string="Équipe",
                                  domain=lambda self: [("groups_id", "in", self.env.ref(CONTROLEUR).ids)])
    date_debut = fields.Date(string="Du", required=True, default=lambda self: aujourd_hui())
    date_fin = fields.Date(string="Au", required=True, default=lambda self: aujourd_hui())
    transport = fields.Char(string="Moyen de transport")
    a_verifier = fields.Text(string="À vérifier")
    rapport = fields.Text(string="Constats")
    recommandations = fields.Text(string="Recommandations")
    signataire_id = fields.Many2one("res.users", string="Signée par", readonly=True, copy=False, ondelete="restrict")
    date_signature = fields.Date(string="Signée le", readonly=True, copy=False)
    date_rapport = fields.Date(string="Rapport rendu le", readonly=True, copy=False)
    state = fields.Selection(
        [("brouillon", "Brouillon"), ("signee", "Signée"), ("rendue", "Rapport rendu"), ("annulee", "Annulée")], string="État", default="brouillon", required=True,
        readonly=True, copy=False, index=True, tracking=True)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de mission est déjà pris."),
        ("dates_ordonnees", "CHECK (date_debut <= date_fin)", "Une mission ne finit pas avant de commencer."),
    ]

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            vals["numero"] = self.env["ir.sequence"].sudo().next_by_code("cnas.mission", sequence_date=aujourd_hui())
        return super()._completer_creation(vals_list)

    def write(self, vals):
        permis = {"rapport", "recommandations"}
        metier = vals.keys() - permis - {"message_follower_ids", "message_ids"}
        if not self._ouvert(vals.keys()):
            if metier and any(m.state != "brouillon" for m in self):
                raise UserError(_("L'ordre de mission est signé : il ne se modifie plus, annulez-le et faites-en un autre."))
            if vals.keys() & permis and any(m.state in ("rendue", "annulee") for m in self):
                raise UserError(_("Le rapport est rendu : il ne se modifie plus."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Une mission ne se supprime pas : annulez-la avec un motif."))

    # ------------------------------------------------------------------ actions publiques
    @transition("signer")
    def action_signer(self):
        """Signe l'ordre de mission. Rend True."""
        self._changer_etat("signee", signataire_id=self.env.uid, date_signature=aujourd_hui())

    @transition("rendre")
    def action_rendre(self):
        """Rend le rapport : il ne change plus. Rend True."""
        self._changer_etat("rendue", date_rapport=aujourd_hui())

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule la mission. Rend True ou l'assistant."""
        self._changer_etat("annulee")

    @transition("imprimer_ordre")
    def action_imprimer_ordre(self):
        """Ouvre l'ordre de mission. Rend une action d'adresse."""
        return {"type": "ir.actions.act_url", "url": f"/cnas/mission/{self.id}/ordre/pdf", "target": "new"}

    @transition("imprimer_rapport")
    def action_imprimer_rapport(self):
        """Ouvre le rapport de mission. Rend une action d'adresse."""
        return {"type": "ir.actions.act_url", "url": f"/cnas/mission/{self.id}/rapport/pdf", "target": "new"}

    # ------------------------------------------------------------------ privé
    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"rapport", "date_debut", "date_fin"}

    def _empeche_dates(self):
        """Rend {id: raison} des missions déjà finies : on ne signe pas un ordre après coup."""
        return {m.id: _("ses dates sont passées : on ne signe pas un ordre après coup.") for m in self if m.date_fin < aujourd_hui()}

    def _empeche_sans_rapport(self):
        """Rend {id: raison} des missions sans constat, ou pas encore commencées."""
        raisons = {m.id: _("écrivez d'abord les constats.") for m in self if not (m.rapport or "").strip()}
        raisons.update({m.id: _("elle n'a pas commencé.") for m in self if m.date_debut > aujourd_hui()})
        return raisons

    def _formats(self):
        return {"ordre": self._pdf_ordre, "rapport": self._pdf_rapport}

    def telecharger(self, format="ordre"):
        """Rend {"nom", "contenu"} de l'ordre ou du rapport, en PDF. :raise UserError: pas encore signé, ou pas encore rendu"""
        self._exiger("imprimer_rapport" if format == "rapport" else "imprimer_ordre")
        fichier = super().telecharger(format)
        return {**fichier, "nom": f"{format}-{self.numero.replace('/', '-')}.pdf"}

    def _nom_fichier(self):
        return self.numero

    def _pdf_ordre(self):
        from ..report.pdf_mission import dessiner_ordre

        return dessiner_ordre(self.sudo())

    def _pdf_rapport(self):
        from ..report.pdf_mission import dessiner_rapport

        return dessiner_rapport(self.sudo())
