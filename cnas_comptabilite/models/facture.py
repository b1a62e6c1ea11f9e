from dataclasses import replace

from odoo import _, fields, models

from odoo.addons.cnas_base.ecriture import ecrire_montant
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_facturation.models.facture.dossier import Facture as Socle

ORDONNANCER = Socle._actions["ordonnancer"]


class Facture(models.Model):
    """Ordonnancer engage le budget : le crédit du chapitre se contrôle avant, et se rend si l'ordonnancement s'annule."""

    _inherit = "cnas.facture"

    _actions = {"ordonnancer": replace(ORDONNANCER, empeche=(*ORDONNANCER.empeche, "_empeche_budget"))}

    engagement_ids = fields.One2many("cnas.engagement", "facture_id", string="Engagements", readonly=True, copy=False,
                                     groups="cnas_base.group_finance,cnas_base.group_superviseur,cnas_comptabilite.group_comptable")

    def _empeche_budget(self):
        """Rend {id: raison} des factures qu'aucun chapitre ne porte, ou dont le chapitre n'a plus assez de crédits."""
        engagement, exercice, raisons = self.env["cnas.engagement"].sudo(), aujourd_hui().year, {}
        disponibles = engagement._disponibles(exercice)
        for facture_id, chapitres in engagement._par_chapitre(self._origin, exercice).items():
            for chapitre, montant in chapitres.items():
                if not chapitre:
                    raisons[facture_id] = _("aucun chapitre du budget %s ne porte ses charges.", exercice)
                elif montant > disponibles.get(chapitre, 0):
                    raisons[facture_id] = _(
                        "le chapitre %(chapitre)s du budget %(exercice)s n'a plus que %(reste)s, elle en engage %(montant)s.", chapitre=chapitre,
                        exercice=exercice, reste=ecrire_montant(max(0, disponibles.get(chapitre, 0))), montant=ecrire_montant(montant))
        return raisons

    def _changer_etat(self, cible, motif_journal=None, **valeurs):
        ordonnancees = self.filtered(lambda f: f.state == "ordonnancee")
        validees = self.filtered(lambda f: f.state == "validee")
        resultat = super()._changer_etat(cible, motif_journal, **valeurs)
        if cible == "ordonnancee" and validees:
            self.env["cnas.engagement"].sudo()._engager(validees)
        elif cible == "validee" and ordonnancees:
            self.env["cnas.engagement"].sudo()._rendre(ordonnancees)
        return resultat
