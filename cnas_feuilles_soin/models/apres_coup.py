"""Les faits de la vie qui reposent leurs règles aux feuilles déjà décidées ; le reste est dans `feuille_soin/apres_coup.py`."""
from odoo import _, api, fields, models
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.garde import Action, actions, transition

from .feuille_soin.actions import AGENT, OUVERTS


class FaitAppris(models.AbstractModel):
    """Ce qui ouvre et ferme les droits d'une personne : l'écrire repose les règles à ses feuilles déjà décidées.

    Bouton, import, tâche planifiée ou changement à deux : c'est l'écriture qui compte. Une période se coupe puis se
    rouvre, un lien finit puis un autre commence : la question ne se pose qu'une fois, le geste achevé, à la validation.
    """

    _name = "cnas.fait_appris.mixin"
    _description = "Fait appris après coup"

    _champ_personne = ""

    @api.model_create_multi
    def create(self, vals_list):
        faits = super().create(vals_list)
        faits._qui_ferment()._apprendre()
        return faits

    def write(self, vals):
        resultat = super().write(vals)
        if not vals.keys().isdisjoint(("date_debut", "date_fin", "state")):
            self._apprendre()
        return resultat

    def unlink(self):
        self._apprendre()
        return super().unlink()

    def _qui_ferment(self):
        """Point d'extension : ceux qui, à leur création, ferment des droits."""
        return self.browse()

    def _apprendre(self):
        """Note les personnes dont les feuilles sont à revoir à la validation de la transaction."""
        attente = self.env.cr.precommit.data.setdefault("cnas_appris", set())
        if self and not attente:
            self.env.cr.precommit.add(self.env["cnas.assure"].sudo().with_context({})._revoir_les_appris)
        attente.update(self.sudo()[self._champ_personne].ids)


class Assure(models.Model):
    """Décès appris après coup."""

    _inherit = "cnas.assure"

    def write(self, vals):
        """Un décès enregistré ramène les feuilles d'après lui."""
        resultat = super().write(vals)
        if vals.get("date_deces"):
            self._revoir_feuilles()
        return resultat

    @api.model
    def _revoir_les_appris(self):
        self.browse(self.env.cr.precommit.data.pop("cnas_appris", ())).exists()._revoir_feuilles()
        self.env.flush_all()

    def _revoir_feuilles(self):
        """Repose les règles des droits aux feuilles décidées de ces personnes et de leurs ayants droit."""
        self.env["cnas.feuille_soin"]._revoir_apres_coup(self._domaine_de_la_famille())

    def _domaine_de_la_famille(self):
        """Rend le domaine des feuilles de ces personnes et de qui a été de leur famille."""
        return ["|", ("assure_id", "in", self.ids), ("assure_id.lien_ids.principal_id", "in", self.ids)]


class LienFamilial(models.Model):
    """Un lien qui finit, ou s'efface, après coup."""

    _name = "cnas.lien_familial"
    _inherit = ["cnas.lien_familial", "cnas.fait_appris.mixin"]
    _champ_personne = "membre_id"


class ProlongationAge(models.Model):
    """Un justificatif raccourci, ou retiré, après coup."""

    _name = "cnas.prolongation_age"
    _inherit = ["cnas.prolongation_age", "cnas.fait_appris.mixin"]
    _champ_personne = "assure_id"


