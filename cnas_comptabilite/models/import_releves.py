import hashlib
from collections import Counter

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.garde import Action, sans_suivi
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import absent, lire_date, lire_montant, lire_texte
from odoo.addons.cnas_base.models import import_fichier as socle
from odoo.addons.cnas_facturation.adaptateurs.adaptateur import MONTANT_D_UN_ORDRE

from .colonne import RELEVES
from .roles import COMPTABLE

SOCLE = socle.ImportFichier._actions


def _ouvrir(action):
    """L'agent comptable importe lui aussi : le sujet, lui, reste à son rôle."""
    return Action(**{**{champ: getattr(action, champ) for champ in action.__dataclass_fields__}, "roles": (*action.roles, COMPTABLE)})


class ImportFichier(models.Model):
    """Un relevé de banque ou d'opérateur : date, libellé, référence, et un montant signé ou deux colonnes débit et crédit.

    Le même fichier sur le même compte se refuse ; une ligne déjà dans un autre relevé est dite « déjà là ».
    """

    _inherit = "cnas.import_fichier"
    _roles_releves = (COMPTABLE,)
    _actions = {nom: _ouvrir(action) for nom, action in SOCLE.items()}

    sujet = fields.Selection(selection_add=RELEVES, ondelete={"releves": "cascade"})
    journal_id = fields.Many2one(
        "account.journal", string="Compte du relevé", ondelete="restrict", domain="[('type', 'in', ('bank', 'cash'))]",
        help="Le compte de banque ou d'opérateur dont c'est le relevé.")

    def _champs_controles(self):
        return super()._champs_controles() | {"journal_id"}

    def _juger_releves(self, tableau):
        """Rend le verdict de chaque ligne, sans rien écrire.

        :raise UserError: compte absent, ou relevé déjà importé
        """
        if not self.journal_id.default_account_id:
            raise UserError(_("Dites de quel compte de banque ou d'opérateur vient ce relevé."))
        self._refuser_deja_importe()
        lectures = [self._lire_ligne_releve(ligne) for ligne in tableau]
        rangs, verdicts = Counter(), []
        for vals, motif in lectures:
            if not motif:
                base = "|".join((vals["date"], str(vals["montant"]), vals["reference"], vals["libelle"]))
                rangs[base] += 1
                # Deux frais identiques le même jour sont deux lignes ; la même ligne d'un autre relevé n'en est qu'une.
                vals["cle"] = hashlib.sha256(f"{base}|{rangs[base]}".encode()).hexdigest()
        connues = {ligne.cle: ligne for ligne in self.env["cnas.releve.ligne"].sudo().search(
            [("journal_id", "=", self.journal_id.id), ("cle", "in", [vals["cle"] for vals, motif in lectures if not motif])])}
        for ligne, (vals, motif) in zip(tableau, lectures):
            phrase = motif and _("Ligne %(n)s : %(motif)s", n=ligne.numero, motif=motif)
            verdicts.append(self.env["cnas.import_fichier.ligne"]._verdict(
                [ligne.numero], vals.get("reference") or vals.get("libelle"), vals, [(ligne.numero, phrase)] if motif else (),
                connue=None if motif else connues.get(vals["cle"])))
        return verdicts

    def _appliquer_releves(self, lignes):
        with sans_suivi():
            lignes._tenter(self._ecrire_releve)
        ecrites = self.env["cnas.releve.ligne"].sudo().browse(lignes.filtered(lambda li: li.state == "faite").mapped("res_id"))
        try:
            with self.env.cr.savepoint():
                self.env["cnas.comptabilite"].sudo().comptabiliser()
                ecrites._rapprocher_seules()
        except UserError as refus:
            # Les lignes sont là et attendent : un compte qui manque au schéma ne les perd pas.
            self.message_post(body=_("Le rapprochement attend : %s", refus))

    # ------------------------------------------------------------------ privé
    def _refuser_deja_importe(self):
        deja = self.env["cnas.releve"].sudo().search(
            [("journal_id", "=", self.journal_id.id), ("empreinte", "=", hashlib.sha256(self._contenu()).hexdigest())], limit=1)
        if deja:
            raise UserError(_("Ce relevé est déjà importé : %(nom)s, du %(debut)s au %(fin)s.",
                              nom=deja.nom, debut=ecrire_date(deja.date_debut), fin=ecrire_date(deja.date_fin)))

    def _lire_ligne_releve(self, ligne):
        """Rend (valeurs lues, pourquoi elles ne se lisent pas ou rien)."""
        vals = {}
        try:
            vals["libelle"], vals["reference"] = lire_texte(ligne.get("libelle"), 250) or "", lire_texte(ligne.get("reference"), 64) or ""
            jour = lire_date(ligne.get("date"), quoi=_("Date"))
            if jour > aujourd_hui():
                raise UserError(_("La date du %s est à venir.", ecrire_date(jour)))
            vals["date"], vals["montant"] = str(jour), self._lire_montant_releve(ligne)
        except UserError as refus:
            return vals, str(refus)
        return vals, False

    def _lire_montant_releve(self, ligne):
        """Rend le montant signé d'une ligne : deux colonnes, ou une."""
        lire = {"maximum": MONTANT_D_UN_ORDRE}
        sorti, entre = ("debit", _("Débit")), ("credit", _("Crédit"))
        lus = {nom: 0 if absent(ligne.get(nom)) else lire_montant(ligne.get(nom), quoi=quoi, **lire) for nom, quoi in (sorti, entre)}
        if lus["debit"] and lus["credit"]:
            raise UserError(_("un débit et un crédit sur la même ligne : lequel est le bon ?"))
        montant = lus["credit"] - lus["debit"]
        if not montant and not absent(ligne.get("montant")):
            # Un tableur neutralise « -1 500 » d'une apostrophe ; certains écrivent « (1 500) ».
            texte = str(ligne.get("montant")).replace("−", "-").strip(" '")
            negatif = texte.startswith(("-", "("))
            montant = lire_montant(texte.strip("-() "), quoi=_("Montant"), **lire) * (-1 if negatif else 1)
        if not montant:
            raise UserError(_("aucun montant : écrivez ce qui est entré ou sorti."))
        return montant

    def _ecrire_releve(self, lignes):
        """Crée le relevé de l'import s'il n'existe pas, et ses lignes ; rend les lignes."""
        releves = self.env["cnas.releve"].sudo()
        releve = releves.search([("import_id", "=", self.id)], limit=1)
        if not releve:
            # Un même fichier contrôlé deux fois avant d'être appliqué ne s'importe qu'une.
            self._refuser_deja_importe()
            releve = releves._creer([{
                "nom": self.env["ir.sequence"].sudo().next_by_code("cnas.releve", sequence_date=aujourd_hui()), "import_id": self.id,
                "journal_id": self.journal_id.id, "nom_fichier": self.nom_fichier, "empreinte": hashlib.sha256(self._contenu()).hexdigest()}])
        return self.env["cnas.releve.ligne"].sudo()._creer([
            {"releve_id": releve.id, "numero": ligne.numero, **ligne.donnees} for ligne in lignes], suivi=False)
