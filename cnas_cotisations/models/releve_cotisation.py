import base64
import hashlib
import re

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.lecture import lire_date, lire_montant, lire_tableau, lire_texte

from .encaissement import MODES
from .roles import FINANCE

COLONNES = {
    "date": ("date operation", "date d operation", "date valeur", "jour"), "reference": ("ref", "n operation", "transaction", "id transaction"),
    "libelle": ("description", "motif", "detail", "communication", "expediteur"), "montant": ("credit", "montant credite", "montant recu", "somme")}
OBLIGATOIRES = ("date", "reference", "montant")
# Ce qui désigne un cotisant dans un libellé : son appel, ou son matricule.
APPEL = re.compile(r"APC[\s/-]?(\d{4})[\s/-]?(\d{6})")
MATRICULE = re.compile(r"\b(E\d{8}|TD\d{10,16})\b")


class ReleveCotisation(models.Model):
    """Un relevé de la banque ou d'un opérateur : chaque ligne dont on reconnaît le cotisant s'encaisse, les autres attendent à l'écran.

    Un fichier ne s'importe qu'une fois. L'ordonnateur importe ; personne n'écrit ni n'efface.
    """

    _name = "cnas.releve_cotisation"
    _description = "Relevé de cotisations"
    _inherit = ["cnas.garde.mixin", "cnas.montant.mixin"]
    _order = "id desc"
    _rec_name = "nom"

    _champs_geles = ("nom", "mode", "empreinte", "fichier")
    _champs_journal = ("nom", "mode", "empreinte")

    nom = fields.Char(string="Fichier", required=True, readonly=True)
    mode = fields.Selection([m for m in MODES if m[0] not in ("guichet", "cheque")], string="Reçu par", required=True, readonly=True, default="virement")
    fichier = fields.Binary(string="Fichier reçu", readonly=True, attachment=True)
    empreinte = fields.Char(string="Empreinte SHA-256", required=True, readonly=True)
    ligne_ids = fields.One2many("cnas.releve_cotisation.ligne", "releve_id", string="Lignes", readonly=True)
    nombre = fields.Integer(string="Lignes lues", compute="_compute_nombres")
    nombre_attente = fields.Integer(string="En attente", compute="_compute_nombres")

    _sql_constraints = [("empreinte_unique", "UNIQUE (empreinte)", "Ce relevé est déjà importé.")]

    @api.depends("ligne_ids.state")
    def _compute_nombres(self):
        comptes = {}
        for releve, etat, nombre in self.env["cnas.releve_cotisation.ligne"]._read_group(
                [("releve_id", "in", self.ids)], ["releve_id", "state"], ["__count"]):
            comptes.setdefault(releve.id, {})[etat] = nombre
        for releve in self:
            siens = comptes.get(releve.id, {})
            releve.nombre, releve.nombre_attente = sum(siens.values()), siens.get("attente", 0)

    @api.model_create_multi
    def create(self, vals_list):
        if not self._ouvert(("empreinte",)):
            raise UserError(_("Un relevé s'importe : « Importer un relevé »."))
        return super().create(vals_list)

    @api.ondelete(at_uninstall=False)
    def _refuser_suppression(self):
        raise UserError(_("Un relevé ne se supprime pas : il dit d'où vient chaque somme."))

    # ------------------------------------------------------------------ importer
    @api.model
    def importer(self, fichier_b64, nom, mode="virement"):
        """Importe un relevé ; encaisse ce qu'on reconnaît, garde le reste en attente.

        :param str fichier_b64: le fichier (XLSX ou CSV), en base64
        :param str mode: virement, airtel ou moov
        :return: {"id", "encaissees", "attente", "deja_vues"}
        :raise UserError: fichier illisible, vide, sans ses colonnes, ou déjà importé ; mode inconnu
        """
        self.env["cnas.encaissement"]._exiger_groupe(FINANCE, _("importer un relevé"))
        if mode not in dict(self._fields["mode"].selection):
            raise UserError(_("Un relevé vient d'une banque (virement) ou d'un opérateur (airtel, moov)."))
        try:
            contenu = base64.b64decode(fichier_b64 or b"", validate=False)
        except (ValueError, TypeError) as erreur:
            raise UserError(_("Le fichier n'est pas lisible : envoyez-le à nouveau.")) from erreur
        empreinte = hashlib.sha256(contenu).hexdigest()
        deja = self.sudo().search([("empreinte", "=", empreinte)], limit=1)
        if deja:
            raise UserError(_("Ce relevé est déjà importé (« %s ») : rien n'est écrit.", deja.nom))
        nom = lire_texte(nom, 128) or "releve.csv"
        tableau = lire_tableau(contenu, nom, COLONNES, OBLIGATOIRES)
        if not tableau:
            raise UserError(_("Le relevé n'a aucune ligne sous ses titres."))
        releve = self.sudo()._creer([{"nom": nom, "mode": mode, "empreinte": empreinte, "fichier": base64.b64encode(contenu)}])
        lignes = self.env["cnas.releve_cotisation.ligne"].sudo()._creer(
            [{"releve_id": releve.id, **lue} for lue in self._reconnaitre([self._lire_ligne(ligne) for ligne in tableau], mode)], suivi=False)
        lignes.with_env(self.env)._encaisser_reconnues()
        comptes = {etat: len(lignes.filtered(lambda li, e=etat: li.state == e)) for etat in ("encaissee", "attente", "ecartee")}
        return {"id": releve.id, "encaissees": comptes["encaissee"], "attente": comptes["attente"], "deja_vues": comptes["ecartee"]}

    @api.model
    def _lire_ligne(self, ligne):
        """Rend les valeurs d'une ligne, telle que lue ; ce qui ne se lit pas est gardé, avec sa raison."""
        lue = {"rang": ligne.numero, "reference": " ".join(str(ligne.get("reference") or "").upper().split())[:64] or False,
               "libelle": lire_texte(str(ligne.get("libelle") or ""), 250) or False, "date": False, "montant": 0, "raison": False}
        try:
            lue["date"] = lire_date(ligne.get("date"), quoi=_("Date"))
            lue["montant"] = lire_montant(ligne.get("montant"), quoi=_("Montant"))
        except UserError as refus:
            lue["raison"] = str(refus)
        if not lue["raison"] and lue["montant"] <= 0:
            lue["raison"] = _("ce n'est pas un versement reçu")
        if not lue["raison"] and not lue["reference"]:
            lue["raison"] = _("la ligne n'a pas de référence")
        return lue

    @api.model
    def _reconnaitre(self, lues, mode):
        """Pose sur chaque ligne lue le cotisant que son libellé ou sa référence désigne, ou pourquoi elle attend."""
        textes = [f"{lue['reference'] or ''} {lue['libelle'] or ''}".upper() for lue in lues]
        numeros = [{f"APC/{annee}/{rang}" for annee, rang in APPEL.findall(texte)} for texte in textes]
        matricules = [set(MATRICULE.findall(texte)) for texte in textes]
        appels = {a.numero: a.cotisant_id for a in self.env["cnas.appel_cotisation"].sudo().search([("numero", "in", list(set().union(*numeros)))])}
        tous = list(set().union(*matricules))
        comptes = self.env["cnas.cotisant"].sudo()
        par_matricule = {c.matricule: c for c in comptes.search([("matricule", "in", tous)])}
        employeurs = self.env["cnas.employeur"].sudo().search([("matricule", "in", [m for m in tous if m not in par_matricule])])
        par_matricule.update({e.matricule: compte for e, compte in comptes._de(employeurs).items()})
        deja = {e.reference for e in self.env["cnas.encaissement"].sudo().search(
            [("state", "=", "encaisse"), ("mode", "=", mode), ("reference", "in", [lue["reference"] for lue in lues if lue["reference"]])])}
        vues = set()
        for lue, siens, matricule in zip(lues, numeros, matricules):
            designes = comptes.union(*(appels[n] for n in siens if n in appels), *(par_matricule[m] for m in matricule if m in par_matricule))
            if not lue["raison"] and (lue["reference"] in deja or lue["reference"] in vues):
                lue.update(state="ecartee", raison=_("déjà encaissée : cette référence a son reçu"))
            elif not lue["raison"] and len(designes) != 1:
                lue["raison"] = _("plusieurs cotisants possibles") if designes else _("aucun cotisant reconnu")
            vues.add(lue["reference"])
            lue["cotisant_id"] = designes.id if len(designes) == 1 else False
        return lues
