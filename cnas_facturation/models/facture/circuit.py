import psycopg2

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_mois, ecrire_montant
from odoo.addons.cnas_base.garde import transition

from .dossier import ETATS_FIGES, beneficiaire

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
        self._rendre_recours()
        self._informer(lambda self: (_("Facture rejetée"), motif, _("lisez pourquoi dans votre espace, ou à votre agence.")))

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule une facture non validée, avec un motif ; ses feuilles redeviennent facturables.

        :return: True, ou l'action de l'assistant de motif
        """
        self._verrouiller()
        self.sudo()._changer_etat("annulee", motif_rejet=motif)
        self._rendre_recours()

    @transition("accepter_ecart")
    def action_accepter_ecart(self):
        """Accepte l'écart entre le total déclaré et celui des feuilles : la formation avant de soumettre, le contrôle ensuite.

        L'accord vaut pour cet écart : si l'un des deux totaux change, il se redemande. Rend True.
        """
        for facture in self:
            champ = facture._champ_ecart()
            facture.sudo()._ecrire({champ: facture.ecart_declare})
            facture.sudo().message_post(body=_(
                "%(phrase)s Écart vu et accepté par %(qui)s.", phrase=facture._phrase_ecart(), qui=self.env.user.name))

    @transition("contre_passer")
    def action_contre_passer(self, motif=None):
        """Contre-passe le décompte d'une facture validée et rouvre son contrôle.

        Le décompte d'origine reste intact ; un décompte négatif l'annule au franc. Recours et
        compensations qu'il portait redeviennent disponibles. Une facture ordonnancée doit d'abord
        voir ses ordres annulés ; une facture payée se corrige par un indu ou une contestation.

        :return: True, ou l'action de l'assistant de motif
        """
        suspendues = self.sudo().contestation_ids.facture_complement_id
        (self | suspendues)._verrouiller()
        self.env["cnas.decompte"].sudo()._contre_passer(self, motif)
        self._changer_etat(
            "controle", validateur_id=False, date_validation=False, premier_validateur_id=False,
            date_premiere_validation=False)
        self._rendre_ajustements()
        # Leur décompte ne tient plus : les recours qu'un complément ouvert allait régler le quittent.
        self.sudo().contestation_ids._ecrire({"facture_complement_id": False})
        (self | suspendues).sudo()._actualiser_montants()
        self._informer(lambda self: (_("Décompte contre-passé"), motif, _("un autre le remplacera.")))

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
        return super()._champs_des_actions() | {
            "nb_feuilles", "nb_non_decidees", "complement_ids", "ecart_declare", "ecart_accepte", "ecart_accepte_caisse", "close",
            "ordonnateur_id", "ordre_ids.state", "ordre_ids.lot_id.state"}

    def _empeche_vide(self):
        """Rend {id: raison} des factures sans feuille, ou des compléments sans recours."""
        pleines, raisons = self._compter_feuilles(), {}
        for facture in self.sudo():
            if facture.nature == "complement" and not facture.complement_ids:
                raisons[facture._origin.id] = _("aucun recours accepté à régler : annulez-la.")
            elif facture.nature != "complement" and facture._origin.id not in pleines:
                raisons[facture._origin.id] = _("aucune feuille : rassemblez-les d'abord.")
        return raisons

    def _champ_ecart(self):
        """Rend le champ où s'écrit l'accord sur l'écart : de qui soumet, puis de la caisse."""
        return "ecart_accepte" if self.state == "brouillon" else "ecart_accepte_caisse"

    def _empeche_ecart(self):
        """Rend {id: raison} des factures dont l'écart entre total déclaré et calculé n'a pas été accepté."""
        return {facture._origin.id: _("%s Corrigez le total déclaré, ou acceptez l'écart.", facture._phrase_ecart())
                for facture in self if facture.ecart_declare and facture.ecart_declare != facture[facture._champ_ecart()]}

    def _empeche_sans_ecart(self):
        """Rend {id: raison} des factures dont aucun écart n'attend d'accord."""
        attendues = self._empeche_ecart()
        return {facture._origin.id: _("aucun écart n'attend d'accord.")
                for facture in self if facture._origin.id not in attendues}

    def _phrase_ecart(self):
        """Rend la phrase qui dit les deux totaux et leur différence."""
        return _("Total déclaré : %(declare)s ; total des feuilles : %(calcule)s ; écart : %(ecart)s.",
                 declare=ecrire_montant(self.montant_declare), calcule=ecrire_montant(self.montant_facture),
                 ecart=ecrire_montant(self.ecart_declare))

    def _empeche_close(self):
        """Rend {id: raison} des factures que leur validation a closes, faute de rien à payer."""
        return {facture._origin.id: _("il n'y a rien à payer : la facture est close, son décompte dit pourquoi.")
                for facture in self if facture.close}

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
                # Réécrite, même sans changement : qui a lu la facture avant nous, et la réserve après, recommence et relit.
                self.env.cr.execute(
                    """WITH reservees AS (SELECT id FROM cnas_facture WHERE id = ANY(%s) ORDER BY id FOR UPDATE NOWAIT)
                       UPDATE cnas_facture f SET write_date = f.write_date FROM reservees WHERE f.id = reservees.id""",
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
        a_doubler = self.filtered(lambda f: f.montant_cnas + f.montant_complement >= seuil and not f.premier_validateur_id)
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
        """Rend disponibles les recours et les indus imputés sur les factures rouvertes ; un complément garde les siens."""
        self.filtered(lambda f: f.nature != "complement")._rendre_recours()
        self.env["cnas.indu"].sudo()._rendre(self)

    def _rendre_recours(self):
        """Rend disponibles les recours imputés sur les factures."""
        self.env["cnas.contestation"].sudo().search([("facture_complement_id", "in", self.ids)])._ecrire(
            {"facture_complement_id": False})

    # ------------------------------------------------------------------ messages
    def _partenaires_formation(self):
        """Rend les contacts à prévenir : la formation payée et ses usagers du portail ; un remboursement ne se dit qu'à l'assuré."""
        self.ensure_one()
        formation = self.sudo().formation_id
        if not formation or self.mode == "remboursement":
            return self.env["res.partner"]
        return formation._contacts_du_portail()

    def _informer(self, ecrire, chemin=None):
        """Publie un message au fil de la facture et le fait parvenir à qui elle paie, dans sa langue, avec un lien qui s'ouvre.

        :param ecrire: fonction qui reçoit la facture et rend (titre, texte), ou (titre, texte, ce que dit le SMS)
        :param chemin: la page que le lien ouvre (défaut : celle de la facture, ou le décompte de l'assuré)
        """
        for facture in self.sudo():
            self.env["cnas.avis"]._donner(
                facture, beneficiaire(facture), lambda self: self._avis(*ecrire(self)), facture._lien(chemin), facture._partenaires_formation())

    def _avis(self, titre, texte, bref=None):
        return f"{titre} — {self.numero}", f"{titre} : {texte}", f"{titre} : {bref or texte}"

    def _lien(self, chemin=None):
        """Rend l'adresse absolue de la page qui en dit plus : l'espace de la formation, ou le décompte de l'assuré."""
        if self.mode == "remboursement":
            return self.decompte_id._url_assure()
        return self.get_base_url() + (chemin or f"/my/formation/factures/{self.id}")

    def _notifier_decompte(self):
        """Prévient qui est payé que son décompte est lisible : le net et le délai de recours, ou pourquoi rien n'est à payer."""
        for facture in self.sudo():
            facture._informer(type(self)._avis_du_decompte, f"/my/formation/decomptes/{facture.decompte_id.id}")

    def _avis_du_decompte(self):
        valeurs = {"numero": self.decompte_id.numero, "mois": ecrire_mois(self.periode), "net": ecrire_montant(self.net_a_payer),
                   "limite": ecrire_date(self.decompte_id.date_limite_recours)}
        if self.close:
            return _("Facture close, rien à payer"), _(
                "le décompte %(numero)s (%(mois)s) ne laisse rien à payer : %(pourquoi)s Recours possible "
                "jusqu'au %(limite)s.", pourquoi=self._pourquoi_close(), **valeurs)
        return _("Décompte disponible"), _("le décompte %(numero)s (%(mois)s) est disponible. Net à payer : %(net)s. Recours possible jusqu'au "
                                           "%(limite)s.", **valeurs)

    def _pourquoi_close(self):
        """Rend la phrase qui dit pourquoi rien n'est à payer : ce qui est rejeté et par quelles règles, ou ce qui est retenu."""
        self.ensure_one()
        if self.montant_compense:
            return _("%s retenus pour rembourser des sommes versées à tort.", ecrire_montant(self.montant_compense))
        motifs = self._motifs_par_facture().get(self.id, [])[:3]
        phrase = _("%(rejete)s rejetés sur %(facture)s facturés.", rejete=ecrire_montant(self.montant_rejete),
                   facture=ecrire_montant(self.montant_facture))
        if motifs:
            lus = ", ".join(f"{code} {nom} ({nombre})" for code, nom, _s, nombre, _m in motifs)
            phrase += " " + _("Motifs : %s.", lus)
        return phrase
