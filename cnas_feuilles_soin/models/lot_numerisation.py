import base64
import re

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.bilan import bilan
from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import codes_de_page, lit_les_codes, ouvrir_fichier, pages_choisies, vignette

NUMERO = re.compile(r"[A-Z0-9-]{2,12}-[0-9]{4}-[0-9]{6}")


class LotNumerisation(models.Model):
    """Un lot de fichiers numérisés à ranger dans les dossiers, venus d'un dépôt ou d'un courriel.

    Chaque fichier se reconnaît à son nom : le numéro du dossier (AG-ABE-2026-000001.pdf) ou la référence
    de la feuille. Une pile numérisée d'un coup se sépare seule : chaque page qui porte le code-barres d'un dossier (son
    accusé) commence le sien. Ce qui n'est pas reconnu se range à la main, ou en préremplissant une feuille.

    | qui | peut |
    |---|---|
    | agent | déposer des fichiers, reconnaître, ranger |
    """

    _name = "cnas.lot_numerisation"
    _description = "Lot de numérisation"
    _inherit = ["cnas.garde.mixin", "cnas.fichiers.mixin", "mail.thread"]
    _order = "id desc"
    _champs_fichiers = ("fichier_ids",)
    _fichiers_comme = "cnas.feuille_soin.piece"
    _fichiers_a_trier = True
    _cloison_agence = ("agence_id",)

    name = fields.Char(string="Lot", required=True, default=lambda self: _("Lot du %s", ecrire_date(aujourd_hui())))
    agence_id = fields.Many2one("cnas.agence", string="Agence", ondelete="restrict",
                                default=lambda self: self.env["cnas.agence"]._de_l_usager())
    fichier_ids = fields.Many2many("ir.attachment", "cnas_lot_numerisation_fichier_rel", "lot_id", "attachment_id",
                                   string="Fichiers")
    ligne_ids = fields.One2many("cnas.lot_numerisation.ligne", "lot_id", string="Rangement")
    restants = fields.Integer(string="À ranger", compute="_compute_restants")

    @api.depends("ligne_ids.piece_id", "fichier_ids")
    def _compute_restants(self):
        for lot in self:
            lot.restants = len(lot.ligne_ids.filtered(lambda x: not x.piece_id)) + len(lot.fichier_ids - lot.ligne_ids.attachment_id)

    def action_reconnaitre(self):
        """Fait une ligne par document et cherche son dossier : par son code-barres, sinon par le nom du fichier."""
        self.env["cnas.feuille_soin"]._exiger_groupe("cnas_base.group_agent", _("ranger des pièces"))
        for lot in self:
            connus = lot.ligne_ids.attachment_id
            nouveaux = lot.fichier_ids - connus
            lignes = [{"lot_id": lot.id, "attachment_id": fichier.id, **segment} for fichier in nouveaux for segment in _segments(fichier)]
            noms = {rang: ligne.pop("code", None) or self.env["ir.attachment"].browse(ligne["attachment_id"]).name
                    for rang, ligne in enumerate(lignes)}
            dossiers = lot._dossiers_par_nom(set(noms.values()))
            self.env["cnas.lot_numerisation.ligne"]._creer([
                {**ligne, "feuille_id": dossiers.get(noms[rang], False)} for rang, ligne in enumerate(lignes)])
        reconnus = len(self.ligne_ids.filtered("feuille_id"))
        inconnus = len(self.ligne_ids) - reconnus
        phrase = _("%(nombre)s document(s) : %(reconnus)s reconnu(s), %(inconnus)s à désigner.",
                   nombre=len(self.ligne_ids), reconnus=reconnus, inconnus=inconnus)
        if not lit_les_codes():
            phrase += " " + _("Les codes-barres ne se lisent pas : zxing-cpp n'est pas installé sur le serveur.")
        return bilan(phrase, alerte=bool(inconnus))

    def action_ranger(self):
        """Range chaque fichier reconnu dans son dossier ; un fichier refusé garde son motif.

        :return: True
        """
        self.action_reconnaitre()
        for ligne in self.ligne_ids.filtered(lambda x: x.feuille_id and not x.piece_id):
            ligne._ranger()
        ranges, refuses = len(self.ligne_ids.filtered("piece_id")), len(self.ligne_ids.filtered("refus"))
        return bilan(_("%(nombre)s document(s) : %(ranges)s rangé(s), %(refuses)s refusé(s), %(reste)s sans dossier.",
                       nombre=len(self.ligne_ids), ranges=ranges, refuses=refuses,
                       reste=len(self.ligne_ids.filtered(lambda x: not x.feuille_id))), alerte=ranges < len(self.ligne_ids))

    def _dossiers_par_nom(self, noms):
        """Rend {nom de fichier: feuille_id}, en deux requêtes : par numéro, puis par référence."""
        racines = {nom: nom.rsplit(".", 1)[0].strip().upper() for nom in noms}
        numeros = {nom: trouve.group() for nom, racine in racines.items() if (trouve := NUMERO.search(racine))}
        feuilles = self.env["cnas.feuille_soin"]
        par_numero = {f.numero: f.id for f in feuilles.search([("numero", "in", list(numeros.values()))])}
        par_reference = {}
        for feuille in feuilles.search([("reference", "in", list(racines.values())), ("state", "!=", "annulee")]):
            # Une référence portée par deux formations ne désigne personne.
            par_reference[feuille.reference] = False if feuille.reference in par_reference else feuille.id
        return {nom: par_numero.get(numeros.get(nom)) or par_reference.get(racines[nom], False) for nom in noms}

    # ------------------------------------------------------------------ courriel
    def _message_post_after_hook(self, message, msg_vals):
        """Courriel reçu : ses pièces jointes deviennent les fichiers du lot."""
        resultat = super()._message_post_after_hook(message, msg_vals)
        if message.message_type == "email" and message.attachment_ids:
            self.fichier_ids = [(4, jointe.id) for jointe in message.attachment_ids]
        return resultat


