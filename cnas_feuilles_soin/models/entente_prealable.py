from odoo import fields, models

from .feuille_soin import GROUPES_MEDICAUX


class EntentePrealable(models.Model):
    """L'accord que la CNAS donne avant un acte coûteux ou sensible.

    États : demandée → en examen → accordée | refusée ; accordée → expirée.

    | qui | peut |
    |---|---|
    | agent, formation (portail) | demander, joindre des pièces |
    | médecin-conseil | prendre en examen, accorder (tout ou partie), refuser |
    | superviseur | lire, suivre les délais |
    """

    _name = "cnas.entente_prealable"
    _description = "Entente préalable"
    _inherit = ["cnas.etat.mixin", "cnas.montant.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "date_demande desc, id desc"
    _rec_name = "numero"

    _etat_initial = "demandee"
    _etat_transitions = {
        "demandee": ("examen", "refusee"),
        "examen": ("accordee", "refusee"),
        "accordee": ("expiree",),
        "refusee": (),
        "expiree": (),
    }
    _champs_geles = (
        "numero", "quantite_accordee", "montant_accorde", "date_debut", "date_fin", "medecin_id",
        "date_decision", "motif_decision", "date_examen",
    )

    numero = fields.Char(string="Numéro", readonly=True, copy=False, index=True)
    state = fields.Selection(
        [("demandee", "Demandée"), ("examen", "En examen"), ("accordee", "Accordée"), ("refusee", "Refusée"),
         ("expiree", "Expirée")],
        string="État", default="demandee", required=True, readonly=True, copy=False, index=True, tracking=True)
    assure_id = fields.Many2one("cnas.assure", string="Bénéficiaire", required=True, index=True, ondelete="restrict")
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire", required=True,
                                   index=True, ondelete="restrict")
    prestation_id = fields.Many2one("cnas.prestation", string="Prestation", required=True, index=True,
                                    ondelete="restrict")
    praticien_id = fields.Many2one("cnas.praticien", string="Praticien demandeur", ondelete="restrict")
    pathologie_id = fields.Many2one("cnas.pathologie", string="Diagnostic (CIM-10)", ondelete="restrict",
                                    groups=GROUPES_MEDICAUX)
    quantite_demandee = fields.Integer(string="Quantité demandée", default=1, required=True)
    montant_demande = fields.Monetary(string="Montant demandé")
    date_prevue = fields.Date(string="Date prévue des soins")
    urgence = fields.Boolean(string="Urgence")
    justification = fields.Text(string="Justification médicale", groups=GROUPES_MEDICAUX)
    date_demande = fields.Datetime(string="Demandée le", default=fields.Datetime.now, required=True, readonly=True)
    date_limite = fields.Datetime(string="Réponse attendue avant", compute="_compute_date_limite", store=True)
    date_examen = fields.Datetime(string="En examen depuis", readonly=True, copy=False)
    quantite_accordee = fields.Integer(string="Quantité accordée", readonly=True, copy=False)
    montant_accorde = fields.Monetary(string="Montant accordé", readonly=True, copy=False)
    date_debut = fields.Date(string="Valable du", readonly=True, copy=False)
    date_fin = fields.Date(string="Au", readonly=True, copy=False, index=True)
    medecin_id = fields.Many2one("res.users", string="Médecin-conseil", readonly=True, copy=False)
    date_decision = fields.Datetime(string="Décidée le", readonly=True, copy=False)
    motif_decision = fields.Char(string="Motif de la décision", readonly=True, copy=False)
    feuille_ids = fields.One2many("cnas.feuille_soin", "entente_id", string="Feuilles imputées")

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro d'entente préalable existe déjà."),
        ("quantite_positive", "CHECK (quantite_demandee > 0)", "La quantité demandée doit être supérieure à zéro."),
        ("dates_ordonnees", "CHECK (date_fin IS NULL OR date_fin >= date_debut)",
         "La fin de validité doit suivre le début."),
    ]
