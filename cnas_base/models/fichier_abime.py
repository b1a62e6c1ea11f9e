import base64
import binascii
import os

from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools.translate import _lt

from ..garde import Action, actions, motif_en_cours, transition
from .fichier import empreinte_du_disque

CURSEUR = "cnas.dernier_fichier_relu"
LOT = 5000


@actions
class FichierAbime(models.Model):
    """Un fichier d'un dossier que le disque n'a plus, ou plus tel que reçu : constaté la nuit, remplacé par un agent.

    États : constaté → remplacé (on a renumérisé la page), ou retrouvé (le disque le rend de nouveau : restauré d'une
    sauvegarde, ou renvoyé à l'identique). Qui peut quoi : la table `_actions` ; on n'ouvre que les dossiers qu'on lit.
    """

    _name = "cnas.fichier_abime"
    _description = "Fichier perdu ou altéré"
    _inherit = ["cnas.etat.mixin"]
    _order = "state, id desc"

    _etat_initial = "constate"
    _actions = {
        "remplacer": Action(titre=_lt("Remplacer"), de=("constate",), vers=("remplace",), seul=True, motif=True,
                            roles=("cnas_base.group_agent",), empeche=("_empeche_de_remplacer",)),
    }
    _passages = {"constate": ("retrouve",)}
    _champs_geles = ("attachment_id", "name", "modele", "res_id", "constat", "date_constat", "remplace_par_id", "date_remplacement")

    attachment_id = fields.Many2one("ir.attachment", string="Fichier", required=True, readonly=True, index=True, ondelete="cascade")
    name = fields.Char(string="Nom du fichier", required=True, readonly=True)
    modele = fields.Char(string="Sorte de dossier", readonly=True)
    res_id = fields.Integer(string="N° interne", readonly=True)
    dossier = fields.Char(string="Dossier", compute="_compute_dossier")
    constat = fields.Selection([("perdu", "Perdu : absent du disque"), ("altere", "Altéré : plus celui qu'on a reçu")],
                               string="Constat", required=True, readonly=True)
    date_constat = fields.Datetime(string="Constaté le", required=True, readonly=True, default=fields.Datetime.now)
    state = fields.Selection([("constate", "À remplacer"), ("remplace", "Remplacé"), ("retrouve", "Retrouvé")],
                             string="État", default="constate", required=True, readonly=True)
    remplacement = fields.Binary(string="Nouveau fichier", attachment=False, help="La page renumérisée : PDF ou image.")
    remplacement_nom = fields.Char(string="Nom du nouveau fichier")
    remplace_par_id = fields.Many2one("res.users", string="Remplacé par", readonly=True)
    date_remplacement = fields.Datetime(string="Remplacé le", readonly=True)

    _sql_constraints = [("un_constat", "EXCLUDE (attachment_id WITH =) WHERE (state = 'constate')",
                         "Ce fichier est déjà signalé.")]

    @api.depends("modele", "res_id")
    @api.depends_context("uid")
    def _compute_dossier(self):
        """Le nom du dossier, si l'usager le lit."""
        for abime in self:
            abime.dossier = False
            if abime._dossier_lisible():
                abime.dossier = self.env[abime.modele].browse(abime.res_id).display_name

    # ------------------------------------------------------------------ actions
    def _empeche_de_remplacer(self):
        raisons = {abime.id: _("Choisissez d'abord le nouveau fichier.") for abime in self if not abime.remplacement}
        return raisons | {abime.id: _("Ce dossier ne vous est pas ouvert.") for abime in self if not abime._dossier_lisible()}

    @transition("remplacer")
    def action_remplacer(self, motif=None):
        """Met le nouveau fichier à la place du perdu, et l'inscrit au journal. Rend True, ou l'assistant de motif.

        :raise UserError: nouveau fichier illisible
        """
        try:
            contenu = base64.b64decode(self.with_context(bin_size=False).remplacement, validate=True)
        except (binascii.Error, ValueError) as erreur:
            raise UserError(_("Le nouveau fichier est mal transmis : choisissez-le de nouveau.")) from erreur
        ancienne, nouvelle = self.attachment_id.sudo()._remplacer(contenu)
        self.env["cnas.journal"]._ajouter([{
            "modele": self.modele, "res_id": self.res_id, "evenement": "remplacement_fichier",
            "avant": {"nom": self.name, "empreinte": ancienne}, "apres": {"empreinte": nouvelle}, "motif": motif_en_cours() or motif}])
        self._changer_etat("remplace", remplace_par_id=self.env.uid, date_remplacement=fields.Datetime.now())
        self.remplacement = False

    # ------------------------------------------------------------------ contrôle
    @api.model
    def _controler_chaque_nuit(self):
        """Tâche planifiée : cherche chaque fichier sur le disque, en relit une part, et signale ce qui manque.

        :return: nombre de fichiers perdus ou altérés qui attendent
        """
        self = self.with_user(SUPERUSER_ID)
        combien, parametres = self.env["cnas.parametre"]._au("fichiers_relus_par_nuit"), self.env["ir.config_parameter"]
        self.env["ir.attachment"].flush_model()
        depuis, relus, constats, dernier = int(parametres.get_param(CURSEUR) or 0), 0, {}, 0
        while fichiers := self._fichiers_apres(dernier):
            for identifiant, nom, taille, empreinte in fichiers:
                relire = identifiant > depuis and relus < combien
                constats[identifiant] = self._constater(nom, taille, empreinte if relire else None)
                if relire:
                    relus, fin = relus + 1, identifiant
            dernier = fichiers[-1][0]
        parametres.set_param(CURSEUR, fin if relus == combien else 0)
        return self._signaler({i: constat for i, constat in constats.items() if constat})

    def _fichiers_apres(self, dernier):
        self.env.cr.execute("""
            SELECT id, store_fname, file_size, checksum FROM ir_attachment
             WHERE store_fname IS NOT NULL AND res_model LIKE 'cnas.%%' AND id > %s ORDER BY id LIMIT %s""", [dernier, LOT])
        return self.env.cr.fetchall()

    def _constater(self, nom, taille, empreinte):
        """Rend « perdu », « altere » ou None."""
        chemin = self.env["ir.attachment"]._full_path(nom)
        try:
            lue = os.stat(chemin).st_size
        except OSError:
            return "perdu"
        return "altere" if lue != taille or (empreinte and empreinte_du_disque(chemin) != empreinte) else None

    def _signaler(self, constats):
        """Ouvre un constat par fichier abîmé, ferme ceux des fichiers que le disque rend de nouveau."""
        ouverts = self.search([("state", "=", "constate")])
        for abime in ouverts.filtered(lambda a: a.attachment_id.id not in constats):
            if not self._constater(abime.attachment_id.store_fname, abime.attachment_id.file_size, abime.attachment_id.checksum):
                abime._changer_etat("retrouve")
        nouveaux = self.env["ir.attachment"].browse(constats.keys() - set(ouverts.attachment_id.ids)).exists()
        self._creer([{"attachment_id": f.id, "name": f.name, "modele": f.res_model, "res_id": f.res_id,
                      "constat": constats[f.id]} for f in nouveaux])
        return self.search_count([("state", "=", "constate")])

    # ------------------------------------------------------------------ privé
    def _dossier_lisible(self):
        """Dit si l'appelant lit ce dossier et ses fichiers."""
        self.ensure_one()
        if self.modele not in self.env:
            return False
        dossier = self.env[self.modele].browse(self.res_id)
        try:
            dossier.check_access_rights("read")
            dossier.check_access_rule("read")
        except AccessError:
            return False
        return bool(dossier.exists()) and (self.env.su or self.modele not in self.env["ir.attachment"]._modeles_fermes())
