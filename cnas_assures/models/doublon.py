from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.exceptions import UserError

SEUIL_FILE = 65
# Ce que l'écran met face à face.
CHAMPS_MONTRES = (
    "matricule", "state", "nom", "prenom", "genre", "date_naissance", "regime_id", "nni", "nom_pere", "nom_mere",
    "district_id", "telephone_1", "type_assure", "assure_principal_id", "date_immatriculation",
)

# Pour chaque personne du lot : ses homonymes (à la graphie près) de naissance proche, ceux qui partagent
# son téléphone, et les noms voisins nés le même jour. Chaque branche suit un index.
SQL_PAIRES = """
SELECT DISTINCT LEAST(a.id, b.id), GREATEST(a.id, b.id)
  FROM cnas_assure a
  JOIN LATERAL (
       SELECT c.id FROM cnas_assure c
        WHERE c.nom_phonetique = a.nom_phonetique AND c.active
          AND c.date_naissance BETWEEN a.date_naissance - 800 AND a.date_naissance + 800
          AND (c.date_naissance = a.date_naissance OR c.date_naissance_estimee OR a.date_naissance_estimee
               OR c.telephone_1 = a.telephone_1
               OR (date_part('year', c.date_naissance) = date_part('year', a.date_naissance)
                   AND (date_part('month', c.date_naissance) IN (date_part('month', a.date_naissance),
                                                                 date_part('day', a.date_naissance))
                        OR date_part('day', c.date_naissance) = date_part('day', a.date_naissance)))
               OR to_char(c.date_naissance, 'MMDD') = to_char(a.date_naissance, 'MMDD'))
       UNION
       SELECT c.id FROM cnas_assure c
        WHERE c.telephone_1 = a.telephone_1 AND c.genre = a.genre AND c.active
       UNION
       SELECT c.id FROM cnas_assure c
        WHERE c.date_naissance = a.date_naissance AND c.active AND NOT COALESCE(a.date_naissance_estimee, FALSE)
          AND similarity(c.nom_phonetique, a.nom_phonetique) >= 0.6
       ) b ON b.id <> a.id
 WHERE a.id = ANY(%(ids)s) AND a.active
   AND NOT EXISTS (SELECT 1 FROM cnas_doublon d
                    WHERE d.assure_1_id = LEAST(a.id, b.id) AND d.assure_2_id = GREATEST(a.id, b.id))
"""


