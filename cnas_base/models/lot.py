import logging

from psycopg2 import OperationalError

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY

_logger = logging.getLogger(__name__)


class Lot(models.Model):
    """Traitement par lot, suivi à l'écran : un travail découpé en plages d'identifiants.

    Chaque plage appelle une méthode idempotente sur ses enregistrements, dans sa propre
    transaction : une coupure ne laisse rien à moitié, la plage reprend. `queue_job` exécute
    les plages s'il est installé, sinon la tâche planifiée, plage après plage.

    États : `attente` → `en_cours` → `fait` | `erreur` (relançable) | `annule`.

    | qui | peut |
    |---|---|
    | agent et au-dessus | voir ses lots |
    | superviseur | voir tous les lots, relancer, annuler |
    """

    _name = "cnas.lot"
    _description = "Traitement par lot"
    _order = "id desc"

    name = fields.Char(string="Traitement", required=True, readonly=True)
    cle = fields.Char(string="Clé", readonly=True, index="btree_not_null",
                      help="Deux lots de même clé ne tournent pas en même temps.")
    modele = fields.Char(string="Modèle", required=True, readonly=True)
    methode = fields.Char(string="Méthode", required=True, readonly=True)
    parametres = fields.Json(string="Paramètres", readonly=True)
    plage_ids = fields.One2many("cnas.lot.plage", "lot_id", string="Plages", readonly=True)
    total = fields.Integer(string="Éléments", readonly=True)
    traites = fields.Integer(string="Traités", compute="_compute_avancement")
    progression = fields.Float(string="Progression (%)", compute="_compute_avancement")
    state = fields.Selection(
        [("attente", "En attente"), ("en_cours", "En cours"), ("fait", "Terminé"),
         ("erreur", "En erreur"), ("annule", "Annulé")],
        string="Statut", compute="_compute_state", store=True, index=True)
    annule = fields.Boolean(readonly=True)
    message_erreur = fields.Text(string="Dernière erreur", compute="_compute_avancement")

    @api.depends("plage_ids.state", "annule", "total")
    def _compute_avancement(self):
        for lot in self:
            faites = lot.plage_ids.filtered(lambda p: p.state == "fait")
            lot.traites = sum(faites.mapped("nombre"))
            lot.progression = 100 * lot.traites / lot.total if lot.total else 100
            lot.message_erreur = "\n".join(filter(None, lot.plage_ids.mapped("erreur"))) or False

    @api.depends("plage_ids.state", "annule")
    def _compute_state(self):
        for lot in self:
            etats = set(lot.plage_ids.mapped("state"))
            if lot.annule:
                lot.state = "annule"
            elif "erreur" in etats:
                lot.state = "erreur"
            elif etats <= {"fait"}:
                lot.state = "fait"
            else:
                lot.state = "en_cours" if "fait" in etats else "attente"

    # ------------------------------------------------------------------ actions
    def action_relancer(self):
        """Remet en attente les plages en erreur. Refusé à qui n'est pas superviseur."""
        self._exiger_superviseur()
        self.plage_ids.sudo().filtered(lambda p: p.state == "erreur").write({"state": "attente", "erreur": False})
        self.sudo()._planifier()
        return True

    def action_annuler(self):
        """Abandonne les plages qui restent. Refusé à qui n'est pas superviseur."""
        self._exiger_superviseur()
        self.sudo().write({"annule": True})
        return True

    def _exiger_superviseur(self):
        if not self.env.user.has_group("cnas_base.group_superviseur"):
            raise UserError(_("Seul un superviseur peut relancer ou annuler un lot."))

    # ------------------------------------------------------------------ métier
    @api.model
    def _lancer(self, nom, modele, methode, ids, taille=2000, parametres=None, cle=None):
        """Crée un lot et le met en route.

        :param nom: titre lisible
        :param modele, methode: la méthode (idempotente) appelée sur chaque plage d'enregistrements
        :param ids: identifiants à traiter
        :param taille: éléments par plage ; jusqu'à `taille` éléments, le lot s'exécute tout de suite
        :param parametres: arguments nommés (JSON) de la méthode
        :param cle: refuse un second lot de même clé encore en route
        :return: le lot
        """
        if cle and self.sudo().search_count([("cle", "=", cle), ("state", "in", ("attente", "en_cours"))], limit=1):
            raise UserError(_("« %s » est déjà en cours : attendez la fin du lot précédent.", nom))
        ids = list(ids)
        lot = self.sudo().create({
            "name": nom, "cle": cle, "modele": modele, "methode": methode, "parametres": parametres or {},
            "total": len(ids),
            "plage_ids": [(0, 0, {"ids_json": ids[i:i + taille], "nombre": len(ids[i:i + taille])})
                          for i in range(0, len(ids), taille)],
        })
        if len(ids) <= taille:
            lot.plage_ids._executer()
        else:
            lot._planifier()
        return lot.sudo(self.env.su)

    def _planifier(self):
        """Confie les plages en attente à queue_job s'il est installé, sinon à la tâche planifiée."""
        plages = self.plage_ids.filtered(lambda p: p.state == "attente")
        if "queue.job" in self.env:
            for plage in plages:
                plage.with_user(plage.lot_id.create_uid).with_delay(
                    description=plage.lot_id.name, identity_key=f"cnas_lot_plage_{plage.id}",
                )._executer()
        else:
            self.env.ref("cnas_base.ir_cron_lot")._trigger()

    @api.model
    def _traiter_en_attente(self):
        """Tâche planifiée : exécute une plage, puis se rappelle tant qu'il en reste."""
        domaine = [("state", "=", "attente"), ("lot_id.annule", "=", False)]
        plage = self.env["cnas.lot.plage"].search(domaine, order="id", limit=1)
        if plage:
            plage._executer()
            self.env.ref("cnas_base.ir_cron_lot")._trigger()


