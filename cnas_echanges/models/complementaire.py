import base64

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_csv
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_feuilles_soin.models.feuille_soin.export import COLONNES

from .affiliation_complementaire import SQL_CONSENTIE


class Complementaire(models.Model):
    """Un organisme complémentaire : il ne reçoit que les décisions de ses affiliés qui y ont consenti.

    Le superviseur et l'administrateur le tiennent ; l'agent et la finance le lisent. Il s'archive, il ne se supprime pas.
    """

    _name = "cnas.complementaire"
    _description = "Organisme complémentaire"
    _inherit = ["cnas.garde.mixin", "cnas.coordonnees.mixin", "mail.thread"]
    _order = "code"
    _rec_names_search = ["code", "name"]
    _champs_journal = ("code", "name", "active")

    code = fields.Char(string="Code", required=True, help="Huit signes au plus : il nomme l'organisme dans ses fichiers.")
    name = fields.Char(string="Organisme", required=True)
    active = fields.Boolean(string="Actif", default=True)
    affiliation_ids = fields.One2many("cnas.affiliation_complementaire", "organisme_id", string="Affiliés")
    fichier_ids = fields.One2many("cnas.fichier_complementaire", "organisme_id", string="Fichiers")
    nb_affilies = fields.Integer(string="Affiliés consentants", compute="_compute_nb_affilies")

    _sql_constraints = [("code_unique", "UNIQUE (code)", "Ce code est déjà celui d'un organisme."),
                        ("code_forme", "CHECK (code ~ '^[A-Z0-9]{2,8}$')", "Le code porte deux à huit majuscules ou chiffres.")]

    @api.depends("affiliation_ids.state")
    def _compute_nb_affilies(self):
        jour = aujourd_hui()
        affiliations = self.env["cnas.affiliation_complementaire"].sudo()
        comptes = dict(affiliations._read_group(
            [("organisme_id", "in", self.ids), ("state", "=", "active"), *affiliations._domaine_en_vigueur(jour)], ["organisme_id"], ["__count"]))
        for organisme in self:
            organisme.nb_affilies = comptes.get(organisme._origin, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_jamais(self):
        if any(organisme.affiliation_ids or organisme.fichier_ids for organisme in self):
            raise UserError(_("Un organisme qui a des affiliés ou des fichiers ne se supprime pas : archivez-le."))

    # ------------------------------------------------------------------ métier (XML-RPC)
    @api.model
    def exporter_decisions(self, code, date_debut, date_fin):
        """Rend les décisions d'une période pour un organisme : ses affiliés consentants au jour des soins, et eux seuls.

        :param str code: celui de l'organisme
        :param str date_debut: AAAA-MM-JJ, premier jour de décision
        :param str date_fin: AAAA-MM-JJ, dernier jour, inclus
        :return: {"nom", "contenu": CSV en base64, "lignes": nombre} ; les colonnes sont celles de
            `cnas.feuille_soin.exporter_decisions`
        :raise UserError: organisme inconnu, dates illisibles ou inversées
        """
        feuilles = self.env["cnas.feuille_soin"]
        feuilles._exiger_groupe(("cnas_base.group_superviseur", "cnas_base.group_finance"), _("exporter les décisions"))
        organisme = self.search([("code", "=", str(code or "").strip().upper())], limit=1)
        if not organisme:
            raise UserError(_("Organisme complémentaire inconnu : « %s ».", str(code or "")[:32]))
        debut, fin = feuilles._lire_periode(date_debut, date_fin)
        siennes = organisme._matricules_et_jours(debut, fin)
        rangs = [rang for rang in feuilles._lire_decisions(debut, fin) if (rang[2], rang[4]) in siennes]
        organisme._journaliser_export({"quoi": "decisions", "organisme": organisme.code, "du": str(debut), "au": str(fin), "lignes": len(rangs)})
        return {"nom": f"decisions_{organisme.code}_{debut}_{fin}.csv", "contenu": base64.b64encode(ecrire_csv(COLONNES, rangs)).decode(),
                "lignes": len(rangs)}

    def _matricules_et_jours(self, debut, fin):
        """Rend {(matricule, jour des soins)} des feuilles décidées dans la période dont la personne était des siens ce jour-là."""
        self.env.flush_all()
        self.env.cr.execute(f"""
            SELECT DISTINCT a.matricule, f.date_soins::text
              FROM cnas_feuille_soin f
              JOIN cnas_assure a ON a.id = f.assure_id
              JOIN cnas_affiliation_complementaire c ON c.organisme_id = %s AND {SQL_CONSENTIE}
             WHERE f.date_decision >= %s::timestamp - interval '1 day' AND f.date_decision < %s::timestamp + interval '2 days'
        """, [self.id, debut, fin])
        return set(self.env.cr.fetchall())

    # ------------------------------------------------------------------ fichiers
    def action_preparer_fichier(self):
        """Prépare le fichier du jour de ces organismes, s'il y a de quoi. Rend l'action qui les montre."""
        self.env["cnas.fichier_complementaire"]._exiger_groupe("cnas_base.group_superviseur", _("préparer un fichier"))
        fichiers = self.env["cnas.fichier_complementaire"]._preparer(self)
        if not fichiers:
            raise UserError(_("Aucune décision nouvelle d'un affilié consentant : rien à transmettre."))
        return {"type": "ir.actions.act_window", "name": _("Fichiers"), "res_model": "cnas.fichier_complementaire",
                "view_mode": "tree,form", "domain": [("id", "in", fichiers.ids)]}
