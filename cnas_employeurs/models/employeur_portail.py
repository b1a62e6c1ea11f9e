import base64

from dateutil.relativedelta import relativedelta

from odoo import Command, _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import single_email_re
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_mois
from odoo.addons.cnas_base.garde import Action, actions, transition
from odoo.addons.cnas_base.impression.langue import dire_a
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date

from .employeur import SUPERVISEUR

CONTACTS = ("telephone_1", "telephone_2", "email", "adresse")
SORTE = "cnas-employeur-1"
GROUPE = "cnas_base.group_portail_employeur"


@actions
class Employeur(models.Model):
    """L'employeur sur le portail : ses usagers, sa situation, et ce qu'il demande.

    Un agent écrit les contacts ; l'employeur les demande (`cnas.changement`), un superviseur accepte.
    """

    _inherit = "cnas.employeur"

    _actions = {
        "inviter": Action(titre=_lt("Inviter sur le portail"), de=("actif",), roles=(SUPERVISEUR,), seul=True),
        "retirer_usagers": Action(titre=_lt("Retirer du portail"), de=("brouillon", "actif", "suspendu", "radie"),
                                  roles=(SUPERVISEUR,), seul=True),
    }
    _champs_geles = ("partner_id", "user_ids")
    _champs_sensibles = dict.fromkeys(CONTACTS, "_personne")

    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True, copy=False, ondelete="restrict",
                                 index="btree_not_null", help="Porte les usagers du portail.")
    user_ids = fields.Many2many("res.users", "cnas_employeur_user_rel", "employeur_id", "user_id", string="Usagers du portail",
                                copy=False, groups="cnas_base.group_agent")
    demande_affiliation_ids = fields.One2many("cnas.demande_affiliation", "employeur_id", string="Demandes d'affiliation")

    # ------------------------------------------------------------------ actions
    @transition("inviter")
    def action_inviter(self):
        """Ouvre l'assistant d'invitation. :return: action de fenêtre"""
        return {"type": "ir.actions.act_window", "name": _("Inviter sur le portail"), "res_model": "cnas.invitation_employeur",
                "view_mode": "form", "target": "new", "context": {"default_employeur_id": self.id}}

    @transition("retirer_usagers")
    def action_retirer_usagers(self, user_ids=()):
        """Retire des usagers du portail ; celui qui ne représente plus personne est archivé, ses sessions tombent.

        :param user_ids: identifiants de `res.users` ; vide : tous
        :return: True
        """
        usagers = self.sudo().user_ids
        if user_ids:
            demandes = [i for i in user_ids if isinstance(i, int)] if isinstance(user_ids, (list, tuple)) else []
            usagers = usagers.filtered(lambda u: u.id in demandes)
        if not usagers:
            raise UserError(_("Aucun de ces usagers ne représente « %s ».", self.display_name))
        self.sudo()._ecrire({"user_ids": [Command.unlink(u.id) for u in usagers]})
        usagers.invalidate_recordset(["employeur_ids"])
        usagers._fermer_sans_espace()
        self.message_post(body=_("Accès au portail retiré : %s.", ", ".join(usagers.mapped("name"))))

    def _destinataire(self):
        return self

    # ------------------------------------------------------------------ les usagers
    def _inviter_usager(self, nom, courriel):
        """Rend l'usager du portail de ce courriel, rattaché à l'employeur et à son contact."""
        self.ensure_one()
        if not self.sudo().partner_id:
            self.sudo()._ecrire({"partner_id": self.env["res.partner"].sudo().create(
                {"name": self.raison_sociale, "is_company": True}).id})
        usager = self.env["res.users"]._inviter_au_portail(nom, courriel, GROUPE, self.sudo().partner_id)
        self.sudo()._ecrire({"user_ids": [Command.link(usager.id)]})
        usager.invalidate_recordset(["employeur_ids"])
        self.message_post(body=_("Invitation sur le portail : %(nom)s (%(courriel)s).", nom=nom, courriel=usager.login))
        return usager

    # ------------------------------------------------------------------ la situation
    def _situation(self):
        """Rend ce que dit l'attestation : {"jour", "a_jour", "attendus", "validees", "deposees", "manquantes"} (mois)."""
        self.ensure_one()
        jour = aujourd_hui()
        fin = jour.replace(day=1) - relativedelta(months=1)
        debut = fields.Date.subtract(fin, months=self.env["cnas.parametre"].sudo()._au("situation_employeur_mois", jour) - 1)
        premier = self.env["cnas.emploi"].sudo().search([("employeur_id", "=", self.id)], order="date_debut", limit=1).date_debut
        debut = max(debut, premier.replace(day=1)) if premier else None
        mois = []
        while debut and debut <= fin:
            mois.append(debut)
            debut += relativedelta(months=1)
        declarations = {d.periode: d for d in self.env["cnas.declaration_effectif"].sudo().search(
            [("employeur_id", "=", self.id), ("periode", "in", mois)])}

        def dus(periode):
            declaration = declarations.get(periode)
            limite = periode + relativedelta(months=1, day=self.env["cnas.parametre"].sudo()._au("jour_limite", periode))
            return (not declaration or declaration.state in ("brouillon", "rejetee")) and limite < jour
        par_etat = {etat: [p for p in mois if p in declarations and declarations[p].state == etat] for etat in ("validee", "deposee")}
        manquantes = [periode for periode in mois if dus(periode)]
        return {"jour": jour, "a_jour": not manquantes, "attendus": mois, "validees": par_etat["validee"],
                "deposees": par_etat["deposee"], "manquantes": manquantes}

    @api.model
    def _attestations(self):
        """Point d'extension : rend {sorte signée d'une attestation de situation: (ce qu'elle dit d'un employeur à jour, de celui qui ne l'est pas)}."""
        return {SORTE: (_("à jour de ses déclarations"), _("pas à jour de ses déclarations"))}

    def _url_situation(self, situation, sorte=SORTE):
        """Rend l'adresse que lit le QR de l'attestation, ou "" tant que l'adresse publique n'est pas réglée."""
        adresse = self.env["ir.config_parameter"].sudo()._adresse_publique()
        return f"{adresse}/cnas/verifier/employeur/{self._jeton_situation(situation, sorte)}" if adresse else ""

    def _jeton_situation(self, situation, sorte=SORTE):
        """Rend le jeton signé de l'attestation : matricule, jour, situation."""
        message = f"{sorte}|{self.matricule}|{situation['jour']}|{'oui' if situation['a_jour'] else 'non'}"
        signature = base64.urlsafe_b64encode(self.env["cnas.signature"].sudo()._signer(message)).decode().rstrip("=")
        return ".".join((*message.split("|")[1:], signature))

    @api.model
    def _lire_jeton(self, jeton):
        """Rend {"employeur", "jour", "dit"} d'un jeton à la signature juste, None sinon."""
        morceaux = jeton.split(".")
        if len(morceaux) != 4:
            return None
        try:
            signature = base64.urlsafe_b64decode(morceaux[3] + "==")
        except ValueError:
            return None
        signatures = self.env["cnas.signature"].sudo()
        dits = next((dits for sorte, dits in self._attestations().items() if signatures._verifier("|".join((sorte, *morceaux[:3])), signature)), None)
        if not dits:
            return None
        employeur = self.sudo().with_context(active_test=False).search([("matricule", "=", morceaux[0])], limit=1)
        return employeur and {"employeur": employeur, "jour": lire_date(morceaux[1]), "dit": dits[morceaux[2] != "oui"]} or None

    # ------------------------------------------------------------------ demander
    def _demander_contacts(self, valeurs):
        """Demande d'autres contacts ; un superviseur accepte. Rend la demande.

        :raise UserError: contact faux, ou rien ne change
        """
        self.ensure_one()
        employeur = self.sudo()
        valeurs = self._mettre_en_forme({champ: str(valeurs.get(champ) or "").strip()[:500] or False for champ in CONTACTS})
        if valeurs["email"] and not single_email_re.match(valeurs["email"]):
            raise UserError(_("L'adresse courriel « %s » n'est pas valable.", valeurs["email"]))
        changes = {champ: valeur for champ, valeur in valeurs.items() if (employeur[champ] or False) != valeur}
        if not changes:
            raise UserError(_("Rien ne change : modifiez au moins un contact."))
        return self.env["cnas.changement"].sudo().create({
            "modele": self._name, "res_id": self.id, "valeurs": changes,
            # le superviseur qui le lit n'a pas choisi la langue de l'employeur
            "motif": dire_a(self.env["res.users"], self, lambda self: _("Demandé par l'employeur, sur le portail."))})

    def _declarer(self, mois):
        """Rend la déclaration de ce mois, ouverte et remplie de l'effectif si elle ne l'était pas.

        :param str mois: AAAA-MM
        :raise UserError: mois illisible, trop ancien ou à venir, employeur qui n'est pas actif
        """
        self.ensure_one()
        periode = lire_date(f"{mois}-01", quoi=_("Mois"))
        if self.sudo().state != "actif":
            raise UserError(_("« %s » n'est pas un employeur actif.", self.sudo().raison_sociale))
        mois_ouverts = self.env["cnas.parametre"].sudo()._au("situation_employeur_mois")
        if periode < aujourd_hui().replace(day=1) - relativedelta(months=mois_ouverts):
            raise UserError(_("Ici se déclarent les %s derniers mois ; pour un mois plus ancien, voyez votre agence.", mois_ouverts))
        declarations = self.env["cnas.declaration_effectif"].sudo()
        declaration = declarations.search([("employeur_id", "=", self.id), ("periode", "=", periode)], limit=1)
        if not declaration:
            declaration = declarations.create({"employeur_id": self.id, "periode": periode})
            declaration.action_preparer()
        return declaration

    def _personne(self, vals):
        """Les contacts se demandent, sans que l'agent soit tenu de les demander : aucun n'est retenu à l'écriture."""
        return self.browse()

    def _phrase_situation(self, situation):
        """Rend la phrase de l'attestation."""
        if not situation["attendus"]:
            return _("n'avait, à ce jour, aucune déclaration d'effectif à déposer.")
        if situation["a_jour"]:
            return _("est à jour de ses déclarations d'effectif (%(debut)s – %(fin)s).",
                     debut=ecrire_mois(situation["attendus"][0]), fin=ecrire_mois(situation["attendus"][-1]))
        return _("n'est pas à jour de ses déclarations d'effectif : il manque %s.",
                 ", ".join(ecrire_mois(mois) for mois in situation["manquantes"]))
