import base64

from odoo import Command, _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_xlsx
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_tableau

from ..droit import DEBUT_PLAUSIBLE

AGENT, SUPERVISEUR = "cnas_base.group_agent", "cnas_base.group_superviseur"
SIGNATAIRES = ("create_uid", "soumetteur_id", "proces_verbal_par_id", "intervenant_ids")
COLONNES = ("menage", "chef", "nni", "matricule", "score", "village", "district", "personnes", "decision")
# Ce que le contrôle a lu et jugé : changé ensuite, il se contrôle à nouveau.
CONTROLES = ("fichier", "nom_fichier", "district_id", "village", "date_effet")
# Qui écrit cela, ou tranche un ménage, a pris part à la liste : il ne la valide pas.
SAISIS = (*CONTROLES, "name", "reference", "date_assemblee", "proces_verbal")
TAILLE_PLAGE = 500


@actions
class ListeRsu(models.Model):
    """Une liste de ménages du registre social : lue, soumise à l'assemblée du village, validée par un autre.

    Le contrôle à blanc dit, ménage par ménage, ce qui est retenu, refusé, déjà décidé, et ce qui ressemble à une personne
    en double ; il n'écrit aucune décision. L'assemblée villageoise confirme, change ou écarte ; son procès-verbal se joint.
    La validation, par une autre personne que celles qui ont saisi, soumis et joint le procès-verbal, établit les décisions.

    États : brouillon → contrôlée → soumise → validée | rejetée. Qui peut quoi : la table `_actions`.
    """

    _name = "cnas.liste_rsu"
    _description = "Liste du registre social"
    _inherit = ["cnas.decision.mixin", "mail.thread"]
    _order = "id desc"

    _actions = {
        "controler": Action(titre=_lt("Contrôler à blanc"), seul=True, de=("brouillon", "controlee"), vers=("controlee",), roles=(AGENT,)),
        "soumettre": Action(titre=_lt("Soumettre à l'assemblée"), seul=True, de=("controlee",), vers=("soumise",), roles=(AGENT,),
                            empeche=("_rien_a_soumettre",)),
        "valider": Action(titre=_lt("Valider la liste"), seul=True, de=("soumise",), vers=("validee",), roles=(SUPERVISEUR,),
                          quatre_yeux=SIGNATAIRES, empeche=("_pas_prete",)),
        "rejeter": Action(titre=_lt("Rejeter la liste"), seul=True, de=("soumise",), vers=("rejetee",), roles=(SUPERVISEUR,),
                          quatre_yeux=SIGNATAIRES, motif=True),
    }
    _passages = {"controlee": ("brouillon",)}
    _champs_geles = ("intervenant_ids", "soumetteur_id", "proces_verbal_par_id", "valideur_id", "date_validation", "motif_rejet", "lot_id")
    _champs_journal = ("reference", "date_effet", "date_assemblee", "proces_verbal_nom")

    name = fields.Char(string="Titre", required=True)
    reference = fields.Char(string="Référence de la décision", required=True, tracking=True)
    fichier = fields.Binary(string="Fichier (XLSX ou CSV)", required=True, attachment=True)
    nom_fichier = fields.Char(string="Nom du fichier")
    district_id = fields.Many2one("cnas.district", string="District par défaut", ondelete="restrict",
                                  help="Pour les lignes qui n'en donnent pas.")
    village = fields.Char(string="Village par défaut", help="Pour les lignes qui n'en donnent pas.")
    date_effet = fields.Date(string="Droits ouverts le", required=True, default=lambda self: aujourd_hui(), tracking=True,
                             help="Premier jour des décisions ; le dernier suit la durée en vigueur ce jour-là.")
    state = fields.Selection(
        selection=[("brouillon", "Brouillon"), ("controlee", "Contrôlée"), ("soumise", "Soumise à l'assemblée"),
                   ("validee", "Validée"), ("rejetee", "Rejetée")],
        string="Statut", default="brouillon", required=True, copy=False, index=True, tracking=True)
    soumetteur_id = fields.Many2one("res.users", string="Soumise par", copy=False, ondelete="restrict")
    intervenant_ids = fields.Many2many(
        "res.users", "cnas_liste_rsu_intervenant_rel", "liste_id", "user_id", string="Y ont pris part", copy=False,
        help="Qui a écrit la liste ou tranché un de ses ménages.")
    date_assemblee = fields.Date(string="Assemblée du", copy=False, tracking=True)
    proces_verbal = fields.Binary(string="Procès-verbal", attachment=True, copy=False, help="Signé par l'assemblée : PDF ou photo.")
    proces_verbal_nom = fields.Char(string="Nom du procès-verbal", copy=False)
    proces_verbal_par_id = fields.Many2one("res.users", string="Procès-verbal joint par", copy=False, ondelete="restrict")
    valideur_id = fields.Many2one("res.users", string="Décidée par", copy=False, ondelete="restrict")
    date_validation = fields.Datetime(string="Décidée le", copy=False)
    motif_rejet = fields.Char(string="Motif du rejet", copy=False)
    lot_id = fields.Many2one("cnas.lot", string="Lot", copy=False, ondelete="set null")
    ligne_ids = fields.One2many("cnas.liste_rsu.ligne", "liste_id", string="Ménages")
    decision_ids = fields.One2many("cnas.decision_amed", "liste_id", string="Décisions")
    nombre_lignes = fields.Integer(string="Ménages lus", compute="_compute_comptes")
    nombre_retenues = fields.Integer(string="Retenus", compute="_compute_comptes")
    nombre_doubles = fields.Integer(string="En double, à trancher", compute="_compute_comptes")
    nombre_erreurs = fields.Integer(string="Refusés", compute="_compute_comptes")
    nombre_decidees = fields.Integer(string="Décidés", compute="_compute_comptes")

    _sql_constraints = [
        ("quatre_yeux", "CHECK (valideur_id IS NULL OR (valideur_id <> soumetteur_id AND valideur_id <> proces_verbal_par_id))",
         "Qui soumet une liste ou joint son procès-verbal ne la valide pas : une autre personne décide."),
        ("validee_sur_proces_verbal", "CHECK (state <> 'validee' OR (date_assemblee IS NOT NULL AND valideur_id IS NOT NULL))",
         "Une liste se valide sur le procès-verbal de l'assemblée."),
    ]

    # ------------------------------------------------------------------ calculs, contraintes
    @api.depends("ligne_ids.state")
    def _compute_comptes(self):
        comptes = {}
        for liste, etat, nombre in self.env["cnas.liste_rsu.ligne"]._read_group(
                [("liste_id", "in", self.ids)], ["liste_id", "state"], ["__count"]):
            comptes.setdefault(liste.id, {})[etat] = nombre
        for liste in self:
            siens = comptes.get(liste.id, {})
            liste.nombre_lignes = sum(siens.values())
            liste.nombre_retenues = siens.get("retenue", 0)
            liste.nombre_doubles = siens.get("double", 0)
            liste.nombre_erreurs = siens.get("refusee", 0)
            liste.nombre_decidees = siens.get("decidee", 0)

    @api.constrains("date_effet", "date_assemblee")
    def _check_dates(self):
        for liste in self:
            if liste.date_effet < DEBUT_PLAUSIBLE:
                raise ValidationError(_("La date d'ouverture des droits est trop ancienne."))
            if liste.date_assemblee and liste.date_assemblee > aujourd_hui():
                raise ValidationError(_("L'assemblée ne peut pas être à venir : donnez sa date une fois tenue."))
            if liste.date_assemblee and liste.date_effet < liste.date_assemblee:
                raise ValidationError(_("Une décision n'ouvre pas de droits avant l'assemblée qui l'a prise : corrigez l'une des deux dates."))

    # ------------------------------------------------------------------ CRUD
    def _completer_creation(self, vals_list):
        for vals in vals_list:
            if vals.get("proces_verbal"):
                self._verifier_proces_verbal(vals["proces_verbal"])
                vals["proces_verbal_par_id"] = self.env.uid
        return super()._completer_creation(vals_list)

    def write(self, vals):
        if self._ouvert(vals):
            return super().write(vals)
        if any(liste.state in ("validee", "rejetee") for liste in self):
            raise UserError(_("Une liste décidée ne se modifie plus."))
        controles = set(CONTROLES) & vals.keys()
        soumises = self.filtered(lambda liste: liste.state == "soumise")
        if soumises and controles - {"date_effet"}:
            raise UserError(_("Cette liste est devant l'assemblée : son fichier et ses réglages ne se changent plus."))
        if vals.get("proces_verbal"):
            self._verifier_proces_verbal(vals["proces_verbal"])
        avant = {liste: liste.date_effet for liste in soumises}
        resultat = super().write(vals)
        if any(liste.date_effet < jour for liste, jour in avant.items()):
            raise UserError(_("Cette liste est devant l'assemblée : l'ouverture des droits peut se reporter, pas s'avancer."))
        if "proces_verbal" in vals:
            self._ecrire({"proces_verbal_par_id": bool(vals["proces_verbal"]) and self.env.uid})
        if not vals.keys().isdisjoint(SAISIS):
            self._noter_intervenant()
        if controles:
            self.filtered(lambda liste: liste.state == "controlee")._changer_etat("brouillon")
        return resultat

    def _noter_intervenant(self):
        """Retient que l'usager a pris part à ces listes."""
        nouvelles = self.sudo().filtered(lambda liste: self.env.user not in liste.intervenant_ids)
        nouvelles._ecrire({"intervenant_ids": [Command.link(self.env.uid)]})

    @api.model
    def _verifier_proces_verbal(self, fichier):
        """Refuse d'une phrase un procès-verbal vide, tronqué, illisible ou d'un autre type qu'un PDF ou une image."""
        pieces = self.env["cnas.piece_administrative"]
        pieces._avec_empreinte({"fichier": fichier, "nom_fichier": _("procès-verbal")}, *pieces._bornes_du_depot({}))

    # ------------------------------------------------------------------ actions
    @transition("controler")
    def action_controler(self):
        """Contrôle à blanc : lit le fichier, juge chaque ménage, n'écrit aucune décision.

        :return: True
        :raise UserError: fichier illisible, colonnes obligatoires absentes
        """
        contenu = base64.b64decode(self.with_context(bin_size=False).fichier or b"")
        colonnes = self.env["cnas.synonyme_colonne"]._colonnes("menages_rsu", expediteur=self.env.user)
        rangs = lire_tableau(contenu, self.nom_fichier, colonnes, ("menage", "decision"))
        if not rangs:
            raise UserError(_("Le fichier ne contient aucune ligne."))
        self.ligne_ids.sudo().unlink()
        self.env["cnas.liste_rsu.ligne"].sudo()._juger(self, rangs)
        self._changer_etat("controlee")

    @transition("soumettre")
    def action_soumettre(self):
        """Soumet la liste à l'assemblée du village : le fichier ne change plus.

        :return: True
        """
        self._changer_etat("soumise", soumetteur_id=self.env.uid)

    @transition("valider")
    def action_valider(self):
        """Établit les décisions des ménages retenus, en tâche de fond au-delà d'une plage.

        :return: True
        """
        self._attendre_son_tour()
        retenues = self.ligne_ids.filtered(lambda ligne: ligne.state == "retenue")
        retenues._refuser_les_doubles()
        self._changer_etat("validee", valideur_id=self.env.uid, date_validation=fields.Datetime.now())
        lot = self.env["cnas.lot"]._lancer(
            _("Décisions AMED « %s »", self.reference), "cnas.liste_rsu.ligne", "_decider", retenues.ids, taille=TAILLE_PLAGE,
            cle=f"liste_rsu_{self.id}")
        self._ecrire({"lot_id": lot.id})

    @transition("rejeter")
    def action_rejeter(self, motif=None):
        """Rejette la liste : aucune décision n'en naît.

        :param str motif: obligatoire ; sans lui l'assistant s'ouvre
        :return: True, ou l'action de l'assistant
        """
        self._attendre_son_tour()
        self._changer_etat("rejetee", valideur_id=self.env.uid, date_validation=fields.Datetime.now(), motif_rejet=motif)

    def action_voir_lignes(self):
        """Montre les ménages de la liste, d'un seul résultat si le contexte donne `etat`.

        :return: action de fenêtre
        """
        self.ensure_one()
        etat = self.env.context.get("etat")
        return {"type": "ir.actions.act_window", "name": self.name, "res_model": "cnas.liste_rsu.ligne", "view_mode": "tree,form",
                "domain": [("liste_id", "=", self.id)] + ([("state", "=", etat)] if etat else [])}

    def action_voir_decisions(self):
        """Montre les décisions nées de cette liste.

        :return: action de fenêtre
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_assures.decision_amed_action")
        return {**action, "domain": [("liste_id", "=", self.id)]}

    def action_telecharger_modele(self):
        """Donne le classeur modèle à remplir.

        :return: action de téléchargement
        """
        self._exiger_groupe(AGENT, _("télécharger le modèle d'une liste"))
        exemple = ["RSU-00412", "Mahamat Saleh", "", "", "31,5", "Amra", "Abéché", "6", "éligible"]
        return self._telecharger(ecrire_xlsx(COLONNES, [exemple], "Ménages"), "modele_liste_rsu.xlsx")

    def action_telecharger_rapport(self):
        """Donne les mêmes lignes, avec ce qu'il reste à faire de chacune : corrigées, elles se renvoient telles quelles.

        :return: action de téléchargement
        """
        self.ensure_one()
        self._exiger_groupe(AGENT, _("télécharger le rapport d'une liste"))
        self._journaliser_export({"quoi": "rapport d'import"})
        libelles = dict(self.env["cnas.liste_rsu.ligne"]._fields["state"]._description_selection(self.env))
        lignes = self.ligne_ids.sorted("numero")
        # Le modèle à remplir n'a pas de colonne « Prénom », la liste reçue peut en avoir une.
        colonnes = [*COLONNES, *(["prenom"] if any("prenom" in (ligne.recu or {}) for ligne in lignes) else ())]
        rangs = ([*((ligne.recu or {}).get(colonne, "") for colonne in colonnes), libelles[ligne.state], ligne.message or ""]
                 for ligne in lignes)
        return self._telecharger(ecrire_xlsx([*colonnes, "Résultat", "Que faire"], rangs, "Ménages"), f"rapport_liste_{self.id}.xlsx")

    def _telecharger(self, contenu, nom):
        piece = self.env["ir.attachment"].create({
            "name": nom, "datas": base64.b64encode(contenu), "res_model": self._name, "res_id": self[:1].id})
        return {"type": "ir.actions.act_url", "url": f"/web/content/{piece.id}?download=true", "target": "self"}

    # ------------------------------------------------------------------ privé
    def _rien_a_soumettre(self):
        """Rend {id: phrase} des listes dont aucun ménage n'est retenu ni à trancher."""
        return {liste._origin.id: _("Aucun ménage retenu : corrigez le fichier et contrôlez-le à nouveau.")
                for liste in self if not liste.nombre_retenues and not liste.nombre_doubles}

    def _pas_prete(self):
        """Rend {id: phrase} des listes sans procès-verbal, ou dont une personne en double reste à trancher."""
        raisons = {}
        for liste in self:
            if not liste.proces_verbal_par_id or not liste.date_assemblee:
                phrase = _("Joignez le procès-verbal de l'assemblée et donnez sa date.")
            elif liste.nombre_doubles:
                phrase = _("%s personnes en double attendent qu'un agent les garde ou les écarte.", liste.nombre_doubles)
            elif not liste.nombre_retenues:
                phrase = _("Plus aucun ménage n'est retenu : rejetez la liste.")
            else:
                continue
            raisons[liste._origin.id] = phrase
        return raisons
