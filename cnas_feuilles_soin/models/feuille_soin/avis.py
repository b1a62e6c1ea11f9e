from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.garde import transition
from odoo.addons.cnas_base.lecture import lire_motif


class FeuilleSoin(models.Model):
    """Avis médical : le médecin-conseil se prononce, le contrôleur décide ensuite."""

    _inherit = "cnas.feuille_soin"

    avis_ids = fields.One2many("cnas.avis_medical", "feuille_id", string="Avis médicaux",
                               groups="cnas_base.group_controleur,cnas_base.group_medecin_conseil")
    question_medecin = fields.Text(string="Question au médecin", readonly=True, copy=False,
                                   groups="cnas_base.group_controleur,cnas_base.group_medecin_conseil")
    _champs_geles = ("question_medecin",)

    @transition("rendre_avis")
    def action_rendre_avis(self, avis=None, motif=None, ligne_ids=None):
        """Rend l'avis médical et renvoie la feuille au contrôleur.

        :param avis: `accord`, `partiel` ou `refus` ; vide : ouvre l'assistant
        :param motif: ce qui fonde l'avis, obligatoire
        :param ligne_ids: identifiants des lignes que l'avis refuse ; vide : l'avis vaut pour la feuille entière
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
        refusees = self._lignes_designees(ligne_ids)
        self.env["cnas.avis_medical"].sudo().create([{
            "feuille_id": feuille.id, "avis": avis, "motif": motif, "medecin_id": self.env.uid,
            "ligne_refusee_ids": [fields.Command.set((refusees & feuille.ligne_ids).ids)]} for feuille in self])
        libelle = dict(self.env["cnas.avis_medical"]._fields["avis"]._description_selection(self.env))[avis]
        self._changer_etat("controle", motif_journal=_("Avis médical : %s", libelle))
        self._lever_ce_que_l_avis_tranche(motif)

    def _lignes_designees(self, ids):
        """Rend les lignes de ces feuilles que désignent des identifiants reçus.

        :raise UserError: pas une liste, ou ligne d'une autre feuille
        """
        siennes = set(self.ligne_ids.ids)
        if ids and (not isinstance(ids, (list, tuple)) or any(
                isinstance(i, bool) or not isinstance(i, int) or i not in siennes for i in ids)):
            raise UserError(_("Les lignes choisies doivent être celles de la feuille."))
        return self.env["cnas.feuille_soin.ligne"].browse(ids or [])

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
