import base64
import binascii
import os

from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.exceptions import UserError
from odoo.osv import expression
from odoo.tools.translate import _lt

from ..garde import Action, actions, motif_en_cours, transition
from .fichier import empreinte_du_disque

CURSEUR = "cnas.dernier_fichier_relu"
LOT = 5000


def _est_un_dossier(modele):
    """Dit si ce modèle est l'un des nôtres : le reste (images, pages en cache) appartient à Odoo."""
    return bool(modele) and modele.startswith("cnas.")


@actions
class FichierAbime(models.Model):
    """Un fichier d'un dossier que le disque n'a plus, ou plus tel que reçu : constaté la nuit, remplacé par un agent.

    États : constaté → remplacé (on a renumérisé la page), retrouvé (le disque le rend de nouveau : restauré d'une
    sauvegarde, ou renvoyé à l'identique), ou perdu : un superviseur signe qu'il ne reviendra pas, et les sauvegardes, qui
    jusque-là se disaient incomplètes, le tiennent pour tel. Qui peut quoi : la table `_actions`. On ne voit que ceux des
    dossiers dont on lit les fichiers (`dossier_lisible`, que regarde la règle d'accès) : leur nom et la page renvoyée en disent déjà trop.
    Ce qui n'est d'aucun dossier (une image d'Odoo) est à l'administrateur.
    """

    _name = "cnas.fichier_abime"
    _description = "Fichier perdu ou altéré"
    _inherit = ["cnas.etat.mixin"]
    _order = "state, id desc"

    _etat_initial = "constate"
    _actions = {
        "remplacer": Action(titre=_lt("Remplacer"), de=("constate", "perdu"), vers=("remplace",), seul=True, motif=True,
                            roles=("cnas_base.group_agent",), empeche=("_empeche_de_remplacer",)),
        "constater_perte": Action(titre=_lt("Constater la perte"), de=("constate",), vers=("perdu",), motif=True, annonce=False,
                                  roles=("cnas_base.group_superviseur", "cnas_base.group_administrateur")),
    }
    _passages = {"constate": ("retrouve",), "perdu": ("retrouve",)}
    _champs_geles = ("attachment_id", "name", "modele", "res_id", "constat", "date_constat", "remplace_par_id", "date_remplacement",
                     "perte_par_id", "date_perte", "motif_perte")

    attachment_id = fields.Many2one("ir.attachment", string="Fichier", required=True, readonly=True, index=True, ondelete="cascade")
    name = fields.Char(string="Nom du fichier", required=True, readonly=True)
    modele = fields.Char(string="Sorte de dossier", readonly=True)
    res_id = fields.Integer(string="N° interne", readonly=True)
    dossier = fields.Char(string="Dossier", compute="_compute_dossier")
    dossier_lisible = fields.Boolean(compute="_compute_dossier_lisible", search="_search_dossier_lisible")
    constat = fields.Selection([("perdu", "Perdu : absent du disque"), ("altere", "Altéré : plus celui qu'on a reçu")],
                               string="Constat", required=True, readonly=True)
    date_constat = fields.Datetime(string="Constaté le", required=True, readonly=True, default=fields.Datetime.now)
    state = fields.Selection([("constate", "À remplacer"), ("remplace", "Remplacé"), ("retrouve", "Retrouvé"), ("perdu", "Perte constatée")],
                             string="État", default="constate", required=True, readonly=True)
    remplacement = fields.Binary(string="Nouveau fichier", attachment=False, help="La page renumérisée : PDF ou image.")
    remplacement_nom = fields.Char(string="Nom du nouveau fichier")
    remplace_par_id = fields.Many2one("res.users", string="Remplacé par", readonly=True)
    date_remplacement = fields.Datetime(string="Remplacé le", readonly=True)
    perte_par_id = fields.Many2one("res.users", string="Perte signée par", readonly=True)
    date_perte = fields.Datetime(string="Perte signée le", readonly=True)
    motif_perte = fields.Text(string="Motif de la perte", readonly=True)

    _sql_constraints = [("un_constat", "EXCLUDE (attachment_id WITH =) WHERE (state IN ('constate', 'perdu'))",
                         "Ce fichier est déjà signalé.")]

    @api.depends("modele", "res_id")
    @api.depends_context("uid")
    def _compute_dossier_lisible(self):
        lisibles = self._parmi(self._domaine_lisible())
        for abime in self:
            abime.dossier_lisible = abime._origin.id in lisibles

    @api.model
    def _search_dossier_lisible(self, operateur, valeur):
        return self._domaine_oui_non(operateur, valeur, self._domaine_lisible())

    @api.depends("modele", "res_id")
    @api.depends_context("uid")
    def _compute_dossier(self):
        for modele, abimes in self.grouped("modele").items():
            lisibles = abimes.filtered("dossier_lisible")
            abimes.dossier = False
            dossiers = self.env[modele].browse(lisibles.mapped("res_id")) if lisibles and _est_un_dossier(modele) else ()
            for abime, dossier in zip(lisibles, dossiers):
                abime.dossier = dossier.display_name

    # ------------------------------------------------------------------ actions
    def _empeche_de_remplacer(self):
        return {abime.id: _("Choisissez d'abord le nouveau fichier.") if _est_un_dossier(abime.modele)
                else _("Ce fichier n'est celui d'aucun dossier : rendez-le d'une sauvegarde, ou constatez sa perte.")
                for abime in self if not abime.remplacement or not _est_un_dossier(abime.modele)}

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

    @transition("constater_perte")
    def action_constater_perte(self, motif=None):
        """Signe que ces fichiers ne reviendront pas, et l'inscrit au journal. Rend True, ou l'assistant de motif."""
        motif = motif_en_cours() or motif
        self.env["cnas.journal"]._ajouter([{
            "modele": abime.modele or self._name, "res_id": abime.res_id if abime.modele else abime.id, "evenement": "perte_fichier",
            "avant": {"nom": abime.name, "empreinte": abime.attachment_id.sudo().checksum}, "motif": motif} for abime in self])
        self._changer_etat("perdu", perte_par_id=self.env.uid, date_perte=fields.Datetime.now(), motif_perte=motif)

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
             WHERE store_fname IS NOT NULL AND id > %s ORDER BY id LIMIT %s""", [dernier, LOT])
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
        ouverts = self.search([("state", "in", ("constate", "perdu"))])
        for abime in ouverts.filtered(lambda a: a.attachment_id.id not in constats):
            if not self._constater(abime.attachment_id.store_fname, abime.attachment_id.file_size, abime.attachment_id.checksum):
                abime._changer_etat("retrouve")
        nouveaux = self.env["ir.attachment"].browse(constats.keys() - set(ouverts.attachment_id.ids)).exists()
        self._creer([{"attachment_id": f.id, "name": f.name, "modele": f.res_model, "res_id": f.res_id,
                      "constat": constats[f.id]} for f in nouveaux])
        return self.search_count([("state", "=", "constate")])

    # ------------------------------------------------------------------ privé
    @api.model
    def _domaine_lisible(self):
        """Rend le domaine de ceux dont l'usager lit le dossier et ses fichiers : une condition par sorte de dossier."""
        usager = self.sudo(False)
        fermes = usager.env["ir.attachment"]._modeles_fermes()
        presents = [modele for modele, in self.sudo()._read_group([], ["modele"])]
        modeles = [modele for modele in presents if _est_un_dossier(modele) and modele in self.env and modele not in fermes]
        administre = usager.env.user.has_group("cnas_base.group_administrateur")
        return expression.OR([expression.FALSE_DOMAIN, *(
            [[("modele", "in", [modele for modele in presents if not _est_un_dossier(modele)])]] if administre else ()), *(
            [("modele", "=", modele), ("res_id", "in", usager.env[modele].with_context(active_test=False)._search([]))]
            for modele in modeles if usager.env[modele].check_access_rights("read", raise_exception=False))])