class LotPlage(models.Model):
    """Une plage d'un lot : ses identifiants, son état, son erreur. Écrite par le lot seulement."""

    _name = "cnas.lot.plage"
    _description = "Plage d'un traitement par lot"
    _order = "id"

    lot_id = fields.Many2one("cnas.lot", string="Lot", required=True, index=True, ondelete="cascade")
    ids_json = fields.Json(string="Identifiants", required=True)
    nombre = fields.Integer(string="Éléments")
    state = fields.Selection(
        [("attente", "En attente"), ("fait", "Terminée"), ("erreur", "En erreur")],
        string="Statut", default="attente", required=True, index=True)
    erreur = fields.Text(string="Erreur")

    def _executer(self):
        """Exécute chaque plage au nom de celui qui a lancé le lot ; une erreur n'écrit rien à moitié."""
        for plage in self.sudo():
            plage.flush_recordset(["state"])
            self.env.cr.execute(
                "SELECT id FROM cnas_lot_plage WHERE id = %s AND state = 'attente' FOR UPDATE SKIP LOCKED", (plage.id,))
            if not self.env.cr.fetchone():
                continue
            lot = plage.lot_id
            cibles = self.env[lot.modele].with_user(lot.create_uid).browse(plage.ids_json)
            try:
                with self.env.cr.savepoint():
                    getattr(cibles, lot.methode)(**(lot.parametres or {}))
            except OperationalError as erreur:
                if erreur.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY:
                    raise  # la base demande de recommencer avec une vue à jour : la plage reste en attente
                plage.write({"state": "erreur", "erreur": str(erreur)})
            except Exception as erreur:  # une plage en erreur n'arrête pas les autres
                _logger.info("Lot %s, plage %s : %s", lot.id, plage.id, erreur)
                plage.write({"state": "erreur", "erreur": str(erreur)})
            else:
                plage.write({"state": "fait", "erreur": False})
