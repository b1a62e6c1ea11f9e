from collections import defaultdict

from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError

from odoo.addons.cnas_base.garde import sans_suivi

from .revision_tarif.revision import TYPES_TARIF


class RevisionTarifLigne(models.Model):
    """Ligne d'une révision tarifaire : avant, après, anomalie, motif de refus.

    Écrite par la préparation et par l'application seulement ; l'administrateur la lit.
    """

    _name = "cnas.revision_tarif.ligne"
    _description = "Ligne de révision tarifaire"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "rang, id"
    _rec_name = "code"
    # Écrites par dizaines de milliers : la révision dit qui et quand, la ligne ne le répète pas.
    _log_access = False
    _champs_geles = (
        "type_tarif", "objet_id", "tarif_id", "niveau", "montant_avant", "montant_apres", "date_debut", "date_fin",
        "operation", "anomalie", "refus", "state")

    revision_id = fields.Many2one("cnas.revision_tarif", string="Révision", required=True, index=True,
                                  ondelete="cascade")
    rang = fields.Integer(string="Ligne", group_operator=None)
    code = fields.Char(string="Code")
    libelle = fields.Char(string="Libellé")
    type_tarif = fields.Selection(TYPES_TARIF, string="Type")
    objet_id = fields.Integer(string="Objet tarifé", group_operator=None)
    tarif_id = fields.Integer(string="Tarif en vigueur", group_operator=None)
    niveau = fields.Integer(string="Niveau", group_operator=None)
    montant_avant = fields.Monetary(string="Avant")
    montant_apres = fields.Monetary(string="Après")
    variation = fields.Float(string="Variation (%)", digits=(8, 1), group_operator="avg")
    date_debut = fields.Date(string="Date début")
    date_fin = fields.Date(string="Date fin")
    description = fields.Text(string="Description")
    operation = fields.Selection(
        [("creation", "Nouveau tarif"), ("suite", "Suite du tarif en cours"), ("coupe", "Coupe du tarif en cours"),
         ("remplacement", "Nouveau montant")], string="Opération")
    anomalie = fields.Text(string="Anomalie")
    refus = fields.Text(string="Motif de refus")
    state = fields.Selection(
        [("a_appliquer", "À appliquer"), ("inchangee", "Inchangée"), ("refusee", "Refusée"),
         ("appliquee", "Appliquée")], string="Statut", index=True)

    def _appliquer(self):
        """Écrit les tarifs des lignes à appliquer. Idempotent : une ligne appliquée ne se rejoue pas."""
        self._exiger_administrateur()
        par_type = defaultdict(list)
        for ligne in self._lignes_a_appliquer():
            par_type[ligne["type_tarif"]].append(ligne)
        with sans_suivi():  # la révision dit qui, quand et quoi
            for type_tarif, lignes in par_type.items():
                self._appliquer_type(self.env[f"cnas.config_{type_tarif}"], lignes)
        self.env.cr.execute(
            "UPDATE cnas_revision_tarif_ligne SET state = 'appliquee' WHERE id = ANY(%s) AND state = 'a_appliquer'",
            (self.ids,))
        self.env["cnas.revision_tarif.ligne"].invalidate_model(["state"])
        for revision in self.revision_id:
            revision.invalidate_recordset()
            if revision.state != "appliquee" and not self.search_count(
                    [("revision_id", "=", revision.id), ("state", "=", "a_appliquer")], limit=1):
                revision._changer_etat("appliquee")
        return True

    def _lignes_a_appliquer(self):
        """Rend les lignes de `self` à appliquer, dans l'ordre du classeur : une liste de dict, lue en une requête."""
        self.flush_model()
        self.env.cr.execute(
            """SELECT id, type_tarif, operation, objet_id, tarif_id, montant_apres::bigint AS montant,
                      COALESCE(niveau, 0) AS niveau, date_debut, date_fin, description
                 FROM cnas_revision_tarif_ligne WHERE id = ANY(%s) AND state = 'a_appliquer' ORDER BY rang, id""",
            (self.ids,))
        return self.env.cr.dictfetchall()

    def _exiger_administrateur(self):
        if not self.env.su and not self.env.user.has_group("cnas_base.group_administrateur"):
            raise UserError(_("Seul un administrateur peut appliquer une révision tarifaire."))

    @api.model
    def _appliquer_type(self, configs, lignes):
        """Applique des lignes d'un même type : coupes et remplacements en SQL, créations par l'ORM."""
        coupes = [li for li in lignes if li["operation"] == "coupe"]
        remplacements = [li for li in lignes if li["operation"] == "remplacement"]
        configs._lever_si_utilise([(configs.browse(li["tarif_id"]), li["date_debut"], False)
                                   for li in coupes + remplacements])
        configs.flush_model()
        table = tools.SQL.identifier(configs._table)
        self._refuser_si_change(table, [li["id"] for li in lignes if li["tarif_id"]])
        if coupes:
            self.env.cr.execute(tools.SQL(
                "UPDATE %s c SET date_fin = li.date_debut - 1 FROM cnas_revision_tarif_ligne li "
                "WHERE li.id = ANY(%s) AND c.id = li.tarif_id", table, [li["id"] for li in coupes]))
        if remplacements:
            self.env.cr.execute(tools.SQL(
                "UPDATE %s c SET montant = li.montant_apres, date_fin = li.date_fin "
                "FROM cnas_revision_tarif_ligne li WHERE li.id = ANY(%s) AND c.id = li.tarif_id",
                table, [li["id"] for li in remplacements]))
        configs.invalidate_model()
        configs.create([
            {configs._cle_tarif: li["objet_id"], "montant": li["montant"], "niveau": li["niveau"],
             "date_debut": li["date_debut"], "date_fin": li["date_fin"], "description": li["description"]}
            for li in lignes if li["operation"] != "remplacement"])

    @api.model
    def _refuser_si_change(self, table, ids):
        """Lève une erreur si un tarif en vigueur n'est plus celui que la préparation a montré."""
        self.env.cr.execute(tools.SQL(
            """SELECT li.code FROM cnas_revision_tarif_ligne li LEFT JOIN %s c ON c.id = li.tarif_id
                WHERE li.id = ANY(%s) AND (c.id IS NULL OR c.montant <> li.montant_avant OR c.date_debut > li.date_debut
                      OR c.date_fin < li.date_debut) LIMIT 5""", table, ids))
        codes = [code for (code,) in self.env.cr.fetchall()]
        if codes:
            raise UserError(_(
                "Des tarifs ont changé depuis la préparation (%s) : préparez à nouveau la révision.", ", ".join(codes)))
