from odoo import _, api, models

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.jour import jour_de

from ...liquidation import execution
from ...regles.registre import REGLES

# Ce qui ferme des droits : un rejet pour ces seules raisons tombe quand ils s'ouvrent pour le passé.
DROITS = ("DRT-02", "DRT-03", "DRT-04", "DRT-05", "DRT-06", "DRT-07")
# Ce qui s'apprend après coup d'une personne, d'une carte ou d'une formation.
APPRIS = ("DRT-02", "DRT-04", "DRT-05", "DRT-06", "DRT-10", "FOR-01", "FOR-02")


class FeuilleSoin(models.Model):
    """Ce que la vie change après coup : les règles sont reposées aux feuilles décidées, un humain tranche.

    Une feuille validée revient à un contrôleur ; une feuille payée ne se recalcule jamais, un indu est proposé ; un
    rejet que les droits couvrent désormais se reprend à sa date de dépôt d'origine.
    """

    _inherit = "cnas.feuille_soin"

    _passages = {"validee": ("controle",)}

    # ------------------------------------------------------------------ décidées à tort
    def _revoir_apres_coup(self, domaine):
        """Repose les règles des faits appris aux feuilles décidées du domaine.

        :param domaine: domaine de recherche (personnes, carte, formation, dates)
        :return: les feuilles touchées
        """
        decidees = self.sudo().search([("state", "in", ("validee", "payee")), *domaine])
        constats = decidees._simuler(APPRIS)
        touchees = decidees.filtered(lambda f: f.id in constats)
        libres = touchees._rappelables()
        libres._rappeler({f.id: constats[f.id] for f in libres})
        (touchees - libres)._proposer_indus({f.id: constats[f.id] for f in touchees - libres})
        return touchees

    def _simuler(self, codes):
        """Rend {feuille: [constats]} des feuilles où l'une de ces règles parle aujourd'hui."""
        if not self:
            return {}
        return {feuille.id: feuille.anomalies for lot in execution.simuler(self.env, REGLES, self.ids, codes=codes)
                for feuille in lot.feuilles if feuille.anomalies}

    def _rappelables(self):
        """Rend celles qu'un contrôleur peut encore reprendre. Point d'extension : la facturation retient les autres."""
        return self.filtered(lambda f: f.state == "validee")

    def _rappeler(self, constats):
        """Ramène des feuilles validées à un contrôleur, chacune avec ce qui vient d'être appris."""
        if not self:
            return
        self._changer_etat("controle", motif_journal=_("Fait appris après la validation"))
        self.env["cnas.anomalie"].sudo()._creer([{
            "feuille_id": feuille.id, "regle_id": constat.regle.id, "severite": "signalement", "message": constat.message,
            "ordre": constat.ordre, "version": constat.regle.version, "montant_avant": feuille.montant_cnas,
            "montant_apres": feuille.montant_cnas} for feuille in self for constat in constats[feuille.id]])
        self._affecter_au_moins_charge()

    def _proposer_indus(self, constats):
        """Prévient les superviseurs des feuilles payées à tort. Point d'extension : la facturation constate l'indu."""
        superviseurs = self.env.ref("cnas_base.group_superviseur").users
        for feuille in self:
            feuille._alerter(superviseurs.filtered(lambda u, f=feuille: f.agence_id in u.agence_ids)[:1] or superviseurs[:1],
                             _("Payée à tort"), " ; ".join(c.message for c in constats[feuille.id]))

    # ------------------------------------------------------------------ rejetées à tort
    @api.model
    def _regles_de_droits(self):
        """Point d'extension : rend les codes des règles qui rejettent faute de droits."""
        return DROITS

    def _rejets_couverts(self, domaine):
        """Rend les feuilles rejetées faute de droits, jamais reprises, que les droits couvrent aujourd'hui."""
        droits = self._regles_de_droits()
        rejetees = self.sudo().search([
            ("state", "=", "rejetee"), ("decidee_par_id", "=", False), ("anomalie_ids.regle_id.code", "in", droits), *domaine])
        rejetees = rejetees.filtered(lambda f: all(r.state == "annulee" for r in f.reprise_ids))
        return rejetees - rejetees.browse(rejetees._simuler(droits))

    def _reprendre_au_controle(self, motif):
        """Reprend des rejets, pièces comprises, et les dépose à leur date d'origine. Rend les nouvelles feuilles."""
        nouvelles = self.browse().union(*(feuille._copier_reprise() for feuille in self))
        nouvelles._deposer()
        for feuille, nouvelle in zip(self, nouvelles):
            feuille.sudo()._message_log(body=_("%(motif)s : reprise sous le numéro %(numero)s.",
                                               motif=motif, numero=nouvelle.numero))
        return nouvelles

    def _phrase_deja_close(self):
        """Rend ce qu'on répond à qui renvoie une feuille rejetée ou annulée."""
        motif = self.motif_decision or ""
        jour = ecrire_date(self.date_decision and jour_de(self.date_decision), "")
        if self.state == "annulee":
            return _("Cette feuille a été annulée le %(jour)s (dossier %(numero)s : %(motif)s) : si les soins sont dus, "
                     "envoyez-la sous une autre référence.", jour=jour, numero=self.display_name, motif=motif)
        reprise = self.reprise_ids.filtered(lambda f: f.state != "annulee")[:1]
        if reprise:
            return _("Cette feuille a été rejetée le %(jour)s (%(motif)s), puis reprise : suivez le dossier %(reprise)s.",
                     jour=jour, motif=motif, reprise=reprise.display_name)
        return _("Cette feuille a été rejetée le %(jour)s (dossier %(numero)s : %(motif)s). Demandez à la CNAS de la reprendre, "
                 "ou corrigez-la et envoyez-la sous une autre référence.",
                 jour=jour, numero=self.display_name, motif=motif)
