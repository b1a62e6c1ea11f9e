import hashlib

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture_arabe import somme_en_arabe
from odoo.addons.cnas_base.impression.langue import ARABE
from odoo.addons.cnas_base.jour import aujourd_hui

COLONNES_MONTANTS = (
    "montant_declare", "montant_facture", "montant_base", "montant_cnas", "ticket_moderateur", "depassement", "montant_rejete",
    "montant_soins", "montant_pharmacie", "montant_complement", "montant_compense", "net_principal",
    "net_pharmacie", "net_a_payer", "nb_feuilles",
)
# Ce que l'empreinte ne couvre pas : elle-même, l'état (que la contre-passation change) et les traces du cadre.
HORS_EMPREINTE = ("empreinte", "state", "create_uid", "create_date", "write_uid", "write_date")


class Decompte(models.Model):
    """Décompte figé et numéroté, établi à la validation d'une facture.

    Il ne change jamais : un déclencheur en base refuse, même au SQL de l'application, de toucher à une colonne (une
    violation d'intégrité : la fusion de deux assurés le laisse à l'ancien dossier, qui mène au nouveau), et une empreinte SHA-256 prouve son contenu. Qui est payé (nom, code, adresse, convention, RIB) y est copié :
    réimprimé, il redit ce qu'il disait. Une correction est un second décompte, de contre-passation, aux montants
    opposés.

    Personne ne le crée, ne le modifie ni ne le supprime ; la formation (portail) lit les siens et en conteste
    les lignes.
    """

    _name = "cnas.decompte"
    _description = "Décompte"
    _inherit = ["cnas.etat.mixin", "cnas.telechargement.mixin", "cnas.montant.mixin"]
    _order = "id desc"
    _rec_name = "numero"

    _etat_initial = "emis"
    _passages = {"emis": ("contre_passe",)}
    _champs_geles = (
        "numero", "nature", "facture_id", "formation_id", "assure_id", "mode", "periode", "date_decompte",
        "date_limite_recours", "origine_id", "motif", "empreinte", "etabli_par_id", *COLONNES_MONTANTS,
    )
    # Ses lignes se copient au SQL : leur total, lui, entre au journal.
    _champs_journal = ("facture_id", "nature", "montant_facture", "montant_cnas", "net_a_payer")

    numero = fields.Char(string="Numéro", readonly=True, required=True, index=True)
    nature = fields.Selection(
        [("initial", "Décompte"), ("contre_passation", "Contre-passation")],
        string="Nature", required=True, default="initial", readonly=True)
    state = fields.Selection(
        [("emis", "Émis"), ("contre_passe", "Contre-passé")], string="État", default="emis", required=True,
        readonly=True, index=True)
    facture_id = fields.Many2one(
        "cnas.facture", string="Facture", required=True, index=True, ondelete="restrict", readonly=True)
    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", index=True, ondelete="restrict", readonly=True)
    assure_id = fields.Many2one(
        "cnas.assure", string="Assuré remboursé", index="btree_not_null", ondelete="restrict", readonly=True)
    mode = fields.Selection(
        [("tiers_payant", "Tiers payant"), ("remboursement", "Remboursement à l'assuré")],
        string="Mode", required=True, readonly=True)
    periode = fields.Date(string="Période", required=True, readonly=True)
    date_decompte = fields.Date(string="Date", required=True, readonly=True)
    date_limite_recours = fields.Date(string="Recours jusqu'au", required=True, readonly=True)
    origine_id = fields.Many2one(
        "cnas.decompte", string="Décompte d'origine", readonly=True, index="btree_not_null", ondelete="restrict")
    motif = fields.Text(string="Motif de la contre-passation", readonly=True)
    ligne_ids = fields.One2many("cnas.decompte.ligne", "decompte_id", string="Lignes", readonly=True)
    nb_feuilles = fields.Integer(string="Feuilles", readonly=True)
    montant_declare = fields.Monetary(
        string="Total déclaré", readonly=True, help="Le total écrit par la formation sur sa facture ; 0 : non déclaré.")
    ecart_declare = fields.Monetary(string="Écart déclaré − facturé", compute="_compute_ecart_declare")
    montant_facture = fields.Monetary(string="Montant facturé", readonly=True)
    montant_base = fields.Monetary(string="Base de remboursement", readonly=True)
    montant_cnas = fields.Monetary(string="Part CNAS", readonly=True)
    ticket_moderateur = fields.Monetary(string="Ticket modérateur", readonly=True)
    depassement = fields.Monetary(string="Dépassement", readonly=True)
    montant_rejete = fields.Monetary(string="Montant rejeté", readonly=True)
    montant_soins = fields.Monetary(string="Part CNAS — soins", readonly=True)
    montant_pharmacie = fields.Monetary(string="Part CNAS — pharmacie", readonly=True)
    montant_complement = fields.Monetary(string="Recours acceptés", readonly=True)
    montant_compense = fields.Monetary(string="Indus compensés", readonly=True)
    net_principal = fields.Monetary(string="Net — compte principal", readonly=True)
    net_pharmacie = fields.Monetary(string="Net — compte pharmacie", readonly=True)
    net_a_payer = fields.Monetary(string="Net à payer", readonly=True)
    identite = fields.Json(
        string="Identité imprimée", readonly=True, groups="cnas_base.group_agent,cnas_base.group_finance",
        help="Formation ou assuré et valideur, tels qu'au jour du décompte.")
    montant_lettres = fields.Char(string="Net en lettres", compute="_compute_montant_lettres")
    empreinte = fields.Char(string="Empreinte SHA-256", readonly=True, copy=False)
    etabli_par_id = fields.Many2one("res.users", string="Établi par", readonly=True)

    _sql_constraints = [
        ("numero_unique", "UNIQUE (numero)", "Ce numéro de décompte est déjà pris."),
        ("emis_unique", "", "Cette facture a déjà un décompte en vigueur."),
        ("equilibre",
         "CHECK (montant_facture = montant_cnas + ticket_moderateur + depassement + montant_rejete "
         "AND net_a_payer = montant_cnas + montant_complement - montant_compense "
         "AND net_a_payer = net_principal + net_pharmacie)",
         "Les montants du décompte ne tombent pas juste."),
    ]

    def init(self):
        super().init()
        self.env.cr.execute("""
            CREATE UNIQUE INDEX IF NOT EXISTS cnas_decompte_emis_unique ON cnas_decompte (facture_id)
                WHERE state = 'emis' AND nature = 'initial';
            CREATE OR REPLACE FUNCTION cnas_decompte_fige() RETURNS trigger LANGUAGE plpgsql AS $f$
            DECLARE
                libres text[] := '{write_uid,write_date}';
            BEGIN
                -- Toute colonne est figée, même ajoutée demain. Le sceau se pose une fois, à l'établissement ;
                -- la contre-passation marque l'original une fois.
                IF OLD.empreinte IS NULL THEN libres := libres || '{empreinte}'; END IF;
                IF OLD.state = 'emis' THEN libres := libres || '{state}'; END IF;
                IF TG_OP = 'DELETE' OR to_jsonb(OLD) - libres IS DISTINCT FROM to_jsonb(NEW) - libres
                THEN RAISE EXCEPTION 'Un décompte est figé : corrigez-le par contre-passation.' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
            END $f$;
            DROP TRIGGER IF EXISTS cnas_decompte_fige ON cnas_decompte;
            CREATE TRIGGER cnas_decompte_fige BEFORE UPDATE OR DELETE ON cnas_decompte
                FOR EACH ROW EXECUTE FUNCTION cnas_decompte_fige();
        """)

    # ------------------------------------------------------------------ calculs
    @api.depends("montant_declare", "montant_facture")
    def _compute_ecart_declare(self):
        for decompte in self:
            decompte.ecart_declare = decompte.montant_declare - decompte.montant_facture if decompte.montant_declare else 0

    @api.depends("net_a_payer")
    @api.depends_context("lang")
    def _compute_montant_lettres(self):
        for decompte in self:
            decompte.montant_lettres = self._en_lettres(decompte.net_a_payer)

    # ------------------------------------------------------------------ CRUD
    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un décompte ne se supprime pas : il se corrige par contre-passation."))

    # ------------------------------------------------------------------ actions publiques
    def verifier(self):
        """Recalcule l'empreinte de chaque décompte et la compare à celle qui fut figée.

        :return: dict {numéro: True si intact}
        """
        self.check_access_rights("read")
        self.check_access_rule("read")
        return {d.numero: d.empreinte == d._calculer_empreinte() for d in self.sudo()}

    def action_verifier(self):
        """Dit à l'écran si les décomptes sont intacts. Rend une notification."""
        alteres = [numero for numero, intact in self.verifier().items() if not intact]
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {
                "type": "danger" if alteres else "success", "sticky": bool(alteres),
                "message": _("Empreinte différente : %s", ", ".join(alteres)) if alteres
                else _("Empreinte vérifiée : le décompte est intact."),
            },
        }

    def action_voir_lignes(self):
        """Ouvre les lignes du décompte dans une liste paginée. Rend une action de fenêtre."""
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_facturation.decompte_ligne_action")
        return {**action, "domain": [("decompte_id", "in", self.ids)], "context": {}}

    # ------------------------------------------------------------------ métier
    @api.model
    def _etablir(self, factures):
        """Fige un décompte par facture validée : entête, lignes copiées en SQL, empreinte."""
        self.flush_model(["state"])
        jour = aujourd_hui()
        delai = self.env["cnas.parametre"]._au("delai_recours", jour)
        sequence = self.env["ir.sequence"].sudo()
        decomptes = self._creer([{
            "numero": sequence.next_by_code("cnas.decompte", sequence_date=jour),
            "facture_id": facture.id, "formation_id": facture.formation_id.id, "assure_id": facture.assure_id.id,
            "mode": facture.mode, "periode": facture.periode, "date_decompte": jour,
            "date_limite_recours": fields.Date.add(jour, days=delai), "etabli_par_id": self.env.uid,
            "identite": {**facture._identite_du_jour(), "etabli_par": self.env.user.name},
            **{champ: facture[champ] for champ in COLONNES_MONTANTS},
        } for facture in factures])
        decomptes.flush_recordset()
        self.env["cnas.decompte.ligne"]._copier_feuilles(decomptes)
        decomptes._exiger_somme_lignes()
        decomptes._sceller()
        return decomptes

    @api.model
    def _contre_passer(self, factures, motif):
        """Émet le décompte négatif de chaque facture et marque l'original « contre-passé »."""
        jour = aujourd_hui()
        originaux = self.search([("facture_id", "in", factures.ids), ("state", "=", "emis"),
                                 ("nature", "=", "initial")])
        sequence = self.env["ir.sequence"].sudo()
        inverses = self._creer([{
            "numero": sequence.next_by_code("cnas.decompte", sequence_date=jour), "nature": "contre_passation",
            "origine_id": original.id, "motif": motif, "facture_id": original.facture_id.id,
            "formation_id": original.formation_id.id, "assure_id": original.assure_id.id, "mode": original.mode,
            "periode": original.periode, "date_decompte": jour, "date_limite_recours": jour,
            "etabli_par_id": self.env.uid,
            "identite": {**(original.identite or {}), "etabli_par": self.env.user.name},
            **{champ: -original[champ] for champ in COLONNES_MONTANTS},
        } for original in originaux])
        inverses.flush_recordset()
        self.env["cnas.decompte.ligne"]._copier_inverses(inverses)
        inverses._sceller()
        originaux._changer_etat("contre_passe")
        return inverses

    def _phrase_champ_gele(self, champ):
        return _("Un décompte est figé : il naît de la validation d'une facture et se corrige par contre-passation.")

    def _exiger_somme_lignes(self):
        """Refuse un décompte dont les lignes ne font pas le total."""
        self.env.cr.execute("""
            SELECT d.numero FROM cnas_decompte d LEFT JOIN cnas_decompte_ligne l ON l.decompte_id = d.id
             WHERE d.id IN %s GROUP BY d.id
            HAVING COALESCE(SUM(l.montant_facture), 0) <> d.montant_facture
                OR COALESCE(SUM(l.montant_cnas), 0) <> d.montant_cnas""", (tuple(self.ids),))
        if self.env.cr.rowcount:
            raise UserError(_("Les lignes du décompte ne font pas le total de la facture : relancez le contrôle."))

    def _sceller(self):
        for decompte in self:
            decompte._ecrire({"empreinte": decompte._calculer_empreinte()})
        self.flush_recordset()

    def _calculer_empreinte(self):
        """Rend la SHA-256 de l'entête et des lignes, dans l'ordre : toutes les colonnes, sauf `HORS_EMPREINTE`."""
        self.ensure_one()
        self.flush_recordset()
        condense = hashlib.sha256()
        for requete in (
            "SELECT {} FROM cnas_decompte x WHERE id = %(id)s",
            "SELECT {} FROM cnas_decompte_ligne x WHERE decompte_id = %(id)s ORDER BY rang",
        ):
            # Toutes les colonnes, en JSON canonique ; une colonne ajoutée plus tard, vide, ne change pas l'empreinte.
            self.env.cr.execute(
                requete.format("jsonb_strip_nulls(to_jsonb(x) - %(hors)s)::text"),
                {"id": self.id, "hors": list(HORS_EMPREINTE)})
            for texte, in self.env.cr.fetchall():
                condense.update(texte.encode() + b"\n")
        return condense.hexdigest()

    @api.model
    def _en_lettres(self, montant):
        """Rend un montant entier en toutes lettres : « deux mille francs CFA » ; en arabe à qui lit en arabe."""
        from num2words import num2words

        if self.env.lang == ARABE:
            return somme_en_arabe(montant)

        valeur = int(montant)
        texte = num2words(abs(valeur), lang="fr")
        # Un nombre rond de millions se lie au nom par « de ».
        lien = " de" if valeur and valeur % 1_000_000 == 0 else ""
        monnaie = _("franc CFA") if abs(valeur) < 2 else _("francs CFA")
        somme = f"{texte}{lien} {monnaie}"
        return _("moins %s", somme) if valeur < 0 else somme
