import base64
import logging

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.lecture import (
    MoteurAbsent,
    image_de_page,
    lire_image,
    lire_page,
    ouvrir_fichier,
    redresser,
    zone_de_page,
)

from ..lecture_page import proposer

_logger = logging.getLogger(__name__)


class PreremplissageWizard(models.TransientModel):
    """Ce qui se lit d'une feuille papier, chaque valeur à côté de sa zone de l'image : l'agent vérifie, puis crée un brouillon.

    Rien ne se dépose d'ici : le brouillon garde l'image en pièce, l'agent y ajoute le diagnostic et le dépose lui-même.
    """

    _name = "cnas.preremplissage.wizard"
    _description = "Préremplir une feuille"
    _inherit = "cnas.montant.mixin"

    document_id = fields.Many2one("cnas.lot_numerisation.ligne", string="Document", required=True, readonly=True, ondelete="cascade")
    formation_id = fields.Many2one("cnas.formation_sanitaire", string="Formation sanitaire")
    assure_id = fields.Many2one("cnas.assure", string="Bénéficiaire")
    reference = fields.Char(string="Référence de la feuille")
    date_soins = fields.Date(string="Date des soins")
    total_declare = fields.Monetary(string="Total déclaré")
    zone_formation = fields.Binary(string="Formation lue", readonly=True, attachment=False)
    zone_matricule = fields.Binary(string="Matricule lu", readonly=True, attachment=False)
    zone_reference = fields.Binary(string="Référence lue", readonly=True, attachment=False)
    zone_date_soins = fields.Binary(string="Date lue", readonly=True, attachment=False)
    zone_total = fields.Binary(string="Total lu", readonly=True, attachment=False)
    confiance = fields.Integer(string="Confiance du champ le moins sûr (%)", readonly=True)
    avertissement = fields.Char(string="À vérifier", readonly=True)
    ligne_ids = fields.One2many("cnas.preremplissage.ligne.wizard", "assistant_id", string="Prestations")

    @api.model
    def _ouvrir(self, document):
        """Crée l'assistant de ce document et l'ouvre."""
        lus, image = self._lire(document)
        assistant = self.create({"document_id": document.id, **self._valeurs(lus, image)})
        return {"type": "ir.actions.act_window", "name": _("Préremplir une feuille"), "res_model": self._name, "res_id": assistant.id,
                "view_mode": "form", "target": "new"}

    @api.model
    def _lire(self, document):
        """Rend (ce qui est proposé, image redressée ou None) de la première page du document.

        :raise UserError: fichier illisible, Tesseract absent ou en échec
        """
        fichier, rang = document.attachment_id, document.premiere or 1
        mime = ouvrir_fichier(fichier.raw, fichier.name).mime
        try:
            image = image_de_page(fichier.raw, mime, rang)
            image = image and redresser(image)
            page = lire_image(image) if image else lire_page(fichier.raw, mime, rang)
        except MoteurAbsent as erreur:
            raise UserError(_("Le texte ne se lit pas : Tesseract (français, arabe) n'est pas installé sur le serveur.")) from erreur
        except Exception as erreur:  # Tesseract ou la bibliothèque des PDF, sur une page qu'ils ne comprennent pas
            _logger.warning("Page non lue : document %s", document.id, exc_info=True)
            raise UserError(_("La lecture automatique de cette page a échoué : saisissez la feuille à la main.")) from erreur
        return proposer(page.mots), image

    @api.model
    def _valeurs(self, lus, image):
        champs = {nom: champ for nom, champ in lus.items() if nom != "lignes"}
        matricule, formation = champs.get("matricule"), champs.get("formation")
        assure = self.env["cnas.assure"].search([("matricule", "=", matricule.valeur)], limit=1) if matricule else None
        tous = [*champs.values(), *lus["lignes"]]
        avertissements = [
            not champs and _("Rien n'a été reconnu sur cette page : remplissez tout à la main."),
            matricule and not assure and _("Le matricule lu, %s, n'est pas connu.", matricule.valeur),
            lus["lignes"] and champs.get("total") and champs["total"].valeur != sum(ligne.valeur[3] for ligne in lus["lignes"])
            and _("Les lignes lues ne font pas le total lu : une ligne manque, ou un montant est mal lu.")]
        return {
            "assure_id": assure and assure.id, "formation_id": formation and self._formation(*formation.valeur).id,
            "reference": champs["reference"].valeur if "reference" in champs else False,
            "date_soins": champs["date_soins"].valeur if "date_soins" in champs else False,
            "total_declare": champs["total"].valeur if "total" in champs else 0,
            **{f"zone_{nom}": self._zone(image, champ) for nom, champ in champs.items()},
            "confiance": min((champ.confiance for champ in tous), default=0), "avertissement": " ".join(filter(None, avertissements)),
            "ligne_ids": [(0, 0, valeurs) for valeurs in self._lignes(lus["lignes"], image)]}

    @api.model
    def _formation(self, debut, fin):
        """La seule formation dont le code commence et finit ainsi."""
        trouvees = self.env["cnas.formation_sanitaire"].search([("code", "=like", f"{debut}_{fin}")], limit=2)
        return trouvees if len(trouvees) == 1 else trouvees.browse()

    @api.model
    def _lignes(self, lignes, image):
        codes = {p.code: p.id for p in self.env["cnas.prestation"].search([("code", "in", [ligne.valeur[0] for ligne in lignes])])}
        return [{"prestation_id": codes.get(ligne.valeur[0]), "quantite": ligne.valeur[1], "prix_unitaire": ligne.valeur[2],
                 "zone": self._zone(image, ligne)} for ligne in lignes]

    @api.model
    def _zone(self, image, champ):
        return base64.b64encode(zone_de_page(image, champ.cadre)) if image else False

    def action_creer(self):
        """Crée le brouillon de ce que l'agent a vérifié, et y range le document. Rend la feuille, ouverte.

        :raise UserError: il manque la formation, le bénéficiaire ou la date
        """
        self.ensure_one()
        manquent = [self._fields[nom].string for nom in ("formation_id", "assure_id", "date_soins") if not self[nom]]
        if manquent:
            raise UserError(_("Il manque : %s.", ", ".join(manquent)))
        document = self.document_id
        if document.piece_id:
            raise UserError(_("Ce document est déjà rangé dans le dossier %s.", document.piece_id.feuille_id.display_name))
        feuille = self.env["cnas.feuille_soin"].create({
            "formation_id": self.formation_id.id, "assure_id": self.assure_id.id, "reference": self.reference,
            "date_soins": self.date_soins, "total_declare": self.total_declare,
            "ligne_ids": [(0, 0, {"prestation_id": ligne.prestation_id.id, "quantite": ligne.quantite, "prix_unitaire": ligne.prix_unitaire})
                          for ligne in self.ligne_ids if ligne.prestation_id]})
        document.feuille_id = feuille
        document._ranger()
        if document.refus:
            raise UserError(document.refus)
        return {"type": "ir.actions.act_window", "res_model": feuille._name, "res_id": feuille.id, "view_mode": "form"}


class PreremplissageLigneWizard(models.TransientModel):
    """Une prestation lue sur la feuille, avec sa zone de l'image."""

    _name = "cnas.preremplissage.ligne.wizard"
    _description = "Prestation lue"
    _inherit = "cnas.montant.mixin"

    assistant_id = fields.Many2one("cnas.preremplissage.wizard", required=True, ondelete="cascade")
    prestation_id = fields.Many2one("cnas.prestation", string="Prestation")
    quantite = fields.Float(string="Quantité", digits=(16, 2))
    prix_unitaire = fields.Monetary(string="Prix unitaire")
    zone = fields.Binary(string="Ligne lue", readonly=True, attachment=False)
