import psycopg2
from markupsafe import Markup

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_montant
from odoo.addons.cnas_base.garde import transition

from .dossier import ETATS_FIGES

ETATS_DECIDES = ("validee", "rejetee", "payee")


class FactureCircuit(models.Model):
    """La facture jusqu'à la validation : l'effet de chaque action de la table, et ce qui la retient."""

    _inherit = "cnas.facture"

    # ------------------------------------------------------------------ actions publiques
    @transition("soumettre")
    def action_soumettre(self):
        """La formation (ou l'agent pour elle) remet sa facture à la caisse. Rend True."""
        self._verrouiller()
        self.sudo()._actualiser_montants()
        self.sudo()._changer_etat("soumise", soumetteur_id=self.env.uid, date_soumission=fields.Datetime.now())

    @transition("controler")
    def action_controler(self):
        """Passe la facture en contrôle et lance le contrôle des feuilles déposées qu'elle porte.

        Au-delà de 2 000 feuilles le contrôle continue en tâche de fond. Rejouable : une facture déjà
        en contrôle relance ses feuilles revenues à l'état déposé. Rend True.
        """
        self._verrouiller()
        soumises = self.filtered(lambda f: f.state == "soumise")
        if soumises:
            soumises._changer_etat("controle", controleur_id=self.env.uid, date_controle=fields.Datetime.now())
        feuilles = self.env["cnas.feuille_soin"].sudo().search(
            [("facture_id", "in", self.ids), ("state", "=", "deposee")])
        if feuilles:
            feuilles._lancer_controle()
            feuilles.filtered(lambda f: f.state == "controle")._affecter_au_moins_charge()
        self._actualiser_montants()

    @transition("valider")
    def action_valider(self):
        """Valide la facture, la fige et établit son décompte.

        Au-dessus du seuil daté, la première validation est suivie d'une seconde par une autre
        personne : la facture reste en contrôle entre les deux. Rend True.

        :raise UserError: montants qui ne tombent pas juste
        """
        self._verrouiller()
        self._actualiser_montants()
        self._exiger_sommes_justes()
        pretes = self._premiere_validation()
        if pretes:
            pretes._regler_ajustements()
            pretes._changer_etat("validee", validateur_id=self.env.uid, date_validation=fields.Datetime.now())
            pretes.flush_recordset()
            self.env["cnas.decompte"].sudo()._etablir(pretes)
            pretes._notifier_decompte()

    @transition("rejeter")
    def action_rejeter(self, motif=None):
        """Rejette une facture soumise ou en contrôle ; ses feuilles pourront être facturées à nouveau.

        :param str motif: obligatoire ; vide, l'assistant de motif s'ouvre et rien n'est écrit
        :return: True, ou l'action de l'assistant
        """
        self._verrouiller()
        self._changer_etat("rejetee", motif_rejet=motif)
        self._informer_formation(_("Facture rejetée"), motif)

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule une facture non validée, avec un motif ; ses feuilles redeviennent facturables.

        :return: True, ou l'action de l'assistant de motif
        """
        self._verrouiller()
        self.sudo()._changer_etat("annulee", motif_rejet=motif)

    @transition("contre_passer")
    def action_contre_passer(self, motif=None):
        """Contre-passe le décompte d'une facture validée et rouvre son contrôle.

        Le décompte d'origine reste intact ; un décompte négatif l'annule au franc. Recours et
        compensations qu'il portait redeviennent disponibles. Une facture ordonnancée doit d'abord
        voir ses ordres annulés ; une facture payée se corrige par un indu ou une contestation.

        :return: True, ou l'action de l'assistant de motif
        """
        self._verrouiller()
        self.env["cnas.decompte"].sudo()._contre_passer(self, motif)
        self._changer_etat(
            "controle", validateur_id=False, date_validation=False, premier_validateur_id=False,
            date_premiere_validation=False)
        self._rendre_ajustements()
        self._actualiser_montants()
        self._informer_formation(_("Décompte contre-passé"), motif)

    def _empeche_de_contre_passer(self):
        """Rend {id: raison} des factures sans décompte à contre-passer, ou dont un recours est réglé sur une autre."""
        raisons = {facture.id: _("elle n'a pas de décompte à contre-passer.")
                   for facture in self.sudo() if not facture.decompte_id}
        # Recontrôlées, ses feuilles pourraient payer une seconde fois ce que le recours a obtenu.
        for recours in self.sudo().contestation_ids.filtered(lambda c: c.facture_complement_id.state in ETATS_FIGES):
            raisons[recours.facture_id.id] = _(
                "le recours %(recours)s contre son décompte est déjà réglé sur %(facture)s : contre-passez d'abord "
                "celle-ci ou, si elle est payée, corrigez par un indu.",
                recours=recours.numero, facture=recours.facture_complement_id.numero)
        return raisons

    # ------------------------------------------------------------------ gardes
    def _champs_des_actions(self):
        return super()._champs_des_actions() | {"nb_feuilles", "nb_non_decidees"}

    def _empeche_vide(self):
        """Rend {id: raison} des factures sans feuille."""
        pleines = self._compter_feuilles()
        return {facture._origin.id: _("aucune feuille : rassemblez-les d'abord.")
                for facture in self if facture._origin.id not in pleines}

    def _empeche_non_decidee(self):
        """Rend {id: raison} des factures dont une feuille attend encore une décision."""
        raisons = {}
        for facture_id, etats in self._compter_feuilles().items():
            attente = sum(nombre for etat, nombre in etats.items() if etat not in ETATS_DECIDES)
            if attente:
                raisons[facture_id] = _(
                    "%(nb)s feuille(s) ne sont pas décidées (dont %(instances)s en instance) : décidez-les, ou "
                    "reportez les instances au mois suivant.", nb=attente, instances=etats.get("instance", 0))
        return raisons

    def _empeche_saisie_par_moi(self):
        """Rend {id: raison} des factures dont l'usager courant a saisi au moins une feuille."""
        self.env["cnas.feuille_soin"].flush_model(["facture_id", "saisie_par_id"])
        self.env.cr.execute(
            """SELECT DISTINCT facture_id FROM cnas_feuille_soin
                WHERE facture_id = ANY(%(ids)s) AND (create_uid = %(uid)s OR saisie_par_id = %(uid)s)""",
            {"ids": self._origin.ids, "uid": self.env.uid})
        return {facture_id: _("Quatre yeux : vous avez saisi une feuille, une autre personne doit valider.")
                for facture_id, in self.env.cr.fetchall()}

    def _compter_feuilles(self):
        """Rend {facture_id: {état: nombre de feuilles}}, lu dans les feuilles en une requête."""
        comptes = {}
        for facture, etat, nombre in self.env["cnas.feuille_soin"].sudo()._read_group(
                [("facture_id", "in", self._origin.ids)], ["facture_id", "state"], ["__count"]):
            comptes.setdefault(facture.id, {})[etat] = nombre
        return comptes

    def _verrouiller(self):
        """Réserve les factures jusqu'à la fin de la transaction.

        :raise UserError: un autre usager les tient au même instant
        """
        self.flush_recordset()
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    "SELECT id FROM cnas_facture WHERE id = ANY(%s) ORDER BY id FOR UPDATE NOWAIT",
                    (self.ids,), log_exceptions=False)
        except psycopg2.errors.LockNotAvailable:
            raise UserError(_(
                "Un autre usager traite cette facture au même instant : "
                "attendez quelques secondes puis rechargez la page.")) from None
        self.invalidate_recordset()

    def _exiger_sommes_justes(self):
        """Refuse si, sur une feuille, Σ lignes ≠ feuille ou facturé ≠ part + ticket + dépassement + rejeté."""
        self.env.cr.execute("""
            SELECT COALESCE(fs.numero, fs.reference, fs.id::text)
              FROM cnas_feuille_soin fs
              LEFT JOIN cnas_feuille_soin_ligne l ON l.feuille_id = fs.id
             WHERE fs.facture_id IN %s
             GROUP BY fs.id
            HAVING COALESCE(SUM(l.montant_facture), 0) <> COALESCE(fs.montant_facture, 0)
                OR COALESCE(SUM(l.montant_cnas), 0) <> COALESCE(fs.montant_cnas, 0)
                OR COALESCE(fs.montant_facture, 0) <> COALESCE(fs.montant_cnas, 0)
                   + COALESCE(fs.ticket_moderateur, 0) + COALESCE(fs.depassement, 0) + COALESCE(fs.montant_rejete, 0)
             LIMIT 5""", (tuple(self.ids),))
        fausses = [numero for numero, in self.env.cr.fetchall()]
        if fausses:
            raise UserError(_(
                "Les montants de ces feuilles ne tombent pas juste, relancez leur contrôle : %s.",
                ", ".join(fausses)))

    def _premiere_validation(self):
        """Signe la première validation des factures au-dessus du seuil ; rend celles à valider maintenant."""
        seuil = self.env["cnas.parametre"]._au("seuil_seconde_validation")
        a_doubler = self.filtered(lambda f: f.montant_cnas >= seuil and not f.premier_validateur_id)
        if a_doubler:
            a_doubler._ecrire({
                "premier_validateur_id": self.env.uid, "date_premiere_validation": fields.Datetime.now()})
            for facture in a_doubler:
                facture.message_post(body=_(
                    "Première validation. La part CNAS atteint le seuil de %s : "
                    "une seconde personne doit valider.", ecrire_montant(seuil)))
        return self - a_doubler

    def _regler_ajustements(self):
        """Impute sur les factures les recours acceptés puis compense les indus, et refait les nets."""
        self.env["cnas.contestation"].sudo()._imputer(self)
        self._actualiser_montants()
        self.env["cnas.indu"].sudo()._compenser(self)
        self._actualiser_montants()

    def _rendre_ajustements(self):
        """Rend disponibles les recours et les indus imputés sur les factures rouvertes."""
        contestations = self.env["cnas.contestation"].sudo().search([("facture_complement_id", "in", self.ids)])
        contestations._ecrire({"facture_complement_id": False})
        self.env["cnas.indu"].sudo()._rendre(self)

    # ------------------------------------------------------------------ messages
    def _partenaires_formation(self):
        """Rend les contacts à prévenir : la formation et ses usagers du portail."""
        self.ensure_one()
        formation = self.sudo().formation_id
        if not formation:
            return self.env["res.partner"]
        usagers = self.env["res.users"].sudo().search([("formation_ids", "in", formation.ids)])
        return formation.partner_id | usagers.partner_id

    def _informer_formation(self, titre, texte, page=None):
        """Publie un message sur la facture, envoyé par courriel aux contacts de la formation.

        :param page: la page de son espace où elle le lit
        """
        for facture in self.sudo():
            objet, corps = f"{titre} — {facture.numero}", Markup("<p>%s : %s</p>") % (titre, texte)
            if page:
                corps += Markup('<p><a href="%s%s">%s</a></p>') % (facture.get_base_url(), page, _("Ouvrir dans votre espace"))
            facture.with_context(mail_notify_force_send=False).message_post(
                subject=objet, body=corps,
                message_type="comment", subtype_xmlid="mail.mt_comment",
                partner_ids=facture._partenaires_formation().ids)

    def _notifier_decompte(self):
        """Prévient la formation que son décompte est lisible, avec le net et le délai de recours."""
        for facture in self.sudo():
            decompte = facture.decompte_id
            facture._informer_formation(_("Décompte disponible"), _(
                "le décompte %(numero)s de %(mois)s est disponible dans votre espace. "
                "Net à payer : %(net)s. Recours possible jusqu'au %(limite)s.",
                numero=decompte.numero, mois=ecrire_mois(facture.periode),
                net=ecrire_montant(facture.net_a_payer),
                limite=ecrire_date(decompte.date_limite_recours)), f"/my/formation/decomptes/{decompte.id}")
