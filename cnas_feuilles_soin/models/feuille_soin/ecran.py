from markupsafe import Markup

from odoo import _, api, fields, models

from odoo.addons.cnas_base.bilan import bilan, fiche_suivante
from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.impression.langue import en_francais

from ...regles.lecture_motif import dire
from .actions import EN_CONTROLE
from .dossier import GROUPES_DOSSIER

# Au-dessus, les raisons d'un lot ne se lisent plus dans une notification.
RAISONS_MONTREES = 3


class FeuilleSoin(models.Model):
    """Ce que l'écran montre pour juger, et les gestes qui enchaînent ou groupent : chacun rend compte."""

    _inherit = "cnas.feuille_soin"

    matricule = fields.Char(related="assure_id.matricule", string="Matricule")
    resume_beneficiaire = fields.Char(
        string="Patient", compute="_compute_resume_beneficiaire", compute_sudo=True, groups=GROUPES_DOSSIER)
    dernieres_feuilles = fields.Html(
        string="Dernières feuilles", compute="_compute_dernieres_feuilles", sanitize=False, groups=GROUPES_DOSSIER)
    pieces_attendues = fields.Char(string="Pièces attendues", compute="_compute_pieces_attendues", groups=GROUPES_DOSSIER)
    recevabilite = fields.Selection(
        [("recevable", "Recevable"), ("fermes", "Droits fermés"), ("incomplet", "Incomplet")],
        string="Recevabilité", compute="_compute_recevabilite")

    # ------------------------------------------------------------------ calculs
    @api.depends("motif_decision", "anomalie_ids.message")
    @api.depends_context("lang")
    def _compute_motif_lu(self):
        """Le motif écrit par le moteur, dans la langue de qui lit ; celui d'une personne, tel qu'elle l'a écrit."""
        for feuille in self:
            motif = feuille.motif_decision
            if motif and not en_francais(self.env):
                for anomalie in feuille.sudo().anomalie_ids:
                    motif = motif.replace(anomalie.message, anomalie.motif_lu)
                motif = dire((), motif, self.env.lang)
            feuille.motif_lu = motif

    @api.depends("assure_id", "date_soins", "regime_id")
    def _compute_resume_beneficiaire(self):
        genres = dict(self.env["cnas.assure"]._fields["genre"]._description_selection(self.env))
        for feuille in self:
            assure = feuille.assure_id
            age = feuille.date_soins and assure._libelle_age(feuille.date_soins) if assure else ""
            regime = (feuille.regime_id or assure.regime_id).code
            feuille.resume_beneficiaire = " · ".join(filter(None, (age, genres.get(assure.genre), regime)))

    @api.depends("assure_id")
    @api.depends_context("uid")
    def _compute_dernieres_feuilles(self):
        """Les trois feuilles précédentes du même patient, que l'usager peut ouvrir."""
        etats = dict(self._fields["state"]._description_selection(self.env))
        for feuille in self:
            autres = self.search([("assure_id", "=", feuille.assure_id.id), ("id", "!=", feuille._origin.id),
                                  ("state", "not in", ("brouillon", "annulee"))],
                                 order="date_soins desc, id desc", limit=3) if feuille.assure_id else self.browse()
            feuille.dernieres_feuilles = Markup(" · ").join(
                Markup('<a href="/web#id=%s&amp;model=cnas.feuille_soin&amp;view_type=form" target="_blank" title="%s">%s</a>') % (
                    autre.id, autre.formation_id.name,
                    _("%(jour)s %(etat)s", jour=ecrire_date(autre.date_soins), etat=etats[autre.state].lower()))
                for autre in autres) or _("aucune")

    @api.depends("demande_ids.state")
    @api.depends_context("lang")
    def _compute_pieces_attendues(self):
        for feuille in self:
            attendues = feuille.demande_ids.filtered(lambda d: d.state == "en_attente" and d.motif)
            feuille.pieces_attendues = " ; ".join(attendues.mapped("motif_lu"))

    @api.depends("etat_droits", "completude")
    def _compute_recevabilite(self):
        for feuille in self:
            feuille.recevabilite = ("fermes" if feuille.etat_droits == "fermes" else
                                    "incomplet" if feuille.completude == "incomplet" else
                                    "recevable" if feuille.completude == "complet" else False)

    # ------------------------------------------------------------------ gestes
    def action_valider_et_suivante(self):
        """Valide cette feuille et ouvre la suivante de la file de l'usager.

        :return: l'action qui ouvre la suivante, ou le compte rendu s'il n'en reste pas
        """
        self.ensure_one()
        self.action_valider()
        suivante = self.search([("controleur_id", "=", self.env.uid), ("state", "=", "controle")],
                               order="urgence desc, date_depot, id", limit=1)
        fait = _("%s validée.", self.numero)
        return fiche_suivante(suivante, fait) if suivante else bilan(_("%s Votre file est vide : plus rien à juger.", fait))

    def action_controler_lot(self):
        """Contrôle les feuilles choisies et dit combien ont été validées, rejetées, ou restent à juger."""
        choisies = self.filtered(lambda f: f.state in ("deposee", "controle"))
        resultat = choisies.action_controler() if choisies else True
        if isinstance(resultat, dict):
            return resultat
        comptes = {etat: len(lot) for etat, lot in choisies.grouped("state").items()}
        suites = [(_("validées"), ("validee",)), (_("rejetées"), ("rejetee",)), (_("en instance"), ("instance",)),
                  (_("à l'avis du médecin"), ("avis_medical",)), (_("à juger"), ("controle", "deposee"))]
        detail = ", ".join(f"{nombre} {libelle}" for libelle, etats in suites
                           if (nombre := sum(comptes.get(etat, 0) for etat in etats)) or etats != ("instance",)
                           and etats != ("avis_medical",))
        return bilan(_("%(nombre)s contrôlées : %(detail)s.", nombre=len(choisies), detail=detail), choisies._voir(_("Contrôlées")))

    def action_valider_lot(self):
        """Valide, des feuilles choisies, celles qui peuvent l'être ; dit combien, et ce qui retient les autres."""
        self._exiger_groupe(self._actions_du_modele()["valider"].tous_les_roles(), _("valider des feuilles"))
        retenues = self._raisons("valider")
        libres = self.filtered(lambda f: f.id not in retenues)
        if libres:
            libres.action_valider()
        reste = self - libres
        message = _("%(nombre)s choisies : %(validees)s validées, %(reste)s non validées.",
                    nombre=len(self), validees=len(libres), reste=len(reste))
        raisons = list(dict.fromkeys(retenues.values()))[:RAISONS_MONTREES]
        return bilan(" ".join([message, *raisons]), (reste or libres)._voir(_("Non validées") if reste else _("Validées")), bool(reste))

    # ------------------------------------------------------------------ privé
    def _voir(self, titre):
        """Rend l'action qui liste ces feuilles."""
        return {"type": "ir.actions.act_window", "name": titre, "res_model": self._name, "domain": [("id", "in", self.ids)],
                "views": [(False, "list"), (False, "form")]}

    def _demander_motif(self, nom):
        """Demander des pièces : on les coche, on ne les écrit pas."""
        if nom != "demander_pieces":
            return super()._demander_motif(nom)
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.demande_pieces_wizard_action")
        return {**action, "context": {"default_feuille_ids": [fields.Command.set(self.ids)]}}

    def action_ouvrir_transmission(self):
        """Ouvre l'assistant qui pose la question au médecin-conseil."""
        self._exiger("transmettre_medecin")
        action = self.env["ir.actions.act_window"]._for_xml_id("cnas_feuilles_soin.transmission_wizard_action")
        return {**action, "context": {"default_feuille_ids": [fields.Command.set(self.ids)]}}

    def action_transmettre_lot(self):
        """Pose la même question au médecin-conseil sur toutes les feuilles choisies."""
        return self.filtered(lambda f: f.state in EN_CONTROLE).action_ouvrir_transmission()
