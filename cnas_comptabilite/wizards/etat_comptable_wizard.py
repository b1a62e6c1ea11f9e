import base64

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_xlsx
from odoo.addons.cnas_base.impression.langue import dans_sa_langue
from odoo.addons.cnas_base.jour import aujourd_hui

from ..report import etats
from ..report.pdf_etat import dessiner_etat

LECTEURS = "cnas_comptabilite.group_comptable,cnas_base.group_finance,cnas_base.group_superviseur"


class EtatComptableWizard(models.TransientModel):
    """Un état daté : balance, grand livre, journal, tableau emplois-ressources ; en classeur ou en PDF."""

    _name = "cnas.etat_comptable.wizard"
    _description = "États comptables"

    etat = fields.Selection(
        [("balance", "Balance"), ("grand_livre", "Grand livre"), ("journal", "Journal"), ("emplois_ressources", "Emplois et ressources")],
        string="État", required=True, default="balance")
    date_debut = fields.Date(string="Du", required=True, default=lambda self: aujourd_hui().replace(month=1, day=1))
    date_fin = fields.Date(string="Au", required=True, default=lambda self: aujourd_hui())
    journal_id = fields.Many2one("account.journal", string="Journal", help="Vide : tous. Pour le journal et le grand livre.")
    prefixe = fields.Char(string="Comptes", size=12, help="Leur début : 4011, 6. Vide : tous.")
    avec_cipres = fields.Boolean(string="Compte CIPRES en regard", help="D'après la table de correspondance, à confirmer.")
    fichier = fields.Binary(string="Fichier", readonly=True, attachment=False)
    nom_fichier = fields.Char(string="Nom du fichier", readonly=True)

    def action_xlsx(self):
        """Écrit l'état en classeur. Rend l'action qui rouvre l'assistant."""
        titre, colonnes, rangs = self._etat()
        return self._rendre("xlsx", ecrire_xlsx([nom for nom, _sorte in colonnes], rangs, titre))

    def action_pdf(self):
        """Écrit l'état en PDF. Rend l'action qui rouvre l'assistant."""
        titre, colonnes, rangs = self._etat()
        with dans_sa_langue(self):
            contenu = dessiner_etat(self.etat, titre, self.date_debut, self.date_fin, colonnes, rangs)
        return self._rendre("pdf", contenu)

    @api.model
    def lire(self, etat, debut, fin, **options):
        """Rend les lignes d'un état, pour les scripts.

        :param str etat: « balance », « grand_livre », « journal » ou « emplois_ressources »
        :param str debut, fin: « AAAA-MM-JJ »
        :return: {"titre", "colonnes", "lignes"}
        :raise AccessError, UserError: rôle, dates
        """
        titre, colonnes, rangs = self.create({"etat": etat, "date_debut": debut, "date_fin": fin, **options})._etat()
        return {"titre": titre, "colonnes": [nom for nom, _sorte in colonnes], "lignes": [list(rang) for rang in rangs]}

    # ------------------------------------------------------------------ privé
    def _etat(self):
        """Rend (titre, [(colonne, nature)], lignes) de l'état demandé."""
        self.ensure_one()
        if not (self.env.su or self.user_has_groups(LECTEURS)):
            raise UserError(_("Les états comptables sont réservés à l'agent comptable, à l'ordonnateur et au superviseur."))
        if self.date_fin < self.date_debut:
            raise UserError(_("La date de fin doit suivre la date de début."))
        traduire = self.env["cnas.correspondance_compte"]._traducteur() if self.avec_cipres else None
        with dans_sa_langue(self):
            return getattr(etats, self.etat)(
                self.env, self.env["cnas.plan_comptes"].societe().id, self.date_debut, self.date_fin, self.sudo().journal_id.id,
                self.prefixe or "", traduire)

    def _rendre(self, extension, contenu):
        self.env["cnas.fait_comptable"]._journaliser_export(
            {"quoi": self.etat, "du": str(self.date_debut), "au": str(self.date_fin), "format": extension})
        self.write({"fichier": base64.b64encode(contenu), "nom_fichier": f"{self.etat}_{self.date_debut}_{self.date_fin}.{extension}"})
        return {"type": "ir.actions.act_window", "name": _("États comptables"), "res_model": self._name, "res_id": self.id, "view_mode": "form",
                "target": "new"}