class Doublon(models.Model):
    """Deux dossiers qui pourraient être la même personne : la file d'examen.

    La machine propose, avec un score et ses raisons ; un humain écarte ou fusionne. Une paire
    écartée ne revient pas.

    États : à examiner → écarté | fusionné.

    | qui | peut |
    |---|---|
    | agent | lire, signaler une paire, écarter avec un motif |
    | superviseur | fusionner |
    """

    _name = "cnas.doublon"
    _description = "Doublon à examiner"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "score desc, id"

    _etat_initial = "a_examiner"
    _etat_transitions = {"a_examiner": ("ecarte", "fusionne")}
    _champs_geles = ("decideur_id", "date_decision", "motif", "garde_id", "trace")

    assure_1_id = fields.Many2one(
        comodel_name="cnas.assure", string="Premier dossier", required=True, index=True, ondelete="cascade")
    assure_2_id = fields.Many2one(
        comodel_name="cnas.assure", string="Second dossier", required=True, index=True, ondelete="cascade")
    score = fields.Integer(string="Score", group_operator="avg")
    raisons = fields.Text(string="Raisons")
    state = fields.Selection(
        selection=[("a_examiner", "À examiner"), ("ecarte", "Écarté"), ("fusionne", "Fusionné")],
        string="Statut", default="a_examiner", required=True, index=True, tracking=True)
    motif = fields.Char(string="Motif")
    decideur_id = fields.Many2one(comodel_name="res.users", string="Décidé par", ondelete="restrict")
    date_decision = fields.Datetime(string="Décidé le")
    garde_id = fields.Many2one(comodel_name="cnas.assure", string="Dossier gardé", ondelete="restrict")
    trace = fields.Json(string="Trace de la fusion", help="Dossier absorbé tel qu'il était, et ce qui l'a quitté.")

    comparaison = fields.Html(string="Comparaison", compute="_compute_comparaison", sanitize=False)

    _sql_constraints = [
        ("paire_unique", "UNIQUE (assure_1_id, assure_2_id)", "Cette paire est déjà dans la file d'examen."),
        ("paire_ordonnee", "CHECK (assure_1_id < assure_2_id)", "Les deux dossiers d'une paire doivent différer."),
    ]

    # ------------------------------------------------------------------ calculs
    @api.depends("assure_1_id.name", "assure_2_id.name")
    def _compute_display_name(self):
        for doublon in self:
            noms = filter(None, (doublon.assure_1_id.name, doublon.assure_2_id.name))
            doublon.display_name = " / ".join(noms) or _("Nouveau")

    @api.depends("assure_1_id", "assure_2_id")
    def _compute_comparaison(self):
        for doublon in self:
            doublon.comparaison = doublon.assure_1_id._tableau_comparaison(doublon.assure_2_id)

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        Assure = self.env["cnas.assure"]
        prets = []
        for vals in vals_list:
            vals = dict(vals)
            un, deux = vals.get("assure_1_id"), vals.get("assure_2_id")
            if un and deux:
                vals["assure_1_id"], vals["assure_2_id"] = min(un, deux), max(un, deux)
                if "score" not in vals and un != deux:
                    vals["score"], raisons = Assure.browse(un)._comparer(Assure.browse(deux))
                    vals["raisons"] = "\n".join(raisons)
            prets.append(vals)
        return super().create(prets)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decide(self):
        if any(doublon.state != "a_examiner" for doublon in self):
            raise UserError(_("Une paire décidée garde la trace de sa décision : elle ne se supprime pas."))

    # ------------------------------------------------------------------ actions
    def action_ecarter(self, motif=None):
        """Écarte des paires : ce sont deux personnes différentes.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :return: True, ou l'action de l'assistant
        """
        self._exiger_groupe("cnas_base.group_agent", _("écarter un doublon"))
        motif = self.env["cnas.assure"]._lire_motif(motif)
        if not motif:
            return self._demander_motif("action_ecarter", _("Ce ne sont pas des doublons"))
        self._changer_etat("ecarte", motif=motif, decideur_id=self.env.uid,
                           date_decision=fields.Datetime.now())
        return True

    def action_fusionner(self, garde_id=None, motif=None):
        """Fusionne les deux dossiers : tout ce que porte l'un suit chez l'autre, rien n'est effacé.

        :param int garde_id: le dossier gardé (l'un des deux) ; sans lui l'assistant s'ouvre
        :param str motif: pourquoi c'est la même personne
        :return: True, ou l'action de l'assistant
        """
        self.ensure_one()
        self._exiger_groupe("cnas_base.group_superviseur", _("fusionner deux dossiers"))
        motif = self.env["cnas.assure"]._lire_motif(motif)
        if not garde_id or not motif:
            return {
                "type": "ir.actions.act_window", "name": _("Fusionner deux dossiers"),
                "res_model": "cnas.fusion.wizard", "view_mode": "form", "target": "new",
                "context": {"default_doublon_id": self.id},
            }
        paire = self.assure_1_id | self.assure_2_id
        garde = paire.filtered(lambda a: a.id == garde_id)
        if not garde:
            raise UserError(_("Le dossier gardé doit être l'un des deux de la paire."))
        if self.state != "a_examiner":
            raise UserError(_("Cette paire est déjà décidée."))
        trace = garde._absorber(paire - garde, motif)
        self._changer_etat("fusionne", motif=motif, garde_id=garde.id, trace=trace,
                           decideur_id=self.env.uid, date_decision=fields.Datetime.now())
        return True


