import logging
import re
from datetime import datetime

import phonenumbers
from dateutil.relativedelta import relativedelta
from markupsafe import Markup, escape

from odoo import Command, _, _lt, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.http import request
from odoo.osv import expression
from odoo.tools import email_normalize

_logger = logging.getLogger(__name__)

ADMINISTRATEUR = "cnas_base.group_administrateur"
ROLES = [
    ("agent", "Agent"), ("controleur", "Contrôleur"), ("superviseur", "Superviseur"), ("administrateur", "Administrateur"),
    ("medecin_conseil", "Médecin-conseil"), ("finance", "Ordonnateur"),
]
ESPACES = (("cnas_base.group_portail_formation", "/my/formation"), ("cnas_base.group_portail_employeur", "/my/employeur"))
AIDE = _lt("Adressez-vous à l'agence de la CNAS la plus proche.")  # la valeur livrée d'`aide_portail`
TELEPHONE = re.compile(r"\+?\d[\d \u00a0]{5,}\d")
SUIVIS = ("login", "name", "active", "groups_id", "agence_ids")


class ResUsers(models.Model):
    """Le rôle CNAS d'un usager, et ce que l'administrateur métier peut en faire.

    Création, groupes, agences et activité d'un compte sont au journal ; jamais un mot de passe. Un mot de passe
    provisoire se change avant d'entrer. Les rôles du paramètre « roles_deux_facteurs » confirment chaque connexion par un
    code (application, ou courriel à défaut), et leurs scripts emploient une clé d'API.
    """

    _inherit = "res.users"

    agence_ids = fields.Many2many(
        "cnas.agence", "cnas_agence_user_rel", "user_id", "agence_id", string="Agences CNAS")
    role_cnas = fields.Selection(ROLES, string="Rôle", compute="_compute_role_cnas", compute_sudo=True)
    telephone_identifiant = fields.Char(
        string="Téléphone de connexion", compute="_compute_telephone_identifiant", store=True, index="btree_not_null",
        groups="base.group_system", help="Le téléphone du contact, tel qu'il se compare à la porte.")
    mot_de_passe_provisoire = fields.Boolean(string="Mot de passe à changer", groups="base.group_system", copy=False)

    @api.depends("groups_id")
    def _compute_role_cnas(self):
        # Du plus haut au plus bas : un rôle en implique d'autres.
        rangs = [(role, self.env.ref(f"cnas_base.group_{role}"))
                 for role in ("administrateur", "superviseur", "controleur", "agent", "medecin_conseil", "finance")]
        for usager in self:
            usager.role_cnas = next((role for role, groupe in rangs if groupe in usager.groups_id), False)

    @api.depends("partner_id.phone")
    def _compute_telephone_identifiant(self):
        for usager in self:
            usager.telephone_identifiant = self._numero_compare(usager.partner_id.phone)

    # ------------------------------------------------------------------ qui il représente
    @api.model
    def _champs_representes(self):
        """Rend les champs qui disent pour qui agit un usager du portail : chaque espace ajoute le sien."""
        return ()

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, *self._champs_representes()]

    def _get_invalidation_fields(self):
        # Les règles d'enregistrement du portail dépendent de ces champs : le retrait doit être immédiat.
        return super()._get_invalidation_fields() | set(self._champs_representes())

    @api.constrains(lambda self: (*self._champs_representes(), "groups_id"))
    def _check_representes(self):
        for usager in self:
            if not usager.share and usager._represente():
                raise ValidationError(_(
                    "« %s » est un usager interne : seul un usager du portail représente une formation ou un employeur.", usager.name))

    # ------------------------------------------------------------------ CRUD
    @api.model_create_multi
    def create(self, vals_list):
        usagers = super().create(vals_list)
        usagers._journaliser_comptes("creation", {}, usagers._photo_des_comptes())
        return usagers

    def write(self, vals):
        suivi = any(nom in SUIVIS or nom.startswith(("in_group_", "sel_groups_")) for nom in vals)
        avant = self._photo_des_comptes() if suivi else {}
        resultat = super().write(vals)
        if suivi:
            self._journaliser_comptes("modification", avant, self._photo_des_comptes())
        if "password" in vals or "new_password" in vals:
            if "mot_de_passe_provisoire" not in vals:
                # Qui choisit son mot de passe n'a pas le droit d'écrire ce champ technique.
                self.sudo().filtered("mot_de_passe_provisoire").mot_de_passe_provisoire = False
            self.env["cnas.journal"]._ajouter([
                {"modele": self._name, "res_id": usager.id, "evenement": "mot_de_passe"} for usager in self])
        return resultat

    def unlink(self):
        avant = self._photo_des_comptes()
        resultat = super().unlink()
        self._journaliser_comptes("suppression", avant, {})
        return resultat

    # ------------------------------------------------------------------ actions
    def action_regler_usager(self):
        """Ouvre le réglage d'un usager. :return: action de fenêtre"""
        self.ensure_one()
        return {"type": "ir.actions.act_window", "name": _("Usager"), "res_model": "cnas.usager.wizard", "view_mode": "form",
                "target": "new", "context": {"default_usager_id": self.id}}

    def action_inviter_usager(self):
        """Renvoie aux usagers le lien où chacun choisit son mot de passe. :return: True"""
        self._exiger_usager_de_la_caisse()
        self.sudo().with_context(create_user=True).action_reset_password()
        return True

    def action_basculer_usager(self):
        """Désactive des usagers, ou les réactive. :return: True"""
        self._exiger_usager_de_la_caisse()
        for usager in self:
            usager.sudo().active = not usager.active
        return True

    # ------------------------------------------------------------------ connexion
    def _mfa_type(self):
        return super()._mfa_type() or ("totp_mail" if self._a_deux_facteurs() else None)

    def _rpc_api_keys_only(self):
        return super()._rpc_api_keys_only() or self._a_deux_facteurs()

    def _a_deux_facteurs(self):
        """Dit si le rôle de l'usager exige un second facteur."""
        roles = self.env["cnas.parametre"].sudo()._au("roles_deux_facteurs")
        return (self.sudo().role_cnas or "") in {role.strip() for role in roles.split(",")}

    # ------------------------------------------------------------------ la porte
    @api.model
    def _get_login_domain(self, login):
        """L'identifiant, à défaut le courriel, le téléphone ou le code qui désigne un seul usager."""
        return [("id", "=", self._usager_de(login).id)]

    @api.model
    def _usager_de(self, identifiant):
        """Rend l'usager actif que désigne ce texte, vide s'il n'y en a pas un et un seul.

        Un identifiant exact passe devant : personne ne prend celui d'un autre en se donnant son courriel. Un inconnu
        coûte le calcul qu'aurait coûté son mot de passe : le temps de réponse ne dit pas qui existe.
        """
        self = self.sudo()  # la porte appelle aussi au nom du public
        usager = self.search(super()._get_login_domain(identifiant), limit=1)  # pylint: disable=super-method-mismatch
        if not usager:
            trouves = self.search(expression.OR([[expression.FALSE_LEAF], *self._domaines_identifiant(str(identifiant or "").strip())]), limit=2)
            usager = trouves if len(trouves) == 1 else self.browse()
        if not usager:
            self._crypt_context().hash("inconnu")
        return usager

    @api.model
    def _domaines_identifiant(self, texte):
        """Rend les domaines, un par façon de se nommer, des usagers que ce texte pourrait désigner."""
        domaines = []
        courriel = email_normalize(texte)
        if courriel:
            domaines.append([("partner_id.email_normalized", "=", courriel)])
        numero = self._numero_compare(texte)
        if numero:
            domaines.append([("telephone_identifiant", "=", numero)])
        return domaines

    @api.model
    def _numero_compare(self, texte):
        """Rend un téléphone sous son écriture unique (+23566123456), False s'il n'en est pas un."""
        try:
            numero = phonenumbers.parse(texte or "", "TD")
        except phonenumbers.NumberParseException:
            return False
        return phonenumbers.is_valid_number(numero) and phonenumbers.format_number(numero, phonenumbers.PhoneNumberFormat.E164)

    def _espace(self):
        """Rend l'adresse où arrive l'usager : le client web, ou son espace."""
        self.ensure_one()
        if not self.share:
            return "/web"
        return next((adresse for groupe, adresse in ESPACES if self.has_group(groupe)), "/my")

    def _lien_mot_de_passe(self):
        """Rend l'adresse, bonne une heure, où l'usager choisit son mot de passe."""
        contact = self.sudo().partner_id.with_context(relative_url=True)
        contact.signup_prepare(signup_type="reset", expiration=fields.Datetime.now() + relativedelta(hours=1))
        return contact._get_signup_url_for_action()[contact.id]

    @api.model
    def _inviter_au_portail(self, nom, courriel, groupe, contact):
        """Rend l'usager du portail de ce courriel, créé, réactivé ou mis dans le groupe.

        :param groupe: identifiant externe du groupe de l'espace
        :param contact: le contact (`res.partner`) de qui il représente
        :raise UserError: le courriel est celui d'un usager interne
        """
        identifiant = email_normalize(courriel)
        usager = self.sudo().with_context(active_test=False).search([("login", "=", identifiant)], limit=1)
        if usager and not usager.share:
            raise UserError(_("« %s » est déjà un agent de la CNAS : il ne peut représenter personne d'autre.", identifiant))
        groupe = self.env.ref(groupe)
        if usager:
            usager.write({"active": True, "groups_id": [Command.link(groupe.id)]})
            return usager
        # Un contexte neuf : un défaut de l'appelant rattacherait le compte au contact d'un autre.
        usager = usager.with_context({"no_reset_password": True}).create({
            "partner_id": False, "name": nom, "login": identifiant, "email": identifiant, "groups_id": [Command.set(groupe.ids)],
            "lang": self.env.lang or "fr_FR", "tz": "Africa/Ndjamena"})
        usager.partner_id.parent_id = contact
        return usager

    def _envoyer_une_invitation(self, modele):
        """Rend le lien où l'usager choisit son mot de passe, et le lui envoie ; un courriel qui ne part pas ne bloque rien.

        :param modele: identifiant externe du courriel de son espace
        """
        contact, courriel = self.sudo().partner_id, self.env.ref(modele, raise_if_not_found=False)
        contact.signup_prepare(signup_type="reset")
        if courriel:
            courriel.sudo().send_mail(self.id, email_values={"email_to": self.email, "recipient_ids": []})
        return contact._get_signup_url_for_action()[contact.id]

    def _represente(self):
        """Dit si l'usager agit encore pour quelqu'un sur le portail."""
        return any(self[champ] for champ in self._champs_representes())

    def _fermer_sans_espace(self):
        """Archive les usagers du portail qui n'agissent plus pour personne : leurs sessions tombent."""
        self.filtered(lambda u: u.share and not u._represente()).write({"active": False})

    def _choisir_sa_langue(self, code):
        """Change la langue du compte de l'appelant, et de sa session ; l'ORM refuse celle d'autrui à qui n'administre pas."""
        self.ensure_one()
        if self.lang != code:
            self.sudo(False).write({"lang": code})
        request.session.context = {**request.session.context, "lang": code}

    @api.model
    def _aide_portail(self):
        """Rend la phrase qui dit, au pied de chaque page, qui appeler ; livrée, elle se lit dans la langue de l'usager."""
        phrase = self.env["cnas.parametre"].sudo()._au("aide_portail")
        return str(AIDE) if phrase == AIDE._source else Markup(TELEPHONE.sub(r'<bdi dir="ltr">\g<0></bdi>', str(escape(phrase))))

    @api.model
    def _trop_d_essais(self):
        """Dit si cette adresse doit attendre avant un autre essai de connexion."""
        echecs = getattr(self.env.registry, "_login_failures", None) or {}
        nombre, dernier = echecs.get(request.httprequest.remote_addr, (0, datetime.min))
        return self.sudo()._on_login_cooldown(nombre, dernier)

    @api.model
    def _demander_un_lien(self, identifiant):
        """Prend note de la demande ; le courriel part après, compte connu ou non : la réponse et son temps sont les mêmes.

        :raise UserError: trop de demandes de cette adresse
        """
        journal = self.env["cnas.journal"]
        journal._exiger_debit("mot_de_passe_oublie")
        journal._ajouter([{"modele": self._name, "evenement": "mot_de_passe_oublie"}])
        self.sudo().with_delay(description=_("Lien de mot de passe"))._envoyer_un_lien(str(identifiant)[:128])

    @api.model
    def _envoyer_un_lien(self, identifiant):
        """Envoie à l'usager désigné, au plus une fois par minute, le lien où il choisit son mot de passe."""
        usager = self._usager_de(identifiant)
        expiration = usager.partner_id.signup_expiration
        if not usager.email or (expiration and expiration > fields.Datetime.now() + relativedelta(days=1, minutes=-1)):
            return
        try:
            usager.action_reset_password()
        except UserError as refus:
            _logger.warning("Lien de mot de passe non envoyé à l'usager %s : %s", usager.id, refus)

    # ------------------------------------------------------------------ privé
    @api.model
    def _exiger_administrateur_metier(self):
        if not self.env.user.has_group(ADMINISTRATEUR):
            raise AccessError(_("Seul le rôle %s gère les usagers.", self.env.ref(ADMINISTRATEUR).sudo().name))

    def _exiger_usager_de_la_caisse(self):
        """Refuse soi-même, un compte technique ou un usager du portail."""
        self._exiger_administrateur_metier()
        for usager in self.sudo():
            if usager == self.env.user:
                raise UserError(_("On ne règle pas son propre compte : un autre administrateur le fait."))
            if usager.share or usager._is_superuser() or usager.has_group("base.group_erp_manager"):
                raise UserError(_("« %s » n'est pas un usager de la caisse : ce compte ne se règle pas ici.", usager.name))

    def _donner_role(self, role, valeurs):
        """Donne un seul rôle CNAS, et les agences ; les autres groupes ne bougent pas."""
        roles = self.env["res.groups"].sudo().union(*(self.env.ref(f"cnas_base.group_{code}") for code, _nom in ROLES))
        self.sudo().write({**valeurs, "groups_id": [
            *((3, groupe.id) for groupe in roles), (4, self.env.ref(f"cnas_base.group_{role}").id)]})

    def _photo_des_comptes(self):
        return {usager.id: {champ: usager[champ].ids if champ in ("groups_id", "agence_ids") else usager[champ]
                            for champ in SUIVIS} for usager in self.sudo()}

    @api.model
    def _journaliser_comptes(self, evenement, avant, apres):
        journal = self.env["cnas.journal"]
        journal._ajouter(journal._changements("res.users", evenement, avant, apres))


class ResGroups(models.Model):
    """Un groupe qui change de membres ou de portée change des droits : il est au journal."""

    _inherit = "res.groups"

    def write(self, vals):
        suivi = not {"users", "implied_ids", "model_access", "rule_groups"}.isdisjoint(vals)
        avant = self._photo_des_groupes() if suivi else {}
        resultat = super().write(vals)
        if suivi:
            journal = self.env["cnas.journal"]
            journal._ajouter(journal._changements(self._name, "modification", avant, self._photo_des_groupes()))
        return resultat

    def _photo_des_groupes(self):
        return {groupe.id: {"membres": groupe.users.ids, "implique": groupe.implied_ids.ids} for groupe in self.sudo()}
