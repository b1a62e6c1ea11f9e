import hashlib
import json
import threading
from collections import defaultdict

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.queue_job.delay import group

EN_ROUTE = ("wait_dependencies", "pending", "enqueued", "started")


class Lot(models.Model):
    """Traitement par lot, suivi à l'écran : un titre, ce qui s'appelle, et le groupe de tâches `queue_job` qui le mène.

    Chaque tâche appelle une méthode idempotente sur ses enregistrements, dans sa propre transaction. Une tâche
    en erreur échoue, dit pourquoi et se relance ; une erreur de concurrence se rejoue seule (`queue_job`).

    États, lus sur les tâches : `en_cours`, `erreur` (au moins une tâche en échec), `annule`, `fait`.

    | qui | peut |
    |---|---|
    | agent et au-dessus | voir ses lots |
    | superviseur | voir tous les lots et leurs tâches, relancer, annuler |
    """

    _name = "cnas.lot"
    _inherit = ["cnas.garde.mixin"]
    _description = "Traitement par lot"
    _order = "id desc"

    name = fields.Char(string="Traitement", required=True, readonly=True)
    modele = fields.Char(string="Modèle", required=True, readonly=True)
    methode = fields.Char(string="Méthode", required=True, readonly=True)
    parametres = fields.Json(string="Paramètres", readonly=True)
    total = fields.Integer(string="Éléments", readonly=True)
    tache_ids = fields.One2many("queue.job", "lot_id", string="Tâches", groups="cnas_base.group_superviseur")
    traites = fields.Integer(string="Traités", compute="_compute_avancement")
    progression = fields.Float(string="Progression (%)", compute="_compute_avancement")
    state = fields.Selection(
        [("en_cours", "En cours"), ("fait", "Terminé"), ("erreur", "En erreur"), ("annule", "Annulé")],
        string="Statut", compute="_compute_avancement", search="_search_state")
    message_erreur = fields.Text(string="Dernière erreur", compute="_compute_avancement")

    def _compute_avancement(self):
        restes = self._restes([("lot_id", "in", self.ids)])
        for lot in self:
            reste = restes[lot.id]
            lot.state = self._etat(reste)
            lot.traites = lot.total - sum(nombre for nombre, _messages in reste.values())
            lot.progression = 100 * lot.traites / lot.total if lot.total else 100
            lot.message_erreur = "\n".join(dict.fromkeys(filter(None, reste.get("failed", (0, ()))[1]))) or False

    @api.model
    def _search_state(self, operateur, valeur):
        voulus = {valeur} if isinstance(valeur, str) else set(valeur or ())
        etats = {lot_id: self._etat(reste) for lot_id, reste in self._restes([("lot_id", "!=", False)]).items()}
        if operateur in ("!=", "not in"):
            voulus = set(dict(self._fields["state"].selection)) - voulus
        if "fait" in voulus:
            return [("id", "not in", [lot_id for lot_id, etat in etats.items() if etat not in voulus])]
        return [("id", "in", [lot_id for lot_id, etat in etats.items() if etat in voulus])]

    @api.model
    def _restes(self, domaine):
        """Rend {lot: {état de tâche: (éléments, messages)}} des tâches qui ne sont pas faites, en une requête."""
        restes = defaultdict(dict)
        for lot, etat, nombre, messages in self.env["queue.job"].sudo()._read_group(
                [*domaine, ("state", "!=", "done")], ["lot_id", "state"], ["nombre:sum", "exc_message:array_agg"]):
            restes[lot.id][etat] = (nombre, messages)
        return restes

    @api.model
    def _etat(self, reste):
        if "failed" in reste:
            return "erreur"
        if any(etat in reste for etat in EN_ROUTE):
            return "en_cours"
        return "annule" if "cancelled" in reste else "fait"

    # ------------------------------------------------------------------ actions
    def action_relancer(self):
        """Remet en file les tâches en échec. Refusé à qui n'est pas superviseur."""
        self._exiger_superviseur()
        self.sudo().tache_ids.filtered(lambda t: t.state == "failed").requeue()
        return True

    def action_annuler(self):
        """Abandonne les tâches qui restent. Refusé à qui n'est pas superviseur."""
        self._exiger_superviseur()
        self.sudo().tache_ids.filtered(lambda t: t.state not in ("started", "done", "cancelled")).button_cancelled()
        return True

    def _exiger_superviseur(self):
        if not self.env.user.has_group("cnas_base.group_superviseur"):
            raise UserError(_("Seul un superviseur peut relancer ou annuler un lot."))

    # ------------------------------------------------------------------ métier
    @api.model
    def _lancer(self, nom, modele, methode, ids, taille=2000, parametres=None, cle=None, tranches=None):
        """Crée un lot et le met en route.

        :param nom: titre lisible
        :param modele, methode: la méthode (idempotente) appelée sur chaque tranche d'enregistrements
        :param ids: identifiants à traiter
        :param taille: éléments par tâche ; jusqu'à `taille` éléments, le lot s'exécute tout de suite et son
            erreur est celle de l'appelant
        :param parametres: arguments nommés (JSON) de la méthode
        :param tranches: le découpage, s'il ne peut se faire n'importe où (défaut : tous les `taille` éléments)
        :param cle: refuse un second lot de même clé encore en route ; par défaut, ce que le lot traite
        :return: le lot
        """
        ids = list(ids)
        tranches = tranches or [ids[i:i + taille] for i in range(0, len(ids), taille)]
        lot = self.sudo().create({
            "name": nom, "modele": modele, "methode": methode, "parametres": parametres or {}, "total": len(ids),
        }).with_user(self.env.user)
        if self._tout_de_suite(tranches):
            for tranche in tranches:
                lot._executer(tranche)
        else:
            lot._mettre_en_file(tranches, cle)
        return lot.sudo(self.env.su)

    @api.model
    def _tout_de_suite(self, tranches):
        """Une seule tranche, une installation ou un test : rien à confier aux tâches de fond."""
        return (len(tranches) < 2 or not self.env.registry.ready
                or getattr(threading.current_thread(), "testing", False))

    def _mettre_en_file(self, tranches, cle):
        cle = cle or self._empreinte(tranches)
        cles = [f"{cle}:{rang}" for rang in range(len(tranches))]
        if self.env["queue.job"].sudo().search_count(
                [("identity_key", "in", cles), ("state", "in", EN_ROUTE)], limit=1):
            raise UserError(_("« %s » est déjà en cours : attendez la fin du lot précédent.", self.name))
        group(*[
            self.delayable(description=self.name, identity_key=cles[rang], priority=10 + rang)._executer(tranche)
            for rang, tranche in enumerate(tranches)]).delay()

    def _empreinte(self, tranches):
        travail = json.dumps([self.sudo().modele, self.sudo().methode, self.sudo().parametres, tranches], sort_keys=True)
        return hashlib.sha256(travail.encode()).hexdigest()

    def _executer(self, ids):
        """Traite une tranche au nom de celui qui a lancé le lot."""
        lot = self.sudo()
        cibles = self.env[lot.modele].with_user(lot.create_uid).browse(ids)
        getattr(cibles, lot.methode)(**(lot.parametres or {}))

    def _job_store_values(self, job):
        """Rattache la tâche à son lot (appelé par `queue_job` quand il la range)."""
        return {"lot_id": self.id, "nombre": len(job.args[0])}


class QueueJob(models.Model):
    """La tâche sait de quel lot elle est ; deux tâches de même clé ne sont jamais en route ensemble."""

    _inherit = "queue.job"

    lot_id = fields.Many2one("cnas.lot", string="Lot", readonly=True, index="btree_not_null", ondelete="cascade")
    nombre = fields.Integer(string="Éléments", readonly=True)

    _sql_constraints = [
        ("lot_en_route_unique",
         f"EXCLUDE USING btree (identity_key WITH =) WHERE (lot_id IS NOT NULL AND state IN {EN_ROUTE})",
         "Ce traitement est déjà en cours : attendez sa fin."),
    ]
