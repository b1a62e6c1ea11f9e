from odoo import _, api, fields, models
from odoo.exceptions import UserError

AGENT = "cnas_base.group_agent"
CONTROLEUR = "cnas_base.group_controleur"
MEDECIN = "cnas_base.group_medecin_conseil"
SUPERVISEUR = "cnas_base.group_superviseur"


class FeuilleSoin(models.Model):
    """Le circuit : qui mène la feuille d'un état à l'autre, et à quelles conditions.

    | action | rôle | depuis | vers |
    |---|---|---|---|
    | contrôler | contrôleur | déposée, à contrôler | validée, rejetée, instance, avis, à contrôler |
    | demander des pièces | agent | déposée, à contrôler, avis | instance |
    | régulariser | agent | instance | déposée |
    | transmettre au médecin | contrôleur | déposée, à contrôler | avis médical |
    | valider | contrôleur, pas celui qui a saisi | à contrôler, avis rendu | validée |
    | rejeter | contrôleur, pas celui qui a saisi | tout état ouvert | rejetée |
    | annuler | agent avant contrôle, superviseur ensuite | tout état non payé | annulée |
    """

    _inherit = "cnas.feuille_soin"

    peut_juger = fields.Boolean(string="Peut décider", compute="_compute_peut_juger",
                                help="Faux pour qui a saisi ou déposé la feuille (quatre yeux).")
    passage_ids = fields.One2many("cnas.feuille_soin.passage", "feuille_id", string="Journal")

    @api.depends_context("uid")
    @api.depends("saisie_par_id", "deposee_par_id")
    def _compute_peut_juger(self):
        for feuille in self:
            dossier = feuille.sudo()
            feuille.peut_juger = self.env.user not in (
                dossier.create_uid | dossier.saisie_par_id | dossier.deposee_par_id)

    # ------------------------------------------------------------------ actions
    def action_controler(self):
        """Évalue les règles et calcule les montants ; ce qui est déjà décidé ou suspendu n'est pas touché.

        :return: True ; au-dessus de 2 000 feuilles, l'action qui ouvre le traitement de fond
        :raise UserError: feuille en brouillon ou annulée
        """
        self._exiger_groupe(CONTROLEUR, _("contrôler une feuille"))
        for feuille in self:
            if feuille.state in ("brouillon", "annulee"):
                raise UserError(_("La feuille « %(nom)s » est à l'état « %(etat)s » : déposez-la avant de la contrôler.",
                                  nom=feuille.display_name, etat=feuille._libelle_etat(feuille.state)))
        a_controler = self.filtered(lambda f: f.state in ("deposee", "controle"))
        if not a_controler:
            return True
        lot = a_controler._lancer_controle()
        if lot:
            return {"type": "ir.actions.act_window", "name": _("Contrôle en cours"), "res_model": lot._name,
                    "res_id": lot.id, "view_mode": "form", "views": [(False, "form")]}
        a_controler._affecter_au_moins_charge()
        return True

    def action_demander_pieces(self, motif=None):
        """Suspend les feuilles et ouvre une demande de pièces datée.

        :param motif: ce qui manque ; vide : rend l'assistant qui le demande
        :return: True ou l'assistant
        """
        self._exiger_groupe(AGENT, _("demander des pièces"))
        self._exiger_etats(("deposee", "controle", "avis_medical"), _("se met en instance"))
        motif = self._lire_motif(motif)
        if not motif:
            return self._demander_motif("action_demander_pieces", _("Demander des pièces"))
        self._changer_etat("instance", completude="incomplet", motif_journal=motif)
        self._ouvrir_demandes({feuille.id: [motif] for feuille in self})
        self._prevenir_formation(_("Pièces attendues"))
        return True

    def action_regulariser(self):
        """Ferme la demande de pièces et remet la feuille dans le circuit.

        :return: True
        :raise UserError: une pièce exigée ou le diagnostic manque encore
        """
        self._exiger_groupe(AGENT, _("régulariser une feuille"))
        self._exiger_etats(("instance",), _("se régularise"))
        recevabilite = self._calculer_recevabilite()
        for feuille in self:
            manque = recevabilite[feuille.id]["manque"]
            if manque:
                raise UserError(_("La feuille %(numero)s reste en instance, il manque : %(manque)s.",
                                  numero=feuille.display_name, manque=", ".join(manque)))
        self._fermer_demandes("satisfaite")
        self._changer_etat("deposee", date_limite_instance=False, motif_journal=_("Régularisation"))
        self.sudo()._affecter_au_moins_charge()
        return True

    def action_transmettre_medecin(self):
        """Demande l'avis du médecin-conseil.

        :return: True
        """
        self._exiger_groupe(CONTROLEUR, _("transmettre au médecin-conseil"))
        self._exiger_etats(("deposee", "controle"), _("se transmet au médecin-conseil"))
        self._changer_etat("avis_medical", motif_journal=_("Avis médical demandé"))
        return True

    def action_valider(self):
        """Valide les feuilles contrôlées : quatre yeux, plus aucun signalement ouvert, toutes lignes décidées.

        :return: True
        :raise UserError: ce qui empêche de valider, feuille par feuille
        """
        self._exiger_groupe(CONTROLEUR, _("valider une feuille"))
        self._exiger_etats(("controle", "avis_medical"), _("se valide"))
        self._exiger_autre_que_saisie(_("valider"))
        for feuille in self:
            raison = feuille._raison_de_ne_pas_valider()
            if raison:
                raise UserError(_("La feuille %(numero)s ne peut pas être validée : %(raison)s",
                                  numero=feuille.display_name, raison=raison))
        self._changer_etat("validee", decidee_par_id=self.env.uid, date_decision=fields.Datetime.now(),
                           motif_journal=_("Validation"))
        return True

    def action_rejeter(self, motif=None):
        """Rejette les feuilles entières : toutes les lignes à zéro, le facturé en rejeté.

        :param motif: imprimé sur la notification ; vide : rend l'assistant qui le demande
        :return: True ou l'assistant
        """
        self._exiger_groupe(CONTROLEUR, _("rejeter une feuille"))
        self._exiger_etats(("deposee", "instance", "controle", "avis_medical"), _("se rejette"))
        self._exiger_autre_que_saisie(_("rejeter"))
        motif = self._lire_motif(motif)
        if not motif:
            return self._demander_motif("action_rejeter", _("Rejeter la feuille"))
        self._rejeter(motif, self.env.uid)
        return True

    def action_annuler(self, motif=None):
        """Annule les feuilles : rien ne s'efface, ce qu'elles avaient consommé est rendu.

        :param motif: obligatoire ; vide : rend l'assistant qui le demande
        :return: True ou l'assistant
        """
        self._exiger_etats(("brouillon", "deposee", "instance", "controle", "avis_medical", "validee"), _("s'annule"))
        avant_controle = all(f.state in ("brouillon", "deposee", "instance") for f in self)
        self._exiger_groupe(AGENT if avant_controle else SUPERVISEUR, _("annuler une feuille à ce stade"))
        motif = self._lire_motif(motif)
        if not motif:
            return self._demander_motif("action_annuler", _("Annuler la feuille"))
        self._verifier_annulable()
        self._fermer_demandes("abandonnee")
        self._changer_etat("annulee", motif_decision=motif, decidee_par_id=self.env.uid, date_limite_instance=False,
                           date_decision=fields.Datetime.now())
        self._mettre_lignes_a_zero()
        return True

    # ------------------------------------------------------------------ métier
    def _rejeter(self, motif, auteur_id=False):
        """Rejette sans regarder les droits de l'usager (règle, échéance) ; `auteur_id` vide : automatique."""
        self._fermer_demandes("echue" if not auteur_id else "abandonnee")
        self._changer_etat("rejetee", motif_decision=motif, decidee_par_id=auteur_id, date_limite_instance=False,
                           date_decision=fields.Datetime.now())
        self._mettre_lignes_a_zero()

    def _mettre_lignes_a_zero(self):
        """Rejette toutes les lignes : facturé = rejeté, le reste à zéro, totaux compris."""
        self.env.flush_all()
        self.env.cr.execute("""
            UPDATE cnas_feuille_soin_ligne
               SET decision = 'rejetee', quantite_retenue = 0, montant_base = 0, montant_cnas = 0,
                   ticket_moderateur = 0, depassement = 0, montant_rejete = montant_facture
             WHERE feuille_id = ANY(%s)
        """, [self.ids])
        self.env.cr.execute("""
            UPDATE cnas_feuille_soin
               SET montant_base = 0, montant_cnas = 0, ticket_moderateur = 0, depassement = 0,
                   montant_rejete = montant_facture
             WHERE id = ANY(%s)
        """, [self.ids])
        ecrits = ["montant_base", "montant_cnas", "ticket_moderateur", "depassement", "montant_rejete"]
        self.env["cnas.feuille_soin.ligne"].invalidate_model([*ecrits, "decision", "quantite_retenue"])
        self.invalidate_recordset(ecrits)
        self.modified(ecrits)

    def _verifier_annulable(self):
        """Point d'extension : la facturation refuse l'annulation d'une feuille facturée."""

    def _raison_de_ne_pas_valider(self):
        """Rend la phrase qui empêche de valider, ou une chaîne vide. Point d'extension."""
        self.ensure_one()
        ouvertes = self.anomalie_ids.filtered(
            lambda a: a.state == "ouverte" and a.severite in ("signalement", "instance"))
        if self.state == "avis_medical" and not self._avis_rendu():
            return _("l'avis du médecin-conseil est attendu.")
        if ouvertes:
            return _("un signalement attend d'être levé ou tranché (%s).", "; ".join(ouvertes.mapped("message")[:3]))
        if any(ligne.decision == "attente" for ligne in self.ligne_ids):
            return _("des lignes n'ont pas été contrôlées : lancez le contrôle.")
        if all(ligne.decision == "rejetee" for ligne in self.ligne_ids):
            return _("toutes ses lignes sont rejetées : rejetez-la.")
        return ""

    def _changer_etat(self, cible, motif_journal=None, **valeurs):
        """Change l'état et l'inscrit au journal (voir `cnas.etat.mixin`)."""
        if not self:
            return True
        passages = [(feuille.id, feuille.state, cible) for feuille in self]
        feuilles = self.sudo()
        if len(self) > 50:
            feuilles = feuilles.with_context(tracking_disable=True)
        super(FeuilleSoin, feuilles)._changer_etat(cible, **valeurs)
        self._journaliser(passages, motif_journal or valeurs.get("motif_decision"))
        return True

    def _journaliser(self, passages, motif=None):
        """Inscrit des changements d'état au journal, en une requête.

        :param passages: [(feuille_id, état avant, état après)…]
        """
        if not passages:
            return
        self.env.cr.execute("""
            INSERT INTO cnas_feuille_soin_passage (feuille_id, etat_avant, etat_apres, user_id, date, motif)
            SELECT id, avant, apres, %s, now() AT TIME ZONE 'UTC', %s
              FROM unnest(%s::int[], %s::varchar[], %s::varchar[]) AS v (id, avant, apres)
        """, [self.env.uid, motif or None, [p[0] for p in passages], [p[1] for p in passages],
              [p[2] for p in passages]])

    # ------------------------------------------------------------------ gardes
    def _exiger_etats(self, etats, verbe):
        """Refuse si une feuille n'est pas dans l'un des états."""
        for feuille in self:
            if feuille.state not in etats:
                raise UserError(_(
                    "La feuille « %(nom)s » est à l'état « %(etat)s » : elle ne %(verbe)s pas à ce stade.",
                    nom=feuille.display_name, etat=feuille._libelle_etat(feuille.state), verbe=verbe))

    def _exiger_autre_que_saisie(self, verbe):
        """Quatre yeux : qui a saisi ou déposé la feuille ne la juge pas."""
        if self.env.su:
            return
        for feuille in self.sudo():
            if self.env.user in (feuille.create_uid | feuille.saisie_par_id | feuille.deposee_par_id):
                raise UserError(_(
                    "Vous avez saisi la feuille %(numero)s : un autre que vous doit la %(verbe)s.",
                    numero=feuille.display_name, verbe=verbe))

    def _exiger_une(self):
        """Refuse une action qui ne vaut que pour une feuille à la fois."""
        if len(self) != 1:
            raise UserError(_("Choisissez une seule feuille pour cette action."))

    @api.model
    def _lire_enregistrement(self, modele, identifiant):
        """Rend l'enregistrement désigné par un identifiant reçu, ou un ensemble vide."""
        if not isinstance(identifiant, int) or isinstance(identifiant, bool) or not 0 < identifiant < 2 ** 31:
            return self.env[modele]
        return self.env[modele].browse(identifiant).exists()

    @staticmethod
    def _lire_motif(motif):
        if motif and not isinstance(motif, str):
            raise UserError(_("Le motif est un texte."))
        return " ".join((motif or "").split())[:500]
