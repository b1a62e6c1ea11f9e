import hashlib
import secrets
from datetime import timedelta

from odoo import _, api, fields, models
from odoo.tools import consteq, hmac
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import dans_la_langue_de
from odoo.addons.cnas_base.jeton import fiche_du_jeton
from odoo.addons.cnas_base.jour import aujourd_hui

ESSAIS_MAX = 5
CODES_PAR_HEURE = 5
CODE_MINUTES = 10
SESSION_MINUTES = 20
TAILLE_SCEAU = 32
TAILLE_CODE = 6


class AccesAssure(models.TransientModel):
    """L'entrée d'un assuré dans son dossier : un code reçu à son téléphone ou à son courriel, puis vingt minutes de lecture.

    Qui ne désigne personne obtient la même réponse, et un accès qu'aucun code n'ouvre. Ni le code ni la clé ne s'écrivent,
    seulement leur empreinte ; cinq essais par code, cinq codes par heure et par personne. Nul rôle n'y a de droit.
    """

    _name = "cnas.acces_assure"
    _description = "Accès d'un assuré à son dossier"

    assure_id = fields.Many2one("cnas.assure", string="Assuré", ondelete="cascade", index=True)
    cle = fields.Char(string="Empreinte de la clé", index=True)
    code = fields.Char(string="Empreinte du code")
    essais = fields.Integer(string="Essais")
    ouvert_le = fields.Datetime(string="Ouvert le")

    @api.model
    def _demander(self, assure):
        """Ouvre un accès à qui ce peut être, et lui envoie son code. Rend la clé du formulaire où l'écrire."""
        acces, cle, code = self.create({}), secrets.token_urlsafe(24), "".join(secrets.choice("0123456789") for _i in range(TAILLE_CODE))
        acces.write({"cle": _empreinte(cle), "code": acces._empreinte_code(code)})
        recents = self.search_count([("assure_id", "=", assure.id), ("create_date", ">", _il_y_a(60))]) if assure else 0
        if assure and recents < CODES_PAR_HEURE:
            acces.assure_id = assure
            acces._envoyer(code)
        return cle

    @api.model
    def _ouvrir(self, cle, code):
        """Rend la clé de lecture si le code est le bon, à temps et avant le sixième essai ; sinon rien."""
        self.flush_model()
        # En SQL : deux essais au même instant comptent pour deux.
        self.env.cr.execute("""
            UPDATE cnas_acces_assure SET essais = COALESCE(essais, 0) + 1
             WHERE cle = %s AND ouvert_le IS NULL AND COALESCE(essais, 0) < %s AND create_date > %s RETURNING id""",
                            [_empreinte(cle), ESSAIS_MAX, _il_y_a(CODE_MINUTES)])
        acces = self.browse([identifiant for (identifiant,) in self.env.cr.fetchall()])
        self.invalidate_model()
        if not (acces and acces.assure_id and consteq(acces.code, acces._empreinte_code(code))):
            return None
        nouvelle = secrets.token_urlsafe(24)
        acces.write({"cle": _empreinte(nouvelle), "code": False, "ouvert_le": fields.Datetime.now()})
        return nouvelle

    @api.model
    def _assure_de(self, cle):
        """Rend l'assuré dont cette clé ouvre le dossier, ou un ensemble vide."""
        acces = self.search([("cle", "=", _empreinte(cle)), ("ouvert_le", ">", _il_y_a(SESSION_MINUTES))], limit=1) if cle else self
        return acces.assure_id

    @api.model
    def _fermer(self, cle):
        self.search([("cle", "=", _empreinte(cle))]).unlink()

    # ------------------------------------------------------------------ privé
    def _envoyer(self, code):
        """Envoie le code au téléphone et au courriel du dossier ; à défaut, ceux du principal pour un mineur : un majeur lit seul le sien."""
        assure = self.assure_id
        qui = assure if assure.telephone_1 or assure.email or assure._est_majeur(aujourd_hui()) else assure.assure_principal_id
        with dans_la_langue_de(qui, self) as acces:
            texte, objet = acces._texte_du_code(code), acces._objet_du_code()
        self.env["cnas.sms"]._deposer([(self, qui.telephone_1, texte)])
        if qui.email:
            acces.env["mail.mail"]._ecrire([qui.email], objet, texte, auto_delete=True)

    def _texte_du_code(self, code):
        return _("CNAS. Votre code : %(code)s. Il vaut %(minutes)s minutes. Ne le donnez à personne : la CNAS ne le demande jamais.",
                 code=code, minutes=CODE_MINUTES)

    def _objet_du_code(self):
        return _("Votre code CNAS")

    def _empreinte_code(self, code):
        return hmac(self.env(su=True), "cnas_code_assure", (self.id, code))


@actions
class Assure(models.Model):
    _inherit = "cnas.assure"

    _actions = {
        "envoyer_lien": Action(titre=_lt("Envoyer le lien du dossier"), de=("actif", "suspendu"), roles=("cnas_base.group_agent",),
                               annonce=False),
    }

    @transition("envoyer_lien")
    def action_envoyer_lien(self):
        """Envoie à l'assuré, par les voies de son dossier, le lien où le lire ; il y recevra un code. Rend True."""
        for assure in self:
            self.env["cnas.avis"]._donner(
                assure, assure, lambda self: (
                    _("Votre dossier CNAS"), _("Lisez vos droits, vos remboursements et vos décomptes ; un code vous sera envoyé.")),
                assure._url_dossier())

    def _url_dossier(self):
        """Rend l'adresse signée où l'assuré demande son code."""
        self.ensure_one()
        return f"{self.get_base_url()}/cnas/mon-dossier/lien/{self.id}-{self._sceau_dossier()}"

    def _sceau_dossier(self):
        return hmac(self.env(su=True), "cnas_dossier_assure", (self.id, self.sudo().matricule))[:TAILLE_SCEAU]

    @api.model
    def _trouver_par_lien(self, jeton):
        """Rend l'assuré que désigne un lien signé, ou un ensemble vide."""
        assure = fiche_du_jeton(self.sudo(), jeton, lambda assure: assure._sceau_dossier())
        return assure.fusionne_dans_id or assure


def _empreinte(cle):
    return hashlib.sha256(cle.encode()).hexdigest()


def _il_y_a(minutes):
    return fields.Datetime.now() - timedelta(minutes=minutes)