@actions
class Droit(models.Model):
    """Une période de droits, les feuilles décidées qu'elle ne couvre plus et les rejetées qu'elle couvre désormais."""

    _name = "cnas.droit"
    _inherit = ["cnas.droit", "cnas.fait_appris.mixin"]
    _champ_personne = "assure_id"

    _actions = {
        "reprendre_feuilles": Action(titre=_lt("Reprendre les feuilles rejetées"), de=("ouvert",), roles=(AGENT,),
                                     empeche=("_aucun_rejet_couvert",)),
    }

    rejet_couvert_ids = fields.Many2many(
        "cnas.feuille_soin", string="Feuilles rejetées que la période couvre", compute="_compute_rejet_couvert_ids",
        groups="cnas_base.group_agent")

    @api.depends("date_debut", "date_fin", "state", "assure_id")
    def _compute_rejet_couvert_ids(self):
        for droit in self:
            droit.rejet_couvert_ids = droit._rejets_couverts()

    def _qui_ferment(self):
        return self.filtered(lambda droit: droit.state == "ferme")

    @transition("reprendre_feuilles")
    def action_reprendre_feuilles(self):
        """Reprend les feuilles rejetées que la période couvre, à leur date de dépôt d'origine. Rend True."""
        self._rejets_couverts()._reprendre_au_controle(_("Droits ouverts pour le passé"))

    def _rejets_couverts(self):
        feuilles = self.env["cnas.feuille_soin"]
        for droit in self.filtered(lambda d: d.state == "ouvert" and d.date_debut and isinstance(d.id, int)):
            dates = [("date_soins", ">=", droit.date_debut)]
            if droit.date_fin:
                dates.append(("date_soins", "<=", droit.date_fin))
            feuilles |= feuilles._rejets_couverts([*dates, *droit.assure_id._domaine_de_la_famille()])
        return feuilles

    def _aucun_rejet_couvert(self):
        """Rend {id: phrase} des périodes sans feuille à reprendre."""
        return {droit.id: _("aucune feuille rejetée n'attend cette période.") for droit in self if not droit._rejets_couverts()}


class Carte(models.Model):
    """Perte ou vol déclarés : la feuille du jour et celles d'après reviennent à un contrôleur."""

    _inherit = "cnas.carte"

    def write(self, vals):
        """Une perte datée ramène les feuilles déjà décidées qui portent la carte depuis."""
        resultat = super().write(vals)
        if vals.get("date_perte"):
            self.env["cnas.feuille_soin"]._revoir_apres_coup([("carte_id", "in", self.ids)])
        return resultat


class Suspension(models.Model):
    """Une suspension de formation ou de convention écrite après coup."""

    _inherit = "cnas.suspension"

    @api.model_create_multi
    def create(self, vals_list):
        """Ramène à un contrôleur les feuilles déjà décidées de la période suspendue."""
        suspensions = super().create(vals_list)
        suspensions._revoir_feuilles()
        return suspensions

    def write(self, vals):
        """Une suspension allongée compte autant qu'une neuve."""
        resultat = super().write(vals)
        if {"date_debut", "date_fin"} & vals.keys():
            self._revoir_feuilles()
        return resultat

    def _revoir_feuilles(self):
        self.formation_id._revoir_feuilles(min(self.mapped("date_debut"), default=None))


class Convention(models.Model):
    """Une convention dénoncée, ou dont la fin recule, après coup."""

    _inherit = "cnas.convention"

    def write(self, vals):
        """Ramène à un contrôleur les feuilles déjà décidées que la convention ne couvre plus."""
        resultat = super().write(vals)
        if vals.get("date_fin"):
            self.formation_id._revoir_feuilles(fields.Date.to_date(vals["date_fin"]))
        return resultat


class FormationSanitaire(models.Model):
    """Une fermeture datée du passé."""

    _inherit = "cnas.formation_sanitaire"

    def write(self, vals):
        """Ramène à un contrôleur les feuilles déjà décidées d'après la fermeture."""
        resultat = super().write(vals)
        if vals.get("date_fermeture"):
            self._revoir_feuilles(fields.Date.to_date(vals["date_fermeture"]))
        return resultat

    def _apres_changement_de_type(self, jour):
        """Recopie le type sur les feuilles non décidées de soins donnés depuis `jour` ; les décidées ne bougent pas."""
        feuilles = self.env["cnas.feuille_soin"].sudo().search([
            ("formation_id", "in", self.ids), ("date_soins", ">=", jour), ("state", "in", OUVERTS)])
        for formation, siennes in feuilles.grouped("formation_id").items():
            siennes._ecrire({"type_formation": formation.type_formation, "niveau_formation": formation.niveau})
        return super()._apres_changement_de_type(jour)

    def _revoir_feuilles(self, depuis):
        """Repose les règles de la formation aux feuilles décidées, pour des soins donnés depuis ce jour."""
        if self and depuis:
            self.env["cnas.feuille_soin"]._revoir_apres_coup(
                [("formation_id", "in", self.ids), ("date_soins", ">=", depuis)])
