from markupsafe import Markup

from odoo import _, api, fields, models

from odoo.addons.cnas_base.arrondi import arrondi_xaf
from odoo.addons.cnas_base.ecriture import ecrire_nombre
from odoo.addons.cnas_base.garde import sans_suivi, transition


class FeuilleSoin(models.Model):
    """Saisie rapide : carte lue, droits aussitôt, tarif et totaux en direct, essai avant dépôt."""

    _inherit = "cnas.feuille_soin"

    carte_lue = fields.Char(string="Carte, QR ou matricule", store=False,
                            help="Lisez la carte ou tapez le matricule : le bénéficiaire et ses droits s'affichent.")
    droits_annonces = fields.Selection([("ouverts", "Droits ouverts"), ("fermes", "Droits fermés")],
                                       string="Droits à la date des soins", compute="_compute_droits_annonces")
    droits_motif = fields.Char(string="Explication des droits", compute="_compute_droits_annonces")
    part_estimee = fields.Monetary(string="Part CNAS estimée", compute="_compute_estimation")
    ticket_estime = fields.Monetary(string="Ticket estimé", compute="_compute_estimation")
    depassement_estime = fields.Monetary(string="Dépassement estimé", compute="_compute_estimation")

    # ------------------------------------------------------------------ en direct
    @api.onchange("carte_lue")
    def _onchange_carte_lue(self):
        """Trouve le bénéficiaire par matricule, numéro de carte ou contenu du QR."""
        texte = (self.carte_lue or "").strip()
        if not texte:
            return None
        morceaux = [morceau for morceau in texte.split("|") if morceau]
        candidats = morceaux if len(morceaux) > 1 else [texte]
        connus = self.env["cnas.assure"].sudo()._resoudre_matricules(candidats)
        assure_id = next((connus[c] for c in candidats if connus.get(c)), False)
        self.carte_lue = False
        if not assure_id:
            return {"warning": {"title": _("Carte non reconnue"), "message": self._phrase_matricule(texte)}}
        self.assure_id = assure_id
        return None

    @api.depends("assure_id", "date_soins")
    def _compute_droits_annonces(self):
        jour_defaut = fields.Date.context_today(self)
        cles = {f: (f.assure_id._origin.id or f.assure_id.id, f.date_soins or jour_defaut) for f in self if f.assure_id}
        droits = self.env["cnas.assure"].sudo()._droits_par_lot(list(set(cles.values())))
        for feuille in self:
            droit = droits.get(cles.get(feuille)) or {}
            feuille.droits_annonces = droit.get("etat", False)
            feuille.droits_motif = droit.get("motif", False)

    @api.depends("ligne_ids.tarif_propose", "ligne_ids.quantite", "ligne_ids.prix_unitaire", "assure_id", "nature",
                 "date_soins")
    def _compute_estimation(self):
        """Estime la part CNAS avant contrôle : tarif et taux seuls, sans les règles ni les plafonds."""
        cles = {}
        for feuille in self:
            for ligne in feuille.ligne_ids:
                if ligne.prestation_id and feuille.assure_id and feuille.date_soins:
                    cles[ligne] = (feuille.assure_id.regime_id.id, ligne.prestation_id.type_prestation,
                                   feuille.nature or "ordinaire", feuille.date_soins)
        taux = self.env["cnas.taux"].sudo()._taux_par_lot(list(set(cles.values())))
        for feuille in self:
            part = base = 0
            for ligne in feuille.ligne_ids:
                base_ligne = int(min(ligne.prix_unitaire, ligne.tarif_propose) * ligne.quantite)
                base += base_ligne
                part += arrondi_xaf(str(base_ligne * (taux.get(cles.get(ligne)) or 0) / 100))
            feuille.part_estimee = part
            feuille.ticket_estime = base - part
            feuille.depassement_estime = sum(feuille.ligne_ids.mapped("montant_facture")) - base

    # ------------------------------------------------------------------ actions
    @transition("verifier_avant_depot")
    def action_verifier_avant_depot(self):
        """Essaie le dépôt et le contrôle sans rien garder, et montre ce que les règles diront.

        :return: l'action qui ouvre le résultat
        :raise UserError: feuille déjà déposée ou impossible à déposer
        """
        self._verifier_avant_depot()
        resultat = self._essayer_depot()
        assistant = self.env["cnas.verification.wizard"].create({"feuille_id": self.id, "resultat": resultat})
        return {"type": "ir.actions.act_window", "name": _("Avant le dépôt"), "res_model": assistant._name,
                "res_id": assistant.id, "view_mode": "form", "views": [(False, "form")], "target": "new"}

    def _essayer_depot(self):
        """Dépose et contrôle dans un point de reprise toujours annulé ; rend le résultat en HTML."""
        etats = dict(self._fields["state"]._description_selection(self.env))
        with sans_suivi(), self.env.cr.savepoint() as reprise:
            essai = self.sudo()
            essai._deposer()
            manque = essai.demande_ids.mapped("motif")
            if essai.state == "deposee":
                essai._controler()
            lignes = Markup("").join(
                Markup("<tr><td>%s</td><td class='text-end'>%s</td><td class='text-end'>%s</td><td>%s</td></tr>") % (
                    ligne.prestation_id.display_name, ecrire_nombre(ligne.montant_facture), ecrire_nombre(ligne.montant_cnas),
                    ligne.explication or "")
                for ligne in essai.ligne_ids)
            motifs = [*manque, *(f"{a.code} — {a.message}" for a in essai.anomalie_ids if a.state == "ouverte")]
            issue, part = etats[essai.state], ecrire_nombre(essai.montant_cnas)
            reprise.rollback()
        self.env.invalidate_all()
        liste = Markup("").join(Markup("<li>%s</li>") % motif for motif in motifs)
        return Markup(
            "<p>%s <b>%s</b> · %s <b>%s</b></p><ul>%s</ul><table class='table table-sm'><thead><tr><th>%s</th>"
            "<th class='text-end'>%s</th><th class='text-end'>%s</th><th>%s</th></tr></thead><tbody>%s</tbody></table>"
        ) % (_("Après dépôt, la feuille serait :"), issue, _("part CNAS"), part,
             liste or Markup("<li>%s</li>") % _("Aucune anomalie."), _("Prestation"), _("Facturé"), _("Part CNAS"),
             _("Calcul"), lignes)
