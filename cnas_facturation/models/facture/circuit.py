import psycopg2

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_montant


class FactureCircuit(models.Model):
    """Transitions de la facture jusqu'à la validation. Chaque action vérifie rôle, état et verrou."""

    _inherit = "cnas.facture"

    peut_valider = fields.Boolean(compute="_compute_peut_decider")
    peut_ordonnancer = fields.Boolean(compute="_compute_peut_decider")
    raison_attente = fields.Char(string="En attente de", compute="_compute_peut_decider")

    @api.depends_context("uid")
    @api.depends("state", "nb_non_decidees", "preparateur_id", "soumetteur_id", "premier_validateur_id", "validateur_id")
    def _compute_peut_decider(self):
        """Ce que l'usager courant peut faire ici, pour ne pas montrer de bouton qui refuserait."""
        superviseur = self.env.user.has_group("cnas_base.group_superviseur")
        finance = self.env.user.has_group("cnas_base.group_finance")
        saisies = self._factures_saisies_par_moi() if superviseur else set()
        for facture in self:
            signataires = (facture.preparateur_id.id, facture.soumetteur_id.id, facture.premier_validateur_id.id)
            quatre_yeux = self.env.uid not in signataires and facture._origin.id not in saisies
            facture.peut_valider = (
                superviseur and facture.state == "controle" and bool(facture.nb_feuilles)
                and not facture.nb_non_decidees and quatre_yeux)
            facture.peut_ordonnancer = (
                finance and facture.state == "validee"
                and self.env.uid not in (facture.validateur_id.id, facture.premier_validateur_id.id))
            facture.raison_attente = facture._phrase_attente(superviseur and not quatre_yeux)

    # ------------------------------------------------------------------ actions publiques
    def action_soumettre(self):
        """La formation (ou l'agent pour elle) remet sa facture à la caisse. Rend True.

        :raise UserError: rôle, facture vide ou déjà soumise
        """
        self._exiger_acces_formation("soumettre une facture")
        self._verrouiller()
        self._exiger_etat(("brouillon",), _("être soumise"))
        self.sudo()._actualiser_montants()
        for facture in self.sudo():
            if not facture.nb_feuilles:
                raise UserError(_("La facture %s ne porte aucune feuille : rassemblez-les d'abord.", facture.numero))
        self.sudo()._changer_etat("soumise", soumetteur_id=self.env.uid, date_soumission=fields.Datetime.now())
        return True

    def action_controler(self):
        """Passe la facture en contrôle et lance le contrôle des feuilles déposées qu'elle porte.

        Au-delà de 2 000 feuilles le contrôle continue en tâche de fond. Rejouable : une facture déjà
        en contrôle relance ses feuilles revenues à l'état déposé. Rend True.
        """
        self._exiger_groupe("cnas_base.group_controleur", "contrôler une facture")
        self._verrouiller()
        self._exiger_etat(("soumise", "controle"), _("être contrôlée"))
        soumises = self.filtered(lambda f: f.state == "soumise")
        if soumises:
            soumises._changer_etat("controle", controleur_id=self.env.uid, date_controle=fields.Datetime.now())
        feuilles = self.env["cnas.feuille_soin"].sudo().search(
            [("facture_id", "in", self.ids), ("state", "=", "deposee")])
        if feuilles:
            feuilles._lancer_controle()
            feuilles.filtered(lambda f: f.state == "controle")._affecter_au_moins_charge()
        self._actualiser_montants()
        return True

    def action_valider(self):
        """Valide la facture, la fige et établit son décompte.

        Au-dessus du seuil daté, la première validation est suivie d'une seconde par une autre
        personne : la facture reste en contrôle entre les deux. Rend True.

        :raise UserError: rôle, quatre yeux, feuille non décidée, montants qui ne tombent pas juste
        """
        self._exiger_groupe("cnas_base.group_superviseur", "valider une facture")
        self._verrouiller()
        self._exiger_etat(("controle",), _("être validée"))
        self._actualiser_montants()
        self._exiger_quatre_yeux_validation()
        self._exiger_feuilles_decidees()
        self._exiger_sommes_justes()
        pretes = self._premiere_validation()
        if pretes:
            pretes._regler_ajustements()
            pretes._changer_etat("validee", validateur_id=self.env.uid, date_validation=fields.Datetime.now())
            pretes.flush_recordset()
            self.env["cnas.decompte"].sudo()._etablir(pretes)
            pretes._notifier_decompte()
        return True

    def action_rejeter(self, motif=None):
        """Rejette une facture soumise ou en contrôle ; ses feuilles pourront être facturées à nouveau.

        :param str motif: obligatoire ; vide, l'assistant de motif s'ouvre et rien n'est écrit
        :return: True, ou l'action de l'assistant
        """
        self._exiger_groupe("cnas_base.group_controleur", "rejeter une facture")
        motif = (motif or "").strip()
        if not motif:
            return self._demander_motif("action_rejeter", _("Rejeter la facture"))
        self._verrouiller()
        self._exiger_etat(("soumise", "controle"), _("être rejetée"))
        self._changer_etat("rejetee", motif_rejet=motif)
        self._informer_formation(_("Facture rejetée"), motif)
        return True

    def action_annuler(self, motif=None):
        """Annule une facture non validée, avec un motif ; ses feuilles redeviennent facturables.

        La formation et l'agent annulent un brouillon ; après soumission il faut le contrôleur.

        :return: True, ou l'action de l'assistant de motif
        """
        self._exiger_acces_formation("annuler une facture")
        if any(f.state != "brouillon" for f in self):
            self._exiger_groupe("cnas_base.group_controleur", "annuler une facture soumise")
        motif = (motif or "").strip()
        if not motif:
            return self._demander_motif("action_annuler", _("Annuler la facture"))
        self._verrouiller()
        self._exiger_etat(("brouillon", "soumise", "controle"), _("être annulée"))
        self.sudo()._changer_etat("annulee", motif_rejet=motif)
        return True

    def action_contre_passer(self, motif=None):
        """Contre-passe le décompte d'une facture validée et rouvre son contrôle.

        Le décompte d'origine reste intact ; un décompte négatif l'annule au franc. Recours et
        compensations qu'il portait redeviennent disponibles. Une facture ordonnancée doit d'abord
        voir ses ordres annulés ; une facture payée se corrige par un indu ou une contestation.

        :return: True, ou l'action de l'assistant de motif
        """
        self._exiger_groupe("cnas_base.group_superviseur", "contre-passer un décompte")
        motif = (motif or "").strip()
        if not motif:
            return self._demander_motif("action_contre_passer", _("Contre-passer le décompte"))
        self._verrouiller()
        self._exiger_etat(("validee",), _("être contre-passée"))
        self.env["cnas.decompte"].sudo()._contre_passer(self, motif)
        self._changer_etat(
            "controle", validateur_id=False, date_validation=False, premier_validateur_id=False,
            date_premiere_validation=False)
        self._rendre_ajustements()
        self._actualiser_montants()
        self._informer_formation(_("Décompte contre-passé"), motif)
        return True

    # ------------------------------------------------------------------ gardes
    def _exiger_etat(self, etats, quoi):
        """Refuse si une facture n'est pas dans l'un des états.

        :param quoi: complément de « ne peut pas » (« être validée »)
        """
        for facture in self:
            if facture.state not in etats:
                raise UserError(_(
                    "La facture %(numero)s est à l'état « %(etat)s » : elle ne peut pas %(quoi)s.",
                    numero=facture.numero, etat=self._libelle_etat(facture.state), quoi=quoi))

    def _verrouiller(self):
        """Réserve les factures jusqu'à la fin de la transaction.

        :raise UserError: un autre usager les tient au même instant
        """
        if not self.ids:
            raise UserError(_("Choisissez au moins une facture."))
        self.flush_recordset()
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    "SELECT id FROM cnas_facture WHERE id IN %s ORDER BY id FOR UPDATE NOWAIT",
                    (tuple(self.ids),), log_exceptions=False)
        except psycopg2.errors.LockNotAvailable:
            raise UserError(_(
                "Un autre usager traite cette facture au même instant : "
                "attendez quelques secondes puis rechargez la page.")) from None
        self.invalidate_recordset()

    def _factures_saisies_par_moi(self):
        """Rend les identifiants des factures dont l'usager courant a saisi au moins une feuille."""
        if not self._origin.ids:
            return set()
        self.env["cnas.feuille_soin"].flush_model(["facture_id", "saisie_par_id"])
        self.env.cr.execute(
            """SELECT DISTINCT facture_id FROM cnas_feuille_soin
                WHERE facture_id IN %(ids)s AND (create_uid = %(uid)s OR saisie_par_id = %(uid)s)""",
            {"ids": tuple(self._origin.ids), "uid": self.env.uid})
        return {facture_id for facture_id, in self.env.cr.fetchall()}

    def _phrase_attente(self, quatre_yeux):
        """Rend la phrase qui dit ce que la facture attend, ou faux."""
        if self.state != "controle":
            return False
        if self.nb_non_decidees:
            return _("%(nb)s feuille(s) à décider avant la validation, dont %(instances)s en instance.",
                     nb=self.nb_non_decidees, instances=self.nb_instances)
        if quatre_yeux:
            return _("Quatre yeux : vous avez préparé, soumis ou saisi cette facture, une autre personne la valide.")
        if self.premier_validateur_id:
            return _("Première validation faite : une seconde personne doit valider.")
        return False

    def _exiger_quatre_yeux_validation(self):
        """Refuse la validation à qui a préparé, soumis, ou saisi une feuille de la facture."""
        saisies = self._factures_saisies_par_moi()
        for facture in self:
            if self.env.uid in (facture.preparateur_id.id, facture.soumetteur_id.id):
                raise UserError(_(
                    "Quatre yeux : vous avez préparé ou soumis la facture %s, une autre personne doit la valider.",
                    facture.numero))
            if facture.id in saisies:
                raise UserError(_(
                    "Quatre yeux : vous avez saisi une feuille de la facture %s, une autre personne doit la valider.",
                    facture.numero))
            if self.env.uid == facture.premier_validateur_id.id:
                raise UserError(_(
                    "La facture %s dépasse le seuil : une seconde personne doit la valider.", facture.numero))

    def _exiger_feuilles_decidees(self):
        """Refuse une facture vide ou dont une feuille attend encore une décision."""
        for facture in self:
            if not facture.nb_feuilles:
                raise UserError(_("La facture %s ne porte aucune feuille.", facture.numero))
            if facture.nb_non_decidees:
                raise UserError(_(
                    "%(nb)s feuille(s) de la facture %(numero)s ne sont pas décidées (dont %(instances)s en "
                    "instance) : décidez-les, ou reportez les instances au mois suivant.",
                    nb=facture.nb_non_decidees, numero=facture.numero, instances=facture.nb_instances))

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
            a_doubler._deverrouiller().write({
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
        contestations._deverrouiller().write({"facture_complement_id": False})
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

    def _informer_formation(self, titre, texte):
        """Publie un message sur la facture, envoyé par courriel aux contacts de la formation."""
        for facture in self.sudo():
            objet, corps = f"{titre} — {facture.numero}", f"{titre} : {texte}"
            facture.with_context(mail_notify_force_send=False).message_post(
                subject=objet, body=corps,
                message_type="comment", subtype_xmlid="mail.mt_comment",
                partner_ids=facture._partenaires_formation().ids)

    def _notifier_decompte(self):
        """Prévient la formation que son décompte est lisible, avec le net et le délai de recours."""
        for facture in self.sudo():
            decompte = facture.decompte_id
            facture._informer_formation(_("Décompte disponible"), _(
                "le décompte %(numero)s de %(mois)s est disponible dans votre espace (/my/formation/decomptes/%(id)s). "
                "Net à payer : %(net)s. Recours possible jusqu'au %(limite)s.",
                numero=decompte.numero, mois=ecrire_mois(facture.periode), id=decompte.id,
                net=ecrire_montant(facture.net_a_payer),
                limite=ecrire_date(decompte.date_limite_recours)))
