from markupsafe import Markup

from odoo import _, api, fields, models

from odoo.addons.cnas_assures.qr import texte_de_carte
from odoo.addons.cnas_base.ecriture import ecrire_nombre
from odoo.addons.cnas_base.garde import sans_suivi, transition
from odoo.addons.cnas_base.jour import aujourd_hui

from ...liquidation import execution
from ...regles.registre import REGLES


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
    rejete_estime = fields.Monetary(string="Rejet estimé", compute="_compute_estimation")

    # ------------------------------------------------------------------ en direct
    @api.onchange("carte_lue")
    def _onchange_carte_lue(self):
        """Trouve le bénéficiaire par matricule, numéro de carte ou contenu du QR."""
        texte = (self.carte_lue or "").strip()
        if not texte:
            return None
        if "|" in texte_de_carte(texte) and not self.env["cnas.carte"].sudo()._lire_qr(texte):
            self.carte_lue = False
            return {"warning": {"title": _("Carte non reconnue"),
                                "message": _("Ce code QR n'a pas été signé par la CNAS : vérifiez la carte.")}}
        texte = texte_de_carte(texte)
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
        jour_defaut = aujourd_hui()
        cles = {f: (f.assure_id._origin.id or f.assure_id.id, f.date_soins or jour_defaut) for f in self if f.assure_id}
        droits = self.env["cnas.assure"].sudo()._droits_par_lot(list(set(cles.values())))
        for feuille in self:
            droit = droits.get(cles.get(feuille)) or {}
            feuille.droits_annonces = droit.get("etat", False)
            feuille.droits_motif = droit.get("motif", False)

    @api.depends("ligne_ids.prestation_id", "ligne_ids.quantite", "ligne_ids.prix_unitaire", "assure_id", "formation_id",
                 "nature", "date_soins", "date_fin_soins", "date_depot", "type_soins", "mode", "urgence", "praticien_id",
                 "pathologie_id", "state")
    def _compute_estimation(self):
        """Estime le contrôle à venir : le moteur, toutes règles et plafonds compris, sur le dossier tel qu'il est saisi."""
        montants = self.sudo()._estimer()
        for feuille in self:
            feuille.part_estimee, feuille.ticket_estime, feuille.depassement_estime, feuille.rejete_estime = (
                montants.get(feuille, (0, 0, 0, 0)))

    def _estimer(self):
        """Rend {feuille: (part, ticket, dépassement, rejeté)} de ce qui n'est pas contrôlé, enregistré ou non."""
        return {feuille: (f.part, f.ticket, f.depassement, f.rejete) for feuille, f in self._juger_a_blanc()}

    def _juger_a_blanc(self, pieces=None):
        """Rend [(feuille, ce qu'en dit le moteur)] de ce qui n'est pas contrôlé, enregistré ou non ; rien ne s'écrit.

        :param pieces: {feuille: types des pièces qu'elle portera}
        """
        dossiers, rangs, lignes = {}, [], []
        for numero, feuille in enumerate(self, 1):
            saisies = feuille.ligne_ids.filtered("prestation_id")
            if (feuille.state not in ("brouillon", "deposee") or not saisies
                    or not (feuille.assure_id and feuille.formation_id and feuille.date_soins)):
                continue
            ident = feuille._origin.id or -numero
            dossiers[ident] = feuille
            rangs.append({**_en_rang(feuille), "id": ident})
            lignes += [{**_en_rang(ligne), "id": ligne._origin.id or -len(lignes) - rang, "feuille_id": ident}
                       for rang, ligne in enumerate(saisies, 1)]
        if not rangs:
            return []
        jointes = {ident: pieces[feuille] for ident, feuille in dossiers.items() if feuille in pieces} if pieces else {}
        lot = execution.estimer(self.env, REGLES, rangs, lignes, jointes)
        return [(dossiers[f.id], f) for f in lot.feuilles]

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
            if essai.state == "deposee":
                essai._controler()
            lignes = Markup("").join(
                Markup("<tr><td>%s</td><td class='text-end'>%s</td><td class='text-end'>%s</td><td>%s</td></tr>") % (
                    ligne.prestation_id.display_name, ecrire_nombre(ligne.montant_facture), ecrire_nombre(ligne.montant_cnas),
                    ligne.explication or "")
                for ligne in essai.ligne_ids)
            motifs = [f"{a.code} — {a.motif_lu}" for a in essai.anomalie_ids if a.state == "ouverte"]
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


def _en_rang(saisie):
    """Rend {colonne: valeur} de ce qui est saisi, même jamais enregistré."""
    rang = {}
    for nom, champ in saisie._fields.items():
        if champ.store and champ.column_type:
            valeur = saisie[nom]
            if champ.type == "many2one":
                valeur = valeur._origin.id
            rang[nom] = valeur or (None if champ.type != "boolean" else False)
    return rang
