from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.cnas_base.arrondi import arrondi_xaf
from odoo.addons.cnas_base.ecriture import ecrire_montant
from odoo.addons.cnas_base.faits import tableau
from odoo.addons.cnas_base.lecture import lire_montant

VERDICT = frozenset(("verdict", "montant_juste", "motif"))


class CampagneLigne(models.Model):
    """Le verdict d'une ligne tirée : juste, ou réduite à son montant juste, qui n'excède pas le facturé.

    Les montants sont ceux du jour du tirage. Le contrôleur juge tant que la campagne n'est pas conclue ; ce que la caisse a pris en
    charge au-delà du montant juste est le trop payé. Une ligne ne s'ajoute ni ne s'efface.
    """

    _name = "cnas.campagne.ligne"
    _description = "Verdict d'une ligne"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "campagne_id, unite_id, id"
    _champs_geles = ("campagne_id", "unite_id", "feuille_id", "ligne_id", "prestation_id", "quantite", "montant_facture", "montant_base", "montant_cnas", "juge_par_id")
    _champs_journal = ("verdict", "montant_juste", "motif")

    campagne_id = fields.Many2one("cnas.campagne", string="Campagne", required=True, index=True, ondelete="cascade", readonly=True)
    campagne_etat = fields.Selection(related="campagne_id.state", string="État de la campagne")
    unite_id = fields.Many2one("cnas.campagne.feuille", string="Feuille tirée", required=True, index=True, ondelete="cascade", readonly=True)
    feuille_id = fields.Many2one("cnas.feuille_soin", string="Feuille", required=True, ondelete="restrict", readonly=True)
    ligne_id = fields.Many2one("cnas.feuille_soin.ligne", string="Ligne", ondelete="restrict", readonly=True)
    prestation_id = fields.Many2one("cnas.prestation", string="Prestation", ondelete="restrict", readonly=True)
    quantite = fields.Integer(string="Quantité", readonly=True)
    montant_facture = fields.Monetary(string="Facturé", readonly=True)
    montant_base = fields.Monetary(string="Base retenue", readonly=True)
    montant_cnas = fields.Monetary(string="Part CNAS", readonly=True)
    verdict = fields.Selection([("attente", "À juger"), ("juste", "Juste"), ("reduite", "Réduite"), ("rejetee", "Rejetée")], string="Verdict", required=True, default="attente")
    montant_juste = fields.Monetary(string="Montant juste")
    motif = fields.Char(string="Pourquoi")
    juge_par_id = fields.Many2one("res.users", string="Jugée par", readonly=True, ondelete="restrict")
    trop_paye = fields.Monetary(string="Trop payé", compute="_compute_trop_paye", store=True)

    _sql_constraints = [
        ("juste_borne", "CHECK (montant_juste >= 0 AND montant_juste <= montant_facture)", "Le montant juste va de zéro au montant facturé."),
        ("ligne_unique", "UNIQUE (campagne_id, ligne_id)", "Cette ligne est déjà dans l'échantillon."),
    ]

    @api.depends("verdict", "montant_juste", "montant_base", "montant_cnas")
    def _compute_trop_paye(self):
        for ligne in self:
            retenu = min(ligne.montant_juste, ligne.montant_base)
            du = arrondi_xaf(ligne.montant_cnas * retenu / ligne.montant_base) if ligne.montant_base else 0
            ligne.trop_paye = max(0, ligne.montant_cnas - du) if ligne.verdict in ("reduite", "rejetee") else 0

    @api.depends("feuille_id", "prestation_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for ligne in self:
            ligne.display_name = f"{ligne.feuille_id.numero or ''} — {ligne.prestation_id.name or ''}"

    # ------------------------------------------------------------------ CRUD
    def write(self, vals):
        if VERDICT & vals.keys() and not self._ouvert(vals.keys()):
            self._exiger_jugeable()
            montants = [ligne._montant_du_verdict(vals) for ligne in self]
            super().write({champ: valeur for champ, valeur in vals.items() if champ != "montant_juste"})
            self._poser_montants(montants)
            self._ecrire({"juge_par_id": self.env.uid}, suivi=False)
            return True
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("L'échantillon est figé : une ligne ne s'en retire pas."))

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("ligne_id",)):
            raise UserError(_("L'échantillon est figé : une ligne ne s'y ajoute pas."))
        return super().create(vals_list)

    # ------------------------------------------------------------------ actions publiques
    def juger(self, verdict, montant_juste=None, motif=None):
        """Rend le verdict de ces lignes.

        :param str verdict: « juste », « reduite » (montant et motif exigés) ou « rejetee » (motif exigé)
        :param int montant_juste: de zéro au montant facturé
        :return: True
        :raise UserError: campagne pas tirée ou conclue, montant au-dessus du facturé, motif absent
        """
        valeurs = {"verdict": verdict, "motif": motif or False}
        if montant_juste is not None:
            valeurs["montant_juste"] = montant_juste
        return self.write(valeurs)

    def action_juste(self):
        """Dit justes les lignes choisies. Rend True."""
        return self.juger("juste")

    # ------------------------------------------------------------------ privé
    def _exiger_jugeable(self):
        for ligne in self:
            if ligne.campagne_id.state != "tiree":
                raise UserError(_("« %s » : un verdict se rend sur un échantillon tiré, avant la conclusion.", ligne.campagne_id.display_name))

    def _montant_du_verdict(self, vals):
        """Rend le montant juste d'un verdict cohérent. :raise UserError: montant illisible ou au-dessus du facturé, verdict sans motif"""
        verdict = vals.get("verdict", self.verdict)
        montant = lire_montant(vals.get("montant_juste", self.montant_juste), 0, quoi=_("%s : montant juste", self.display_name))
        motif = str((vals["motif"] if "motif" in vals else self.motif) or "")
        if montant > self.montant_facture:
            raise UserError(_("%(ligne)s : le montant juste (%(juste)s) dépasse le facturé (%(facture)s).",
                              ligne=self.display_name, juste=ecrire_montant(montant), facture=ecrire_montant(self.montant_facture)))
        if verdict == "juste":
            return int(self.montant_facture)
        if verdict == "rejetee":
            montant = 0
        if verdict in ("reduite", "rejetee") and not motif.strip():
            raise UserError(_("%s : dites pourquoi la ligne n'est pas juste.", self.display_name))
        if verdict == "reduite" and montant >= self.montant_facture:
            raise UserError(_("%s : une ligne réduite vaut moins que le facturé ; sinon, dites-la juste.", self.display_name))
        return montant

    def _poser_montants(self, montants):
        """Pose le montant juste de chaque ligne en une requête, et l'inscrit au journal."""
        avant = self._photo()
        self.flush_recordset()
        self.env.cr.execute("""
            UPDATE cnas_campagne_ligne l SET montant_juste = v.montant
              FROM unnest(%s::int[], %s::bigint[]) AS v (id, montant) WHERE l.id = v.id""", [tableau(self.ids), tableau(montants)])
        self.invalidate_recordset(["montant_juste"], flush=False)
        self.modified(["montant_juste"])
        self._journaliser("modification", avant, self._photo())

    @api.model
    def _ouvrir_verdicts(self, campagne):
        """Pose une ligne à juger par ligne des feuilles tirées, aux montants du jour, en une requête."""
        self.env.flush_all()
        self.env.cr.execute(SQL("""
            INSERT INTO cnas_campagne_ligne (campagne_id, unite_id, feuille_id, ligne_id, prestation_id, quantite, montant_facture, montant_base, montant_cnas,
                                             verdict, montant_juste, trop_paye, create_uid, write_uid, create_date, write_date)
            SELECT u.campagne_id, u.id, u.feuille_id, l.id, l.prestation_id, l.quantite, coalesce(l.montant_facture, 0), coalesce(l.montant_base, 0),
                   coalesce(l.montant_cnas, 0), 'attente', 0, 0, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM cnas_campagne_feuille u JOIN cnas_feuille_soin_ligne l ON l.feuille_id = u.feuille_id WHERE u.campagne_id = %(campagne)s ORDER BY u.id, l.id
        """, uid=self.env.uid, campagne=campagne.id))
        self.env.invalidate_all()
