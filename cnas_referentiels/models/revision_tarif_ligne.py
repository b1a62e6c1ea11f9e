from odoo import _, fields, models, tools
from odoo.exceptions import UserError

from .revision_tarif import TYPES_TARIF


class RevisionTarifLigne(models.Model):
    """Ligne d'une révision tarifaire : avant, après, anomalie, motif de refus.

    Écrite par la préparation et par l'application seulement ; l'administrateur la lit.
    """

    _name = "cnas.revision_tarif.ligne"
    _description = "Ligne de révision tarifaire"
    _inherit = ["cnas.montant.mixin"]
    _order = "rang, id"
    _rec_name = "code"

    revision_id = fields.Many2one("cnas.revision_tarif", string="Révision", required=True, index=True,
                                  ondelete="cascade")
    rang = fields.Integer(string="Ligne", group_operator=None)
    code = fields.Char(string="Code")
    libelle = fields.Char(string="Libellé")
    type_tarif = fields.Selection(TYPES_TARIF, string="Type")
    objet_id = fields.Integer(string="Objet tarifé", group_operator=None)
    prestation_id = fields.Many2one("cnas.prestation", string="Prestation", ondelete="cascade")
    lettre_cle_id = fields.Many2one("cnas.lettre_cle", string="Lettre-clé", ondelete="cascade")
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
        a_faire = self.filtered(lambda li: li.state == "a_appliquer")
        for type_tarif, _nom in TYPES_TARIF:
            lignes = a_faire.filtered(lambda li, t=type_tarif: li.type_tarif == t)
            if lignes:
                lignes._appliquer_type(self.env[f"cnas.config_{type_tarif}"].with_context(tracking_disable=True))
        if a_faire:
            self.env.cr.execute(
                "UPDATE cnas_revision_tarif_ligne SET state = 'appliquee' WHERE id = ANY(%s)", (a_faire.ids,))
            a_faire.invalidate_recordset(["state"])
        for revision in self.revision_id:
            revision.invalidate_recordset()
            if revision.state != "appliquee" and not self.search_count(
                    [("revision_id", "=", revision.id), ("state", "=", "a_appliquer")], limit=1):
                revision._changer_etat("appliquee")
        return True

    def _exiger_administrateur(self):
        if not self.env.su and not self.env.user.has_group("cnas_base.group_administrateur"):
            raise UserError(_("Seul un administrateur peut appliquer une révision tarifaire."))

    def _appliquer_type(self, configs):
        """Applique des lignes d'un même type : coupes et remplacements en SQL, créations par l'ORM."""
        coupes = self.filtered(lambda li: li.operation == "coupe")
        remplacements = self.filtered(lambda li: li.operation == "remplacement")
        configs._lever_si_utilise([(configs.browse(li.tarif_id), li.date_debut, False)
                                   for li in coupes | remplacements])
        configs.flush_model()
        table = tools.SQL.identifier(configs._table)
        if coupes:
            self.env.cr.execute(tools.SQL(
                "UPDATE %s c SET date_fin = li.date_debut - 1 FROM cnas_revision_tarif_ligne li "
                "WHERE li.id = ANY(%s) AND c.id = li.tarif_id", table, coupes.ids))
        if remplacements:
            self.env.cr.execute(tools.SQL(
                "UPDATE %s c SET montant = li.montant_apres, date_fin = li.date_fin "
                "FROM cnas_revision_tarif_ligne li WHERE li.id = ANY(%s) AND c.id = li.tarif_id",
                table, remplacements.ids))
        configs.invalidate_model()
        configs.create([
            {configs._cle_tarif: li.objet_id, "montant": li.montant_apres, "niveau": li.niveau,
             "date_debut": li.date_debut, "date_fin": li.date_fin, "description": li.description}
            for li in self - remplacements])
