from datetime import timedelta

from markupsafe import Markup

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.bilan import bilan
from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression.langue import FRANCAIS
from odoo.addons.cnas_base.jour import aujourd_hui

PHRASES = [
    ("illisible", "Page illisible : à renumériser ou à renvoyer"),
    ("cachet", "Cachet ou signature du praticien absents"),
    ("signature", "Signature de l'assuré absente"),
    ("date", "Date des soins absente ou raturée"),
    ("quantite", "Quantité ou posologie non précisée"),
    ("resultat", "Compte rendu ou résultat de l'examen à joindre"),
]


class DemandePiecesWizard(models.TransientModel):
    """Demander des pièces : types à cocher, échéance, précision, et la lettre telle que la formation la lira."""

    _name = "cnas.demande_pieces.wizard"
    _description = "Demander des pièces"

    feuille_ids = fields.Many2many("cnas.feuille_soin", string="Dossiers", required=True)
    type_ids = fields.Many2many("cnas.type_piece", string="Pièces à fournir", domain=[("usage", "=", "feuille")])
    phrase = fields.Selection(PHRASES, string="Phrase type", help="S'ajoute à la précision, où elle se retouche.")
    precision = fields.Char(string="Précision", help="Ce que les types ne disent pas : page illisible, cachet absent…")
    date_limite = fields.Date(string="À fournir avant le", required=True, default=lambda self: self._limite_par_defaut())
    apercu = fields.Html(string="La formation lira", compute="_compute_apercu", sanitize=False)

    @api.model
    def _limite_par_defaut(self):
        return aujourd_hui() + timedelta(days=self.env["cnas.parametre"]._au("delai_instance_jours"))

    @api.onchange("phrase")
    def _onchange_phrase(self):
        """Ajoute la phrase choisie à la précision, une fois."""
        texte = dict(self._fields["phrase"]._description_selection(self.env)).get(self.phrase)
        if texte and texte not in (self.precision or ""):
            self.precision = " ; ".join(filter(None, [(self.precision or "").strip(), texte]))
        self.phrase = False

    @api.depends("type_ids", "precision", "date_limite")
    def _compute_apercu(self):
        for assistant in self:
            lignes = Markup("").join(Markup("<li>%s</li>") % texte for texte in assistant._manques())
            assistant.apercu = Markup("<p>%s</p><ul>%s</ul><p>%s</p>") % (
                _("Il manque :"), lignes or Markup("<li>…</li>"),
                _("À fournir avant le %s, à l'agence ou sur votre espace.", ecrire_date(assistant.date_limite))
                if assistant.date_limite else "")

    def _manques(self):
        return [*self.type_ids.mapped("name"), *filter(None, [(self.precision or "").strip()])]

    def action_confirmer(self):
        """Ouvre les demandes et rend compte.

        :raise UserError: rien de coché ni d'écrit, ou échéance passée
        """
        manques = self._manques()
        if not manques:
            raise UserError(_("Cochez au moins une pièce, ou dites ce qui manque."))
        # Les pièces s'écrivent en français ; la formation les lit dans sa langue.
        self.feuille_ids.action_demander_pieces(", ".join(self.with_context(lang=FRANCAIS)._manques()), date_limite=self.date_limite)
        return bilan(_("%(nombre)s dossier(s) en instance jusqu'au %(jour)s : %(quoi)s.", nombre=len(self.feuille_ids),
                       jour=ecrire_date(self.date_limite), quoi=", ".join(manques)))