class AssureDetection(models.Model):
    """Recherche de doublons en lot."""

    _inherit = "cnas.assure"

    nombre_doublons = fields.Integer(string="Doublons à examiner", compute="_compute_nombre_doublons")

    def _compute_nombre_doublons(self):
        self.env.cr.execute("""
            SELECT assure_id, count(*) FROM (
                SELECT assure_1_id AS assure_id FROM cnas_doublon WHERE state = 'a_examiner' AND assure_1_id = ANY(%(i)s)
                UNION ALL
                SELECT assure_2_id FROM cnas_doublon WHERE state = 'a_examiner' AND assure_2_id = ANY(%(i)s)
            ) AS paires GROUP BY assure_id""", {"i": self.ids})
        comptes = dict(self.env.cr.fetchall())
        for assure in self:
            assure.nombre_doublons = comptes.get(assure.id, 0)

    def action_voir_doublons(self):
        """Montre les paires à examiner de cet assuré.

        :return: action de fenêtre
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_assures.doublon_action")
        return {**action, "domain": ["|", ("assure_1_id", "=", self.id), ("assure_2_id", "=", self.id)]}

    def action_comparer_deux(self):
        """Met deux dossiers choisis dans la liste face à face, dans la file d'examen.

        :return: action de fenêtre
        :raise UserError: s'il n'y en a pas exactement deux
        """
        if len(self) != 2:
            raise UserError(_("Choisissez exactement deux dossiers à comparer."))
        self._exiger_groupe("cnas_base.group_agent", _("comparer deux dossiers"))
        un, deux = self.sorted("id")
        Doublon = self.env["cnas.doublon"]
        paire = Doublon.search([("assure_1_id", "=", un.id), ("assure_2_id", "=", deux.id)]) or Doublon.create(
            {"assure_1_id": un.id, "assure_2_id": deux.id})
        return {"type": "ir.actions.act_window", "name": _("Comparer deux dossiers"), "res_model": "cnas.doublon",
                "res_id": paire.id, "view_mode": "form"}

    def _tableau_comparaison(self, autre):
        """Rend le tableau HTML qui met deux dossiers face à face ; les différences ressortent."""
        texte = self.env["cnas.correction_identite"]._texte_valeur

        def rang(libelle, un, deux):
            return Markup('<tr class="%s"><th>%s</th><td>%s</td><td>%s</td></tr>') % (
                "table-warning" if un != deux else "", libelle, un or "—", deux or "—")

        rangs = Markup("").join(
            rang(self._fields[c]._description_string(self.env), texte(self, c), texte(autre, c)) for c in CHAMPS_MONTRES)
        rangs += rang(_("Ayants droit"), str(self.nombre_ayants_droit), str(autre.nombre_ayants_droit))
        return Markup(
            '<table class="table table-sm"><thead><tr><th></th><th>%s</th><th>%s</th></tr></thead>%s</table>'
        ) % (_("Premier dossier"), _("Second dossier"), rangs)

    def _comparer(self, autre):
        """Rend (score, raisons) de deux assurés."""
        return self._noter(self._normaliser_saisie(self._valeurs_comparees()),
                           self._normaliser_saisie(autre._valeurs_comparees()))

    def _detecter_doublons(self):
        """Met dans la file d'examen les paires vraisemblables de ces assurés (idempotent, appelé par lot)."""
        self.flush_model()
        cr = self.env.cr
        cr.execute(SQL_PAIRES, {"ids": self.ids})
        paires = cr.fetchall()
        seuil = self._parametre_entier("seuil_doublon", SEUIL_FILE)
        saisies = {a.id: a._normaliser_saisie(a._valeurs_comparees())
                   for a in self.sudo().browse({i for paire in paires for i in paire})}
        rangs = []
        for un, deux in paires:
            score, raisons = self._noter(saisies[un], saisies[deux])
            if score >= seuil:
                rangs.append({"assure_1_id": un, "assure_2_id": deux, "score": score, "raisons": "\n".join(raisons)})
        self.env["cnas.doublon"].sudo().with_context(tracking_disable=True).create(rangs)
        return len(rangs)
