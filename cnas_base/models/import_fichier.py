import base64
from collections import Counter

from psycopg2 import IntegrityError

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import _as_validation_error
from odoo.tools.translate import _lt

from ..ecriture import TITRES_DU_RAPPORT, ecrire_debut, ecrire_rapport, ecrire_xlsx
from ..garde import Action, actions, sans_suivi, transition
from ..lecture import EnTeteIncompris

TAILLE_PLAGE = 200
FAISABLES = ("creation", "correction")
ROLES = ("cnas_base.group_agent", "cnas_base.group_portail_formation")


def _sans_nul(valeur):
    """Rend une valeur lue que la base sait garder : PostgreSQL refuse l'octet nul, même dans un JSON."""
    if isinstance(valeur, str):
        return valeur.replace("\x00", "")
    if isinstance(valeur, list):
        return [_sans_nul(v) for v in valeur]
    return {c: _sans_nul(v) for c, v in valeur.items()} if isinstance(valeur, dict) else valeur


@actions
class ImportFichier(models.Model):
    """Un fichier reçu, ce qu'on en a compris, et ce qu'il devient.

    Le contrôle à blanc lit tout et dit, ligne par ligne, ce qui sera créé, ce qui est déjà là, ce qui diffère et ce qui est
    refusé ; il n'écrit rien d'autre. L'application travaille ensuite en tâche de fond. Renvoyer le fichier ne crée rien.
    Le rapport rend les mêmes lignes avec « Que faire », prêt à corriger et à renvoyer.

    Chaque sujet (feuilles, employeurs…) vient d'un addon : `_juger_<sujet>` rend les verdicts, `_appliquer_<sujet>` écrit un
    groupe entier ou rien, `_roles_<sujet>` dit qui. Une formation y passe par son espace, jamais par ce modèle.

    États : brouillon → contrôlé → en cours → terminé. Qui peut quoi : la table `_actions` ; chacun voit les siens, le
    superviseur voit tout, et n'y change rien.
    """

    _name = "cnas.import_fichier"
    _description = "Import d'un fichier"
    _inherit = ["cnas.etat.mixin", "mail.thread"]
    _order = "id desc"
    _rec_name = "nom_fichier"

    _actions = {
        "controler": Action(titre=_lt("Contrôler à blanc"), seul=True, de=("brouillon", "controle"),
                            vers=("controle", "brouillon"), roles=ROLES, empeche=("_sujet_reserve", "_d_un_autre")),
        "appliquer": Action(titre=_lt("Appliquer"), seul=True, de=("controle",), vers=("en_cours",), roles=ROLES,
                            empeche=("_sujet_reserve", "_d_un_autre", "_rien_a_appliquer")),
    }
    _passages = {"en_cours": ("termine",)}
    _champs_geles = ("lot_id", "refus_lecture")
    _champs_lus = ("fichier",)

    sujet = fields.Selection(selection=[], string="Fichier de", required=True)
    fichier = fields.Binary(string="Fichier (XLSX ou CSV)", required=True, attachment=True)
    nom_fichier = fields.Char(string="Nom du fichier", required=True)
    avec_corrections = fields.Boolean(
        string="Remplacer ce qui diffère", help="Ce qui est déjà là et que le fichier écrit autrement prend la valeur du fichier.")
    state = fields.Selection(
        [("brouillon", "Brouillon"), ("controle", "Contrôlé"), ("en_cours", "En cours"), ("termine", "Terminé")],
        string="Statut", default="brouillon", required=True, copy=False, tracking=True)
    refus_lecture = fields.Text(string="Ce qui n'est pas compris", copy=False)
    titre_ids = fields.One2many("cnas.import_fichier.titre", "import_id", string="Colonnes du fichier", copy=False)
    ligne_ids = fields.One2many("cnas.import_fichier.ligne", "import_id", string="Verdicts", copy=False)
    lot_id = fields.Many2one("cnas.lot", string="Lot", copy=False, ondelete="set null")
    progression = fields.Float(string="Progression (%)", related="lot_id.progression")
    nombre = fields.Integer(string="Lues", compute="_compute_nombres")
    nombre_creations = fields.Integer(string="À créer", compute="_compute_nombres")
    nombre_connues = fields.Integer(string="Déjà là", compute="_compute_nombres")
    nombre_corrections = fields.Integer(string="Diffèrent", compute="_compute_nombres")
    nombre_refus = fields.Integer(string="Refusées", compute="_compute_nombres")
    nombre_faites = fields.Integer(string="Faites", compute="_compute_nombres")

    @api.depends("ligne_ids.state")
    def _compute_nombres(self):
        comptes = {import_: Counter() for import_ in self}
        for import_, etat, nombre in self.env["cnas.import_fichier.ligne"]._read_group(
                [("import_id", "in", self.ids)], ["import_id", "state"], ["__count"]):
            comptes[import_][etat] = nombre
        for import_, etats in comptes.items():
            import_.nombre = sum(etats.values())
            import_.nombre_creations, import_.nombre_connues = etats["creation"], etats["connue"]
            import_.nombre_corrections, import_.nombre_refus = etats["correction"], etats["refus"]
            import_.nombre_faites = etats["faite"]

    # ------------------------------------------------------------------ CRUD
    def write(self, vals):
        touches = self._champs_controles() & vals.keys()
        if (touches or not {"titre_ids", "avec_corrections"}.isdisjoint(vals)) and any(i.state in ("en_cours", "termine") for i in self):
            raise UserError(_("Cet import a commencé : il ne se change plus. Faites-en un autre."))
        resultat = super().write(vals)
        if touches:
            self._oublier()
        return resultat

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applique(self):
        if any(import_.state in ("en_cours", "termine") for import_ in self):
            raise UserError(_("Un import appliqué se garde : il dit d'où vient ce qu'il a écrit."))

    def copy(self, default=None):
        raise UserError(_("Un import ne se copie pas : envoyez le fichier à nouveau."))

    # ------------------------------------------------------------------ actions
    @transition("controler")
    def action_controler(self):
        """Contrôle à blanc : lit le fichier, juge chaque ligne, n'écrit rien d'autre.

        Un en-tête incompris laisse l'import en brouillon et montre ses colonnes à associer (`titre_ids`).

        :return: True
        :raise UserError: fichier illisible
        """
        self._retenir_associations()
        self._oublier()
        try:
            tableau = self._lire()
        except EnTeteIncompris as refus:
            self._noter_titres(refus.titres, refus.comprises)
            self._ecrire({"refus_lecture": str(refus)})
            return
        self._noter_titres(tableau.titres, tableau.comprises)
        verdicts = getattr(self, f"_juger_{self.sujet}")(tableau)
        with sans_suivi():
            self.env["cnas.import_fichier.ligne"].sudo()._creer([{"import_id": self.id, **verdict} for verdict in verdicts])
        self._changer_etat("controle")

    @transition("appliquer")
    def action_appliquer(self):
        """Écrit ce qui est à créer (et, si `avec_corrections`, ce qui diffère), en tâche de fond.

        :return: True
        """
        lignes = self._a_appliquer()
        self._changer_etat("en_cours")
        lot = self.env["cnas.lot"].sudo()._lancer(
            _("Import « %s »", self.nom_fichier), "cnas.import_fichier.ligne", "_appliquer", lignes.ids, taille=TAILLE_PLAGE,
            cle=f"import_fichier_{self.id}")
        self._ecrire({"lot_id": lot.id})

    def action_telecharger_rapport(self):
        """Rend le téléchargement du rapport : les lignes du fichier, leur résultat et que faire."""
        self.ensure_one()
        self._exiger_groupe(ROLES, _("télécharger un rapport d'import"))
        self.check_access_rule("read")
        self._journaliser_export({"quoi": "rapport d'import"})
        return self._telecharger(self._nom_rapport(), self._rapport())

    def action_telecharger_modele(self):
        """Rend le téléchargement d'un classeur vide à remplir."""
        self.ensure_one()
        self._exiger_groupe(ROLES, _("télécharger un modèle à remplir"))
        self.check_access_rule("read")
        colonnes = [nom for _code, nom, _oblig, _aide in self.env["cnas.colonne"]._du_sujet(self.sujet)]
        return self._telecharger(_("modele_%s.xlsx", self.sujet), ecrire_xlsx(colonnes, []))

    # ------------------------------------------------------------------ points d'extension
    @api.model
    def _champs_controles(self):
        """Rend ce que le contrôle a lu et jugé : changé ensuite, l'import se contrôle à nouveau."""
        return {"sujet", "fichier", "nom_fichier"}

    def _expediteur(self):
        """Rend de qui vient le fichier : à lui les colonnes associées."""
        return self.env.user

    def _colonnes_du_sujet(self):
        """Rend {colonne: en-têtes admis} de colonnes facultatives que le dictionnaire ne connaît pas."""
        return {}

    # ------------------------------------------------------------------ rapport
    def _nom_rapport(self):
        return _("rapport_%s.xlsx", self.nom_fichier.rpartition(".")[0][:80] or self.id)

    def _rapport(self):
        """Rend le classeur : les lignes du fichier sous leurs titres, leur résultat et que faire. Il se corrige et se renvoie."""
        dits = {}
        for ligne in self.sudo().ligne_ids:
            dits.update(ligne._que_faire())
        return ecrire_rapport(self._lire(), dits)

    # ------------------------------------------------------------------ privé
    def _telecharger(self, nom, contenu):
        """Rend le téléchargement d'un classeur ; qui lit l'import le lit, sans pouvoir y écrire."""
        piece = self.env["ir.attachment"].sudo().create({"name": nom, "raw": contenu, "res_model": self._name, "res_id": self.id})
        return {"type": "ir.actions.act_url", "url": f"/web/content/{piece.id}?download=true", "target": "self"}

    def _contenu(self):
        return base64.b64decode(self.sudo().with_context(bin_size=False).fichier or b"")

    def _lire(self):
        """Rend le `Tableau` du fichier ; un sujet qui a un autre format que le tableau le lit ici."""
        return self.env["cnas.synonyme_colonne"]._lire_ou_associer(
            self.sujet, self._contenu(), self.nom_fichier, self._expediteur(), self._colonnes_du_sujet())

    def _oublier(self):
        """Oublie le contrôle précédent : ses verdicts, et son état."""
        self.sudo().ligne_ids._supprimer()
        self._ecrire({"refus_lecture": False})
        self.filtered(lambda i: i.state == "controle")._changer_etat("brouillon")

    def _noter_titres(self, titres, comprises):
        colonnes = {c.code: c.id for c in self.env["cnas.colonne"].sudo().search([("sujet", "=", self.sujet)])}
        self.sudo().titre_ids._supprimer()
        self.env["cnas.import_fichier.titre"].sudo()._creer([
            {"import_id": self.id, "titre": titre[:200], "colonne_id": colonnes.get(comprise, False)}
            for titre, comprise in zip(titres, comprises) if titre and titre not in TITRES_DU_RAPPORT])

    def _retenir_associations(self):
        """Retient, pour l'expéditeur, les colonnes associées depuis la dernière lecture."""
        self.env["cnas.synonyme_colonne"]._retenir(
            self.sujet, {titre.titre: titre.colonne_id.code for titre in self.sudo().titre_ids if titre.colonne_id}, self._expediteur())

    def _a_appliquer(self):
        return self.sudo().ligne_ids.filtered(
            lambda li: li.state == "creation" or (li.import_id.avec_corrections and li.state == "correction"))

    def _rien_a_appliquer(self):
        """Rend {id: phrase} de ceux qui n'ont rien à écrire."""
        return {import_.id: _("rien à créer ni à remplacer : corrigez les lignes refusées et renvoyez le fichier.")
                for import_ in self if not import_._a_appliquer()}

    def _sujet_reserve(self):
        """Rend {id: phrase} de ceux dont l'usager n'importe pas le sujet."""
        return {import_.id: _("Seul le rôle %s importe ce fichier.", self._noms_roles(roles))
                for import_ in self if not self._a_le_role(roles := getattr(self, f"_roles_{import_.sujet}", ()))}

    def _d_un_autre(self):
        """Rend {id: phrase} de ceux d'un autre : qui applique est qui saisit, les quatre yeux le regardent.

        Une formation se sert, par son espace, de ce que les siens ont envoyé.
        """
        return {import_.id: _("c'est à %s, qui l'a reçu, de s'en servir.", import_.create_uid.name) for import_ in self.sudo()
                if import_.create_uid != self.env.user and not (import_.create_uid.share and self.env.user.share)}

    def _terminer_si_fini(self):
        """Passe à « Terminé » les imports dont plus aucune ligne n'attend."""
        for import_ in self.filtered(lambda i: i.state == "en_cours" and not i._a_appliquer()):
            import_._changer_etat("termine")
            import_.message_post(body=_(
                "Import terminé : %(faites)s écrite(s), %(connues)s déjà là, %(refus)s refusée(s).",
                faites=import_.nombre_faites, connues=import_.nombre_connues, refus=import_.nombre_refus))


