from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from ...garde import Action, actions, transition
from ...impression.classement import dessiner_destructions
from ...jour import aujourd_hui

AGENT, SUPERVISEUR = "cnas_base.group_agent", "cnas_base.group_superviseur"
# Ce qu'une personne peut relire avant de signer ; le reste attend le procès-verbal suivant.
LIGNES_MAX = 1000


@actions
class Destruction(models.Model):
    """Le procès-verbal de destruction des documents échus : l'un liste et propose, un autre approuve, et le contenu s'efface.

    États : brouillon → proposé → exécuté ou refusé. À l'exécution chaque ligne est jugée de nouveau : ce qu'un gel a pris
    entre-temps, ou que le plan de classement garde désormais plus longtemps, est retenu et le dit. Qui peut quoi : la
    table `_actions`.
    """

    _name = "cnas.destruction"
    _description = "Procès-verbal de destruction"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "id desc"

    _actions = {
        "lister": Action(titre=_lt("Lister les documents échus"), de=("brouillon",), roles=(AGENT,), seul=True),
        "proposer": Action(titre=_lt("Proposer la destruction"), de=("brouillon",), vers=("propose",), roles=(AGENT,), seul=True,
                           empeche=("_empeche_vide",)),
        "approuver": Action(titre=_lt("Approuver et détruire"), de=("propose",), vers=("execute",), roles=(SUPERVISEUR,), seul=True,
                            quatre_yeux=("propose_par_id",)),
        "refuser": Action(titre=_lt("Refuser"), de=("propose",), vers=("refuse",), roles=(SUPERVISEUR,), motif=True),
    }
    _champs_geles = ("name", "ligne_ids", "propose_par_id", "date_proposition", "approuve_par_id", "date_execution", "motif_refus")

    name = fields.Char(string="Numéro", required=True, readonly=True, copy=False, default=lambda self: _("Nouveau"))
    observation = fields.Text(string="Observation")
    state = fields.Selection([("brouillon", "Brouillon"), ("propose", "Proposé"), ("execute", "Exécuté"), ("refuse", "Refusé")],
                             string="État", default="brouillon", required=True, readonly=True, copy=False, tracking=True)
    ligne_ids = fields.One2many("cnas.destruction.ligne", "destruction_id", string="Documents", readonly=True, copy=False)
    nombre = fields.Integer(string="Documents listés", compute="_compute_nombre")
    propose_par_id = fields.Many2one("res.users", string="Proposé par", readonly=True, copy=False)
    date_proposition = fields.Date(string="Proposé le", readonly=True, copy=False)
    approuve_par_id = fields.Many2one("res.users", string="Approuvé par", readonly=True, copy=False)
    date_execution = fields.Date(string="Exécuté le", readonly=True, copy=False)
    motif_refus = fields.Char(string="Motif du refus", readonly=True, copy=False)

    _sql_constraints = [("name_unique", "UNIQUE (name)", "Ce numéro de procès-verbal existe déjà.")]

    @api.depends("ligne_ids")
    def _compute_nombre(self):
        comptes = dict(self.env["cnas.destruction.ligne"]._read_group([("destruction_id", "in", self.ids)], ["destruction_id"], ["__count"]))
        for destruction in self:
            destruction.nombre = comptes.get(destruction, 0)

    def _completer_creation(self, vals_list):
        for vals in vals_list:
            vals["name"] = self.env["ir.sequence"].sudo().next_by_code("cnas.destruction", sequence_date=aujourd_hui())
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if "observation" in vals and any(destruction.state != "brouillon" for destruction in self):
            raise UserError(_("Un procès-verbal proposé ne se réécrit plus : refusez-le, et refaites-en un."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        raise UserError(_("Un procès-verbal ne se supprime pas : refusez-le, avec un motif."))

    def _pdf(self):
        """Rend le PDF des procès-verbaux."""
        self.check_access_rights("read")
        self.check_access_rule("read")
        return dessiner_destructions(self)

    # ------------------------------------------------------------------ actions
    @transition("lister")
    def action_lister(self):
        """Liste, parmi ce que l'usager lit, les documents échus qu'aucun procès-verbal ouvert ne porte déjà. Rend True."""
        self.ligne_ids.sudo()._supprimer()
        self.env["cnas.destruction.ligne"].sudo()._creer([{"destruction_id": self.id, **ligne} for ligne in self._lignes_echues()])

    @transition("proposer")
    def action_proposer(self):
        """Soumet la liste à une seconde personne. Rend True."""
        self._changer_etat("propose", propose_par_id=self.env.uid, date_proposition=aujourd_hui())

    @transition("approuver")
    def action_approuver(self):
        """Détruit le contenu des documents encore échus et hors gel ; retient les autres en disant pourquoi. Rend True."""
        self._changer_etat("execute", approuve_par_id=self.env.uid, date_execution=aujourd_hui())
        self.sudo()._executer()

    @transition("refuser")
    def action_refuser(self, motif=None):
        """Garde tout. Rend True, ou l'assistant de motif."""
        self._changer_etat("refuse", motif_refus=motif)

    def _empeche_vide(self):
        return {destruction.id: _("aucun document n'est listé.") for destruction in self if not destruction.ligne_ids}

    # ------------------------------------------------------------------ privé
    def _lignes_echues(self):
        jour, lignes = aujourd_hui(), []
        modeles = {nom: self.env[nom].with_context(active_test=False) for nom in self.env["cnas.classe.mixin"]._modeles_classes()
                   if self.env[nom].check_access_rights("read", raise_exception=False)}
        libres = {nom: [("id", "not in", self._deja_proposes(nom))] for nom in modeles}
        for type_document in self.env["cnas.type_document"].with_context(active_test=False).search([]):
            duree = type_document._duree_au(jour)
            for nom, modele in modeles.items() if duree else ():
                if len(lignes) >= LIGNES_MAX:
                    return lignes
                documents = modele._echus(type_document, duree.annees, jour, libres[nom], LIGNES_MAX - len(lignes))
                lignes += [{
                    "modele": nom, "res_id": document.id, "type_id": type_document.id, "cote": document._cote(),
                    "depart": document._depart(), "annees": duree.annees, "source": duree.source, "empreinte": document.empreinte,
                } for document in documents]
        return lignes

    @api.model
    def _deja_proposes(self, nom):
        return self.env["cnas.destruction.ligne"].sudo().search(
            [("modele", "=", nom), ("destruction_id.state", "in", ("brouillon", "propose"))]).mapped("res_id")

    def _executer(self):
        """Juge de nouveau chaque ligne, verrous pris, et détruit ce qui peut l'être."""
        jour = aujourd_hui()
        for (nom, type_document), lignes in self.ligne_ids.grouped(lambda ligne: (ligne.modele, ligne.type_id)).items():
            modele = self.env[nom].with_context(active_test=False)
            self.env.cr.execute(f'SELECT id FROM "{modele._table}" WHERE id = ANY(%s) ORDER BY id FOR UPDATE', [lignes.mapped("res_id")])
            duree = type_document._duree_au(jour)
            echus = modele._echus(type_document, duree.annees, jour, [("id", "in", lignes.mapped("res_id"))]) if duree else modele
            detruites = lignes.filtered(lambda ligne, echus=echus: ligne.res_id in echus.ids)
            echus._detruire(self)
            detruites._ecrire({"issue": "detruit"}, suivi=False)
            self._retenir(modele, lignes - detruites)
            self.env["cnas.journal"]._ajouter([
                {"modele": nom, "res_id": ligne.res_id, "evenement": "destruction",
                 "avant": {"empreinte": ligne.empreinte}, "apres": {"proces_verbal": self.name}} for ligne in detruites])
        self.env["cnas.lecture.mixin"]._oublier()

    def _retenir(self, modele, lignes):
        vises = [("id", "in", lignes.mapped("res_id"))]
        geles, detruits = (modele.search([*vises, condition]).ids for condition in (("gele", "=", True), ("destruction_id", "!=", False)))
        for raison, groupe in lignes.grouped(lambda ligne: (
                _("déjà détruit") if ligne.res_id in detruits else _("sous gel juridique") if ligne.res_id in geles
                else _("n'est plus échu"))).items():
            groupe._ecrire({"issue": "retenu", "raison": raison}, suivi=False)


class DestructionLigne(models.Model):
    """Un document d'un procès-verbal : sa cote, sa durée, son empreinte, et ce qu'il en est advenu. Jamais de nom.

    Seul le code les écrit.
    """

    _name = "cnas.destruction.ligne"
    _description = "Document d'un procès-verbal"
    _inherit = ["cnas.garde.mixin"]
    _order = "destruction_id, id"
    _champs_geles = ("modele", "res_id", "type_id", "cote", "depart", "annees", "source", "empreinte", "issue", "raison")

    destruction_id = fields.Many2one("cnas.destruction", string="Procès-verbal", required=True, index=True, ondelete="cascade")
    modele = fields.Char(string="Sorte", required=True, readonly=True)
    res_id = fields.Integer(string="N° interne", required=True, readonly=True, group_operator=False)
    type_id = fields.Many2one("cnas.type_document", string="Type de document", required=True, readonly=True, ondelete="restrict")
    cote = fields.Char(string="Document", required=True, readonly=True)
    depart = fields.Date(string="Depuis le", readonly=True)
    annees = fields.Integer(string="Durée (ans)", readonly=True, group_operator=False)
    source = fields.Char(string="Source", readonly=True)
    empreinte = fields.Char(string="Empreinte SHA-256", readonly=True)
    issue = fields.Selection([("detruit", "Détruit"), ("retenu", "Retenu")], string="Issue", readonly=True)
    raison = fields.Char(string="Retenu parce que", readonly=True)

    _sql_constraints = [("une_fois", "UNIQUE (destruction_id, modele, res_id)", "Ce document est déjà au procès-verbal.")]
