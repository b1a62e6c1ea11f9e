from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.garde import transition
from odoo.addons.cnas_base.jour import aujourd_hui


class FeuilleSoin(models.Model):
    """Archive papier : garde de quelques jours après numérisation, puis boîte et emplacement."""

    _inherit = "cnas.feuille_soin"

    date_numerisation = fields.Date(string="Numérisée le", readonly=True, copy=False, index="btree_not_null")
    date_archivage_prevue = fields.Date(string="À archiver le", compute="_compute_date_archivage_prevue", store=True,
                                        index="btree_not_null", help="Fin de la garde du papier après numérisation.")
    papier = fields.Selection(
        [("agence", "En agence"), ("archive", "Archivé"), ("detruit", "Détruit")],
        string="Papier", default="agence", required=True, readonly=True, copy=False, index=True)
    boite_id = fields.Many2one("cnas.boite_archive", string="Boîte", readonly=True, copy=False,
                               index="btree_not_null", ondelete="restrict")
    bordereau_id = fields.Many2one("cnas.bordereau_transmission", string="Bordereau", readonly=True, copy=False,
                                   index="btree_not_null", ondelete="set null")
    emplacement = fields.Char(related="boite_id.emplacement", string="Emplacement")
    date_archivage = fields.Date(string="Archivée le", readonly=True, copy=False)
    archivee_par_id = fields.Many2one("res.users", string="Archivée par", readonly=True, copy=False)

    @api.depends("date_numerisation")
    def _compute_date_archivage_prevue(self):
        for feuille in self:
            jour = feuille.date_numerisation
            garde = jour and self.env["cnas.parametre"]._au("delai_archive_jours", jour)
            feuille.date_archivage_prevue = jour and jour + timedelta(days=garde)

    @transition("archiver_papier")
    def action_archiver_papier(self, boite_id=None):
        """Verse le papier des dossiers dans une boîte.

        :param boite_id: identifiant de la boîte ; vide : ouvre l'assistant
        :return: True ou l'assistant
        :raise UserError: dossier en instance, pas encore numérisé, garde non échue, boîte pleine ou fermée
        """
        if not boite_id:
            return self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.archivage_wizard_action")
        boite = self._lire_enregistrement("cnas.boite_archive", boite_id)
        if not boite or boite.state != "ouverte":
            raise UserError(_("Choisissez une boîte ouverte."))
        if boite.capacite and boite.nombre + len(self) > boite.capacite:
            raise UserError(_("La boîte %(boite)s n'a plus la place de %(nombre)s dossiers.",
                              boite=boite.name, nombre=len(self)))
        self._verifier_archivable()
        self.sudo()._ecrire({
            "papier": "archive", "boite_id": boite.id, "date_archivage": aujourd_hui(),
            "archivee_par_id": self.env.uid,
        })

    def _verifier_archivable(self):
        jour = aujourd_hui()
        for feuille in self:
            nom = feuille.display_name
            if feuille.papier != "agence":
                raise UserError(_("Le papier du dossier %s est déjà archivé.", nom))
            if not feuille.date_numerisation:
                raise UserError(_("Le dossier %s n'est pas numérisé : numérisez-le avant d'archiver le papier.", nom))
            if feuille.date_archivage_prevue > jour:
                raise UserError(_("Le papier du dossier %(nom)s se garde jusqu'au %(jour)s.",
                                  nom=nom, jour=feuille.date_archivage_prevue))