class ImportFichierTitre(models.Model):
    """Un titre de colonne du fichier, et la colonne qu'il veut dire : ce qu'on y associe est retenu pour l'expéditeur."""

    _name = "cnas.import_fichier.titre"
    _description = "Colonne d'un fichier"
    _inherit = ["cnas.garde.mixin"]
    _rec_name = "titre"
    _order = "id"
    _champs_geles = ("import_id", "titre")

    import_id = fields.Many2one("cnas.import_fichier", string="Import", required=True, index=True, ondelete="cascade")
    titre = fields.Char(string="Titre du fichier", required=True)
    sujet = fields.Selection(related="import_id.sujet")
    colonne_id = fields.Many2one("cnas.colonne", string="Colonne", ondelete="cascade", domain="[('sujet', '=', sujet)]")

    @api.constrains("colonne_id")
    def _check_colonne(self):
        for titre in self:
            if titre.colonne_id and titre.colonne_id.sujet != titre.sujet:
                raise UserError(_("La colonne « %s » n'est pas une colonne de ce fichier.", titre.colonne_id.name))


class ImportFichierLigne(models.Model):
    """Le verdict d'un groupe de lignes d'un fichier (une feuille, un employeur…) : écrit en entier, ou pas du tout."""

    _name = "cnas.import_fichier.ligne"
    _description = "Verdict d'import"
    _inherit = ["cnas.garde.mixin"]
    _order = "import_id, numero, id"
    _rec_name = "cle"
    _champs_geles = ("import_id", "numero", "rangs", "cle", "donnees", "erreurs", "note", "state", "modele", "res_id", "resultat")
    _champs_lus = ("donnees",)

    import_id = fields.Many2one("cnas.import_fichier", string="Import", required=True, index=True, ondelete="cascade")
    numero = fields.Integer(string="Ligne", group_operator=None)
    rangs = fields.Json(string="Lignes du fichier")
    cle = fields.Char(string="Référence")
    donnees = fields.Json(string="Valeurs lues")
    erreurs = fields.Json(string="Erreurs", help="Couples (ligne du fichier ou 0, phrase).")
    note = fields.Text(string="Remarque")
    state = fields.Selection(
        [("creation", "À créer"), ("connue", "Déjà là"), ("correction", "Diffère"), ("refus", "Refusée"), ("faite", "Écrite")],
        string="Résultat", required=True, index=True)
    message = fields.Text(string="Que faire", compute="_compute_message")
    modele = fields.Char(string="Modèle")
    res_id = fields.Many2oneReference(string="Dossier", model_field="modele")
    resultat = fields.Char(string="Dossier écrit")

    @api.depends("erreurs", "note", "state")
    def _compute_message(self):
        for ligne in self:
            phrases = [phrase for _rang, phrase in ligne.erreurs or ()]
            ligne.message = ecrire_debut(phrases, 10) or ligne.note or False

    def action_ouvrir(self):
        """Ouvre le dossier que la ligne a écrit ou retrouvé."""
        self.ensure_one()
        if not self.res_id:
            raise UserError(_("Cette ligne n'a pas encore de dossier."))
        return {"type": "ir.actions.act_window", "res_model": self.modele, "res_id": self.res_id, "view_mode": "form"}

    # ------------------------------------------------------------------ métier
    @api.model
    def _verdict(self, rangs, cle, donnees, erreurs=(), note=False, connue=None, differe=False):
        """Rend les valeurs d'un verdict.

        :param rangs: numéros des lignes du fichier, dans l'ordre
        :param erreurs: [(numéro de ligne ou 0, phrase)] ; une seule suffit à refuser le groupe
        :param connue: l'enregistrement déjà là
        :param bool differe: il est là, mais le fichier l'écrit autrement
        """
        etat = "refus" if erreurs else "correction" if differe else "connue" if connue else "creation"
        donnees, erreurs = _sans_nul({c: v for c, v in donnees.items() if v is not None}), _sans_nul([list(e) for e in erreurs])
        return {
            "numero": rangs[0], "rangs": list(rangs), "cle": _sans_nul(str(cle or "")[:200]), "note": _sans_nul(note),
            "donnees": donnees, "erreurs": erreurs, "state": etat,
            **({"modele": connue._name, "res_id": connue.id, "resultat": connue.display_name} if connue else {})}

    def _que_faire(self):
        """Rend {ligne du fichier: (résultat, que faire)} : sa propre erreur d'abord, sinon ce qui retient son groupe."""
        libelle = dict(self._fields["state"]._description_selection(self.env))[self.state]
        if self.state != "refus":
            quoi = {"creation": _("Rien : la ligne est bonne."), "connue": _("Rien : déjà là."), "faite": _("Rien : c'est fait."),
                    "correction": _("Cochez « Remplacer ce qui diffère » pour prendre cette valeur, ou ôtez la ligne.")}[self.state]
            texte = " ".join(filter(None, (self.note, quoi))) if self.state == "correction" else self.note or quoi
            return dict.fromkeys(self.rangs, (libelle, texte if not self.resultat else f"{texte} ({self.resultat})"))
        par_rang, communes = {}, [phrase for rang, phrase in self.erreurs if rang not in self.rangs]
        for rang, phrase in self.erreurs:
            par_rang.setdefault(rang, []).append(phrase)
        fautives = [rang for rang in self.rangs if rang in par_rang]
        dits = {}
        for rang in self.rangs:
            siennes = [*par_rang.get(rang, ()), *(communes if rang == self.rangs[0] else ())]
            attente = _("Bonne, mais retenue : corrigez la ligne %s.", (fautives or self.rangs)[0])
            dits[rang] = (libelle if siennes else _("En attente"), " ".join(siennes) or attente)
        return dits

    def _appliquer(self):
        """Écrit ces lignes au nom de l'usager (idempotent : une ligne faite est passée)."""
        self.env.cr.execute(
            "SELECT id FROM cnas_import_fichier_ligne WHERE id = ANY(%s) AND state = ANY(%s) ORDER BY id FOR UPDATE",
            (self.ids, list(FAISABLES)))
        # La garde du sujet a été passée au lancement ; une formation n'a aucun droit sur ce modèle.
        lignes = self.sudo().browse([identifiant for identifiant, in self.env.cr.fetchall()])
        for import_, siennes in lignes.grouped("import_id").items():
            getattr(import_, f"_appliquer_{import_.sujet}")(siennes)
        lignes.import_id._terminer_si_fini()

    def _tenter(self, ecrire):
        """Écrit ces lignes d'un coup ; si l'une est refusée, une à une, et elle seule l'est. Note ce qu'elles sont devenues.

        :param ecrire: fonction qui écrit les lignes reçues et rend leurs enregistrements, dans leur ordre
        """
        try:
            with self.env.cr.savepoint():
                ecrits = ecrire(self)
                self.env.flush_all()
        except (UserError, IntegrityError) as refus:
            if len(self) > 1:
                for ligne in self:
                    ligne._tenter(ecrire)
                return
            dit = _as_validation_error(self.env, refus) if isinstance(refus, IntegrityError) else refus
            self._noter(erreurs=[(self.numero, str(dit))])
        else:
            for ligne, ecrit in zip(self, ecrits):
                ligne._noter(ecrit.sudo())

    def _noter(self, enregistrement=None, erreurs=()):
        """Note ce qu'est devenue une ligne : l'enregistrement écrit, ou les phrases du refus."""
        if erreurs:
            self._ecrire({"state": "refus", "erreurs": [list(e) for e in erreurs]}, suivi=False)
        else:
            self._ecrire({"state": "faite", "modele": enregistrement._name, "res_id": enregistrement.id,
                          "resultat": enregistrement.display_name}, suivi=False)