class LotNumerisationLigne(models.Model):
    """Un document d'un lot (un fichier, ou quelques pages d'une pile), le dossier où il va, et ce qu'il en est advenu."""

    _name = "cnas.lot_numerisation.ligne"
    _description = "Fichier d'un lot de numérisation"
    _inherit = ["cnas.garde.mixin"]
    _order = "lot_id, id"
    _cloison_agence = ("lot_id.agence_id",)
    _champs_geles = ("premiere", "derniere", "vignette")

    lot_id = fields.Many2one("cnas.lot_numerisation", string="Lot", required=True, index=True, ondelete="cascade")
    attachment_id = fields.Many2one("ir.attachment", string="Fichier", required=True, readonly=True, ondelete="cascade")
    premiere = fields.Integer(string="Première page", readonly=True, help="0 : le fichier entier.")
    derniere = fields.Integer(string="Dernière page", readonly=True)
    pages = fields.Char(string="Pages", compute="_compute_pages")
    # En base, pas en pièce jointe : quelques kilo-octets, lus avec la ligne et sous ses droits.
    vignette = fields.Binary(string="Aperçu", readonly=True, attachment=False)
    code_lu = fields.Char(string="Code-barres ou référence", store=False,
                          help="Lisez le code-barres de l'accusé : le dossier se remplit.")
    feuille_id = fields.Many2one("cnas.feuille_soin", string="Dossier", ondelete="set null")
    type_id = fields.Many2one("cnas.type_piece", string="Type de pièce", domain=[("usage", "=", "feuille")],
                              ondelete="restrict")
    piece_id = fields.Many2one("cnas.feuille_soin.piece", string="Pièce rangée", readonly=True, ondelete="set null")
    deja_vue_id = fields.Many2one(related="piece_id.deja_vue_id", string="Déjà vue dans", groups="cnas_base.group_interne")
    refus = fields.Char(string="Refus", readonly=True)

    @api.onchange("code_lu")
    def _onchange_code_lu(self):
        """Trouve le dossier par son numéro ou sa référence."""
        code = (self.code_lu or "").strip().upper()
        if code:
            self.feuille_id = self.env["cnas.feuille_soin"].search(
                ["|", ("numero", "=", code), ("reference", "=", code)], limit=1)
            self.code_lu = False

    @api.depends("premiere", "derniere")
    def _compute_pages(self):
        for ligne in self:
            bornes = dict.fromkeys(filter(None, (ligne.premiere, ligne.derniere)))
            ligne.pages = " à ".join(map(str, bornes)) or False

    def _document(self):
        """Rend (octets, nom) du document : le fichier tel quel, ou le PDF de ses pages."""
        fichier = self.attachment_id
        if not self.premiere:
            return fichier.raw, fichier.name
        return (pages_choisies(fichier.raw, fichier.mimetype, self.premiere, self.derniere),
                _("%(nom)s p. %(pages)s.pdf", nom=fichier.name.rsplit(".", 1)[0], pages=self.pages))

    def action_preremplir(self):
        """Ouvre ce qui se lit du document, à vérifier avant d'en faire un brouillon. Rend l'assistant.

        :raise UserError: déjà rangé, ou le texte ne se lit pas
        """
        self.ensure_one()
        self.env["cnas.feuille_soin"]._exiger_groupe("cnas_base.group_agent", _("préremplir une feuille"))
        self.check_access_rights("write")
        self.check_access_rule("write")
        if self.piece_id:
            raise UserError(_("Ce document est déjà rangé dans le dossier %s.", self.piece_id.feuille_id.display_name))
        return self.env["cnas.preremplissage.wizard"]._ouvrir(self)

    def action_ranger(self):
        """Range ceux dont le dossier est désigné. Rend le bilan."""
        self.env["cnas.feuille_soin"]._exiger_groupe("cnas_base.group_agent", _("ranger des pièces"))
        a_ranger = self.filtered(lambda ligne: ligne.feuille_id and not ligne.piece_id)
        for ligne in a_ranger:
            ligne._ranger()
        ranges = len(a_ranger.filtered("piece_id"))
        return bilan(_("%(ranges)s document(s) rangé(s), %(reste)s refusé(s) ou sans dossier.", ranges=ranges, reste=len(self) - ranges),
                     alerte=ranges < len(self))

    def _ranger(self):
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                contenu, nom = self._document()
                self.piece_id = self.env["cnas.feuille_soin.piece"].create({
                    "feuille_id": self.feuille_id.id, "type_id": self.type_id.id, "name": nom, "contenu": base64.b64encode(contenu)})
            self.refus = False
        except UserError as erreur:
            self.refus = str(erreur.args[0])


def _segments(fichier):
    """Rend les documents d'un fichier : {"premiere", "derniere", "code", "vignette"}, un par page qui porte le code d'un dossier."""
    try:
        mime, pages = ouvrir_fichier(fichier.raw, fichier.name)
    except UserError:
        return [{}]  # illisible : rangé, il dira pourquoi
    debuts, courant = {}, None
    for rang in range(1, pages + 1):
        lus = [code.strip().upper() for code in codes_de_page(fichier.raw, mime, rang)]
        code = next(filter(NUMERO.fullmatch, lus), None)
        if rang == 1 or (code and code != courant):
            debuts[rang] = courant = code
    segments, rangs = [], list(debuts)
    for rang, suivant in zip(rangs, [*rangs[1:], pages + 1]):
        image = vignette(fichier.raw, mime, rang)
        segments.append({"premiere": rang if len(rangs) > 1 else 0, "derniere": suivant - 1 if len(rangs) > 1 else 0,
                         "code": debuts[rang], "vignette": image and base64.b64encode(image)})
    return segments
