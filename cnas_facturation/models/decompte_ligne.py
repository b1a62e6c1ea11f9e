from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.impression.langue import sql_francais
from odoo.addons.cnas_feuilles_soin.models.feuille_soin.dossier import GROUPES_DOSSIER

from .comptes import SQL_COMPTE

COPIEES = (
    "feuille_id", "ligne_id", "feuille_numero", "feuille_reference", "regime_id", "matricule", "beneficiaire", "date_soins",
    "prestation_id", "prestation_code", "prestation_libelle", "type_prestation", "compte", "quantite",
    "quantite_retenue", "prix_unitaire", "tarif", "taux", "decision", "motifs",
)
MONTANTS = (
    "montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement", "montant_rejete",
    "abattement",
)


class DecompteLigne(models.Model):
    """Ligne figée d'un décompte : la copie, au jour de la validation, d'une ligne de feuille de soins.

    Elle ne porte pas de diagnostic. Personne ne la crée, ne la change ni ne la supprime : la base le refuse
    aussi au SQL, comme elle refuse d'ajouter une ligne à un décompte scellé.
    """

    _name = "cnas.decompte.ligne"
    _description = "Ligne de décompte"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "decompte_id, rang"

    decompte_id = fields.Many2one(
        "cnas.decompte", string="Décompte", required=True, index=True, ondelete="restrict", readonly=True)
    formation_id = fields.Many2one(related="decompte_id.formation_id", string="Formation sanitaire")
    rang = fields.Integer(string="Rang", readonly=True)
    feuille_id = fields.Many2one(
        "cnas.feuille_soin", string="Feuille de soins", index=True, ondelete="restrict", readonly=True)
    ligne_id = fields.Many2one(
        "cnas.feuille_soin.ligne", string="Ligne de feuille", index=True, ondelete="restrict", readonly=True)
    feuille_numero = fields.Char(string="N° de feuille", readonly=True)
    feuille_reference = fields.Char(string="Référence", readonly=True)
    regime_id = fields.Many2one(
        "cnas.regime", string="Régime", ondelete="restrict", readonly=True,
        help="Celui de la feuille au jour du décompte ; vide : un décompte d'avant cette colonne, que son empreinte fige.")
    matricule = fields.Char(string="Matricule", readonly=True)
    beneficiaire = fields.Char(string="Bénéficiaire", readonly=True)
    date_soins = fields.Date(string="Date des soins", readonly=True)
    prestation_id = fields.Many2one("cnas.prestation", string="Prestation", ondelete="restrict", readonly=True,
                                    groups=GROUPES_DOSSIER)
    prestation_code = fields.Char(string="Code", readonly=True, groups=GROUPES_DOSSIER)
    prestation_libelle = fields.Char(string="Libellé", readonly=True, groups=GROUPES_DOSSIER)
    type_prestation = fields.Char(string="Type", readonly=True)
    compte = fields.Selection(
        [("principal", "Principal"), ("pharmacie", "Pharmacie")], string="Compte", readonly=True)
    quantite = fields.Float(string="Quantité", digits=(16, 2), readonly=True)
    quantite_retenue = fields.Float(string="Quantité retenue", digits=(16, 2), readonly=True)
    prix_unitaire = fields.Monetary(string="Prix unitaire", readonly=True)
    tarif = fields.Monetary(string="Tarif", readonly=True)
    taux = fields.Float(string="Taux (%)", digits=(5, 2), readonly=True)
    montant_facture = fields.Monetary(string="Facturé", readonly=True)
    montant_base = fields.Monetary(string="Base", readonly=True)
    montant_cnas = fields.Monetary(string="Part CNAS", readonly=True)
    ticket_moderateur = fields.Monetary(string="Ticket modérateur", readonly=True)
    depassement = fields.Monetary(string="Dépassement", readonly=True)
    montant_rejete = fields.Monetary(string="Rejeté", readonly=True)
    abattement = fields.Monetary(string="Abattement", readonly=True, help="Facturé moins base, ligne non rejetée.")
    decision = fields.Selection(
        [("attente", "En attente"), ("acceptee", "Acceptée"), ("abattue", "Abattue"), ("rejetee", "Rejetée")],
        string="Décision", readonly=True)
    motifs = fields.Text(string="Motifs", readonly=True, groups=GROUPES_DOSSIER)
    contestation_ids = fields.One2many("cnas.contestation", "decompte_ligne_id", string="Contestations")

    _sql_constraints = [
        ("equilibre",
         "CHECK (montant_facture = montant_cnas + ticket_moderateur + depassement + montant_rejete)",
         "Une ligne de décompte ne tombe pas juste."),
    ]

    def init(self):
        super().init()
        self.env.cr.execute("""
            CREATE OR REPLACE FUNCTION cnas_decompte_ligne_figee() RETURNS trigger LANGUAGE plpgsql AS $f$
            BEGIN
                RAISE EXCEPTION 'Une ligne de décompte est figée : corrigez-la par contre-passation.' USING ERRCODE = 'check_violation';
            END $f$;
            DROP TRIGGER IF EXISTS cnas_decompte_ligne_figee ON cnas_decompte_ligne;
            CREATE TRIGGER cnas_decompte_ligne_figee BEFORE UPDATE OR DELETE ON cnas_decompte_ligne
                FOR EACH ROW EXECUTE FUNCTION cnas_decompte_ligne_figee();
            CREATE OR REPLACE FUNCTION cnas_decompte_ligne_scellee() RETURNS trigger LANGUAGE plpgsql AS $f$
            BEGIN
                IF EXISTS (SELECT FROM neuves n JOIN cnas_decompte d ON d.id = n.decompte_id
                            WHERE d.empreinte IS NOT NULL)
                THEN RAISE EXCEPTION 'Un décompte est figé : il ne reçoit plus de ligne.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
            END $f$;
            DROP TRIGGER IF EXISTS cnas_decompte_ligne_scellee ON cnas_decompte_ligne;
            CREATE TRIGGER cnas_decompte_ligne_scellee AFTER INSERT ON cnas_decompte_ligne
                REFERENCING NEW TABLE AS neuves FOR EACH STATEMENT EXECUTE FUNCTION cnas_decompte_ligne_scellee();
        """)

    # ------------------------------------------------------------------ calculs
    @api.depends("feuille_numero", "prestation_code", "prestation_libelle")
    def _compute_display_name(self):
        detail = self.user_has_groups(GROUPES_DOSSIER)
        for ligne in self:
            soin = f"{ligne.prestation_code or ''} {ligne.prestation_libelle or ''}" if detail else f"ligne {ligne.rang}"
            ligne.display_name = f"{ligne.feuille_numero or ''} — {soin}"

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        raise UserError(_("Les lignes d'un décompte viennent de la validation de la facture."))

    def write(self, vals):
        raise UserError(_("Une ligne de décompte est figée : contestez-la, ou contre-passez le décompte."))

    def unlink(self):
        raise UserError(_("Une ligne de décompte ne se supprime pas."))

    # ------------------------------------------------------------------ actions publiques
    def action_contester(self):
        """Ouvre la saisie d'une contestation de cette ligne. Rend une action de fenêtre."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "name": _("Contester la ligne"), "res_model": "cnas.contestation",
            "view_mode": "form", "target": "current",
            "context": {"default_decompte_ligne_id": self.id,
                        "default_montant_demande": self._montant_contestable()},
        }

    # ------------------------------------------------------------------ métier
    def _en_vigueur(self):
        """Dit si la ligne est celle d'un décompte que rien n'a contre-passé."""
        return self.decompte_id.state == "emis" and self.decompte_id.nature == "initial"

    def _montant_recu(self):
        """Rend ce que la ligne a fait verser : sa part si son décompte est en vigueur, et les recours payés depuis."""
        payes = self.sudo().contestation_ids.filtered(lambda c: c.facture_complement_id.state == "payee")
        return (self.montant_cnas if self._en_vigueur() else 0) + sum(payes.mapped("montant_accorde"))

    def _montant_contestable(self):
        """Rend ce que la formation peut encore réclamer sur la ligne : facturé − part − déjà accordé."""
        self.ensure_one()
        accordes = sum(self.sudo().contestation_ids.mapped("montant_accorde"))
        return max(0, int(self.montant_facture - self.montant_cnas - accordes))

    @api.model
    def _copier_feuilles(self, decomptes):
        """Copie, en une requête, les lignes des feuilles des factures dans leurs décomptes."""
        for modele in ("cnas.feuille_soin", "cnas.feuille_soin.ligne", "cnas.anomalie", "cnas.assure",
                       "cnas.prestation"):
            self.env[modele].flush_model()
        self.env.cr.execute(f"""
            INSERT INTO cnas_decompte_ligne (
                decompte_id, rang, create_uid, write_uid, create_date, write_date, {", ".join(COPIEES + MONTANTS)})
            SELECT d.id, ROW_NUMBER() OVER (PARTITION BY d.id ORDER BY fs.date_soins, fs.numero, fs.id, l.id),
                   %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                   fs.id, l.id, fs.numero, fs.reference, fs.regime_id, a.matricule, {self._sql_texte("cnas.assure", "name", "a")},
                   fs.date_soins, p.id, p.code, {self._sql_texte("cnas.prestation", "name", "p")}, p.type_prestation,
                   {SQL_COMPTE},
                   l.quantite, COALESCE(l.quantite_retenue, 0), l.prix_unitaire, COALESCE(l.tarif, 0),
                   COALESCE(l.taux, 0), l.decision,
                   (SELECT string_agg(DISTINCT r.code || ' — ' || an.message, E'\n')
                      FROM cnas_anomalie an JOIN cnas_regle_controle r ON r.id = an.regle_id
                     WHERE an.feuille_id = fs.id AND (an.ligne_id = l.id OR an.ligne_id IS NULL)
                       AND an.state = 'ouverte'
                       AND (an.severite = 'abattement' OR an.severite = 'rejet' AND l.decision = 'rejetee')),
                   l.montant_facture, COALESCE(l.montant_base, 0), COALESCE(l.montant_cnas, 0),
                   COALESCE(l.ticket_moderateur, 0), COALESCE(l.depassement, 0), COALESCE(l.montant_rejete, 0),
                   CASE WHEN l.decision = 'rejetee' THEN 0 ELSE l.montant_facture - COALESCE(l.montant_base, 0) END
              FROM cnas_decompte d
              JOIN cnas_feuille_soin fs ON fs.facture_id = d.facture_id
              JOIN cnas_feuille_soin_ligne l ON l.feuille_id = fs.id
              JOIN cnas_prestation p ON p.id = l.prestation_id
              JOIN cnas_assure a ON a.id = fs.assure_id
             WHERE d.id IN %(ids)s""", {"uid": self.env.uid, "ids": tuple(decomptes.ids)})
        decomptes.invalidate_recordset(["ligne_ids"])

    @api.model
    def _copier_inverses(self, decomptes):
        """Copie, montants opposés, les lignes des décomptes d'origine dans leurs contre-passations."""
        inverses = ", ".join(f"-l.{c}" for c in MONTANTS)
        copiees = ", ".join(f"l.{c}" for c in COPIEES)
        self.env.cr.execute(f"""
            INSERT INTO cnas_decompte_ligne (
                decompte_id, rang, create_uid, write_uid, create_date, write_date, {", ".join(COPIEES + MONTANTS)})
            SELECT d.id, l.rang, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                   {copiees}, {inverses}
              FROM cnas_decompte d JOIN cnas_decompte_ligne l ON l.decompte_id = d.origine_id
             WHERE d.id IN %(ids)s""", {"uid": self.env.uid, "ids": tuple(decomptes.ids)})
        decomptes.invalidate_recordset(["ligne_ids"])

    @api.model
    def _sql_texte(self, modele, champ, alias):
        """Rend l'expression SQL d'un texte, traduit ou non."""
        if self.env[modele]._fields[champ].translate:
            return sql_francais(f"{alias}.{champ}")
        return f"{alias}.{champ}"
