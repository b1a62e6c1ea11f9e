from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.garde import transition
from odoo.addons.cnas_base.lecture import lire_motif


class FeuilleSoin(models.Model):
    """Avis médical : le médecin-conseil se prononce, le contrôleur décide ensuite."""

    _inherit = "cnas.feuille_soin"

    avis_ids = fields.One2many("cnas.avis_medical", "feuille_id", string="Avis médicaux",
                               groups="cnas_base.group_controleur,cnas_base.group_medecin_conseil")

    @transition("rendre_avis")
    def action_rendre_avis(self, avis=None, motif=None):
        """Rend l'avis médical et renvoie la feuille au contrôleur.

        :param avis: `accord`, `partiel` ou `refus` ; vide : ouvre l'assistant
        :param motif: ce qui fonde l'avis, obligatoire
        :return: True ou l'assistant
        :raise UserError: avis inconnu, motif vide
        """
        if not avis:
            return self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.avis_medical_wizard_action")
        if avis not in ("accord", "partiel", "refus"):
            raise UserError(_("L'avis est « accord », « partiel » ou « refus »."))
        motif = lire_motif(motif)
        if not motif:
            raise UserError(_("Dites ce qui fonde votre avis."))
        self.env["cnas.avis_medical"].sudo().create([{
            "feuille_id": feuille.id, "avis": avis, "motif": motif, "medecin_id": self.env.uid} for feuille in self])
        libelle = dict(self.env["cnas.avis_medical"]._fields["avis"].selection)[avis]
        self._changer_etat("controle", motif_journal=_("Avis médical : %s", libelle))
        self._lever_ce_que_l_avis_tranche(motif)

    def _lever_ce_que_l_avis_tranche(self, motif):
        """Un avis rendu lève ce qui l'exigeait (seuil, contre-indication)."""
        attendus = self.sudo().anomalie_ids.filtered(
            lambda a: a.state == "ouverte" and a.severite == "signalement" and a.regle_id.avis_medical)
        attendus._changer_etat(
            "levee", justification=_("Avis médical rendu : %s", motif), levee_par_id=self.env.uid,
            levee_le=fields.Datetime.now())

    def _avis_rendu(self):
        """Dit si un médecin-conseil s'est prononcé depuis la dernière transmission."""
        self.ensure_one()
        demande = self.env["cnas.feuille_soin.passage"].sudo().search(
            [("feuille_id", "=", self.id), ("etat_apres", "=", "avis_medical")], limit=1)
        dernier = self.sudo().avis_ids[:1]
        return bool(dernier and demande and dernier.date >= demande.date)
