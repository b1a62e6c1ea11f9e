from datetime import timedelta

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import hmac

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_montant
from odoo.addons.cnas_base.jeton import fiche_du_jeton
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_entier, lire_montant, lire_motif

from ..report.entente_pdf import dessiner_reponses

TAILLE_SCEAU = 32


class EntentePrealable(models.Model):
    """L'entente vue de la formation : la demander, compter le temps qui reste, en garder la réponse sur papier."""

    _inherit = "cnas.entente_prealable"

    compte_a_rebours = fields.Char(string="Temps qui reste", compute="_compute_compte_a_rebours", compute_sudo=True)

    @api.depends("state", "date_limite")
    def _compute_compte_a_rebours(self):
        maintenant = fields.Datetime.now()
        for entente in self:
            attend = entente.state in ("demandee", "examen") and entente.date_limite
            ecart = attend and entente.date_limite - maintenant
            entente.compte_a_rebours = attend and (
                _("reste %s", _duree(ecart)) if ecart >= timedelta(0) else _("en retard de %s", _duree(-ecart)))

    # ------------------------------------------------------------------ métier
    @api.model
    def _demander(self, formation, lue, photos):
        """Enregistre la demande d'une formation, entièrement ou pas du tout.

        :param dict lue: textes saisis : matricule, prestation, quantite, montant, date_prevue, pathologie, justification ; urgence
        :param photos: [(nom, octets, type)]
        :return: l'entente
        :raise UserError: ce qu'il faut corriger
        """
        assures = self.env["cnas.assure"].sudo()
        self.env["cnas.journal"]._exiger_debit("verification_droits")
        assure_id, refus = assures._chercher_matricule(lue["matricule"])
        if not assure_id:
            raise UserError(refus)
        justification = lire_motif(lue["justification"], 4000)
        if not justification:
            raise UserError(_("Écrivez la justification médicale."))
        assures.with_user(self.env.user)._tracer_verification(lue["matricule"], aujourd_hui(), assure_id)
        entente = self.sudo().create({
            "formation_id": formation.id, "assure_id": assure_id, "prestation_id": self._prestation_demandee(lue["prestation"]).id,
            "quantite_demandee": lire_entier(lue["quantite"] or 1, quoi=_("La quantité"), minimum=1, maximum=10_000),
            "montant_demande": lire_montant(lue["montant"], 0, quoi=_("Montant estimé")) or 0,
            "date_prevue": lire_date(lue["date_prevue"], False, quoi=_("Date prévue des soins")) or False,
            "pathologie_id": self._pathologie_demandee(lue["pathologie"]).id, "urgence": lue["urgence"], "justification": justification})
        entente._joindre_recus("piece_ids", photos)
        return entente

    def _annoncer_decision(self):
        """Point d'extension : la facturation, qui sait écrire aux formations, les prévient."""

    def _phrase_decision(self):
        """Rend ce que la formation apprend d'une décision, sans dire ni le patient ni le soin : son espace dit le reste."""
        self.ensure_one()
        if self.state == "refusee":
            return _("la demande %s est refusée. Le motif est dans votre espace.", self.numero)
        return _("la demande %(numero)s est accordée, du %(debut)s au %(fin)s. La réponse à imprimer est dans votre espace.",
                 numero=self.numero, debut=ecrire_date(self.date_debut), fin=ecrire_date(self.date_fin))

    def _prestation_demandee(self, code):
        prestations = self.env["cnas.prestation"].sudo()
        prestation = prestations.browse(prestations._prestations_par_code([code]).get(code) if code else [])
        if not prestation:
            raise UserError(_("Choisissez la prestation : code inconnu « %s ».", code[:64]))
        if not prestation.entente_prealable:
            raise UserError(_("« %s » n'exige pas d'entente préalable : facturez-la sans la demander.", prestation.name))
        return prestation

    def _pathologie_demandee(self, code):
        pathologie = self.env["cnas.pathologie"].sudo().search([("code", "=", code.upper())], limit=1) if code else None
        if code and not pathologie:
            raise UserError(_("Diagnostic inconnu : « %s ».", code[:32]))
        return pathologie or self.env["cnas.pathologie"]

    # ------------------------------------------------------------------ papier
    def _pdf(self):
        """Rend le PDF de la réponse (bytes)."""
        return dessiner_reponses(self)

    def _destinataire(self):
        return self.formation_id

    def _url_verification(self):
        """Rend l'adresse absolue que lit le QR de la réponse."""
        self.ensure_one()
        return f"{self.get_base_url()}/cnas/verifier/entente/{self.id}-{self._sceau()}"

    def _sceau(self):
        return hmac(self.env(su=True), "cnas_entente", (
            self.id, self.numero, self.state == "refusee", self.quantite_accordee, str(self.date_debut), str(self.date_fin)))[:TAILLE_SCEAU]

    @api.model
    def _trouver_par_jeton(self, jeton):
        """Rend l'entente de ce jeton, ou un ensemble vide."""
        return fiche_du_jeton(self.sudo(), jeton, lambda entente: entente._sceau())

    def _montant_dit(self):
        return ecrire_montant(self.montant_accorde) if self.montant_accorde else _("selon le tarif")


def _duree(ecart):
    """« 1 h 20 », « 2 j 3 h »."""
    minutes = int(ecart.total_seconds() // 60)
    jours, heures = divmod(minutes // 60, 24)
    return f"{jours} j {heures} h" if jours else f"{heures} h {minutes % 60:02d}"
