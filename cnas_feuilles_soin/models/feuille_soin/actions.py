from odoo import SUPERUSER_ID, _, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import _lt

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.faits import tableau, tableau_de_textes
from odoo.addons.cnas_base.garde import MOTIF_MAX, Action, actions, en_silence, sans_suivi, transition
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_motif

from ..demande_pieces import lire_liste

AGENT = "cnas_base.group_agent"
PORTAIL = "cnas_base.group_portail_formation"
CONTROLEUR = "cnas_base.group_controleur"
MEDECIN = "cnas_base.group_medecin_conseil"
SUPERVISEUR = "cnas_base.group_superviseur"

AVANT_CONTROLE = ("brouillon", "deposee", "instance")
EN_CONTROLE = ("deposee", "controle", "avis_medical")
OUVERTS = (*EN_CONTROLE, "instance")
# Qui a saisi ou déposé une feuille ne la juge pas ; ses autres auteurs : `_auteurs_par_feuille`.
AUTEURS = ("create_uid", "saisie_par_id", "deposee_par_id")
JUGE = {"quatre_yeux": AUTEURS, "empeche": ("_empeche_les_auteurs",)}
# Au-dessus, le journal des passages suffit : pas un message de suivi par feuille.
SUIVI_MAX = 50


@actions
class FeuilleSoin(models.Model):
    """Le circuit : qui mène la feuille d'un état à l'autre, et à quelles conditions."""

    _inherit = "cnas.feuille_soin"

    _actions = {
        "verifier_avant_depot": Action(titre=_lt("Vérifier"), de=("brouillon",), roles=(AGENT,), seul=True),
        "deposer": Action(titre=_lt("Déposer"), de=("brouillon",), roles=(AGENT,)),
        "controler": Action(
            titre=_lt("Contrôler"), de=(*OUVERTS, "validee", "rejetee", "payee"), roles=(CONTROLEUR,)),
        "demander_pieces": Action(
            titre=_lt("Demander des pièces"), de=EN_CONTROLE, vers=("instance",), roles=(AGENT,), motif=True),
        "regulariser": Action(
            titre=_lt("Régulariser"), de=("instance",), vers=("deposee",), roles=(AGENT,)),
        "transmettre_medecin": Action(
            titre=_lt("Transmettre au médecin"), de=("deposee", "controle"), vers=("avis_medical",), roles=(CONTROLEUR,)),
        "rendre_avis": Action(
            titre=_lt("Rendre l'avis"), de=("avis_medical",), vers=("controle",), roles=(MEDECIN,)),
        "valider": Action(
            titre=_lt("Valider"), de=("controle", "avis_medical"), vers=("validee",), roles=(CONTROLEUR,),
            quatre_yeux=AUTEURS, empeche=("_empeche_les_auteurs", "_empeche_qui_a_passe_outre", "_empeche_de_valider")),
        "rejeter": Action(
            titre=_lt("Rejeter"), de=OUVERTS, vers=("rejetee",), roles=(CONTROLEUR,), motif=True, **JUGE),
        "annuler": Action(
            titre=_lt("Annuler"), de=("brouillon", *OUVERTS, "validee"), vers=("annulee",), roles=(SUPERVISEUR,),
            roles_selon=dict.fromkeys(AVANT_CONTROLE, (AGENT,)), motif=True, empeche=("_empeche_d_annuler",)),
        "retirer": Action(
            titre=_lt("Retirer"), de=AVANT_CONTROLE, vers=("annulee",), roles=(PORTAIL, AGENT), motif=True,
            empeche=("_empeche_d_annuler", "_empeche_de_retirer"), annonce=False),
        "reviser": Action(
            titre=_lt("Réviser une ligne"), de=EN_CONTROLE, roles=(CONTROLEUR,), **JUGE),
        "constater": Action(
            titre=_lt("Noter un constat"), de=EN_CONTROLE, roles=(CONTROLEUR,), **JUGE),
        "prendre": Action(
            titre=_lt("Prendre"), de=EN_CONTROLE, roles=(CONTROLEUR,), quatre_yeux=AUTEURS,
            empeche=("_empeche_les_auteurs", "_empeche_de_prendre")),
        "affecter": Action(titre=_lt("Affecter"), de=OUVERTS, roles=(SUPERVISEUR,)),
        "archiver_papier": Action(
            titre=_lt("Archiver le papier"), de=("deposee", "controle", "avis_medical", "validee", "rejetee", "payee", "annulee"),
            roles=(AGENT,)),
        "reprendre": Action(
            titre=_lt("Reprendre"), de=("rejetee",), roles=(AGENT,), seul=True, empeche=("_empeche_de_reprendre",)),
        "dupliquer": Action(
            titre=_lt("Dupliquer"), de=("brouillon", *OUVERTS, "validee", "rejetee", "payee", "annulee"), roles=(AGENT,),
            seul=True),
    }
    # Le dépôt et le contrôle écrivent l'état par lot, en base ; le paiement de la facture paie la feuille.
    _passages = {"deposee": ("controle",), "validee": ("payee",)}

    passage_ids = fields.One2many("cnas.feuille_soin.passage", "feuille_id", string="Journal")

    # ------------------------------------------------------------------ actions
    @transition("controler")
    def action_controler(self):
        """Évalue les règles et calcule les montants ; ce qui est déjà décidé ou suspendu n'est pas touché.

        :return: True ; au-dessus de 2 000 feuilles, l'action qui ouvre le traitement de fond
        """
        a_controler = self.filtered(lambda f: f.state in ("deposee", "controle"))
        lot = a_controler._lancer_controle() if a_controler else None
        if lot:
            return {"type": "ir.actions.act_window", "name": _("Contrôle en cours"), "res_model": lot._name,
                    "res_id": lot.id, "view_mode": "form", "views": [(False, "form")]}
        a_controler._affecter_au_moins_charge()

    @transition("demander_pieces")
    def action_demander_pieces(self, motif=None, date_limite=None):
        """Suspend les feuilles et ouvre une demande de pièces datée.

        :param motif: ce qui manque ; vide : rend l'assistant qui le demande
        :param date_limite: à fournir avant ce jour (date ou AAAA-MM-JJ) ; vide : le délai réglé
        :return: True ou l'assistant
        :raise UserError: échéance passée
        """
        limite = lire_date(date_limite, False, stricte=True)
        if limite and limite <= aujourd_hui():
            raise UserError(_("Laissez au moins un jour : l'échéance du %s est passée.", ecrire_date(limite)))
        self._changer_etat("instance", completude="incomplet", motif_journal=motif)
        self._ouvrir_demandes({feuille.id: [motif] for feuille in self}, limite)
        self._prevenir_formation(lambda self: _("Pièces attendues"))

    @transition("regulariser")
    def action_regulariser(self):
        """Ferme la demande de pièces et remet la feuille dans le circuit. Rend True.

        :raise UserError: une pièce exigée ou le diagnostic manque encore
        """
        for feuille, manque in self._remettre_en_circuit().items():
            raise UserError(_("La feuille %(numero)s reste en instance, il manque : %(manque)s.",
                              numero=feuille.display_name, manque=lire_liste(", ".join(manque), self.env["cnas.demande_pieces"]._noms_lus())))

    def _remettre_en_circuit(self):
        """Remet au contrôle les feuilles à qui plus rien ne manque. Rend {feuille: ce qui manque} des autres."""
        recevabilite = self._calculer_recevabilite()
        manques = {feuille: manque for feuille in self if (manque := recevabilite[feuille.id]["manque"])}
        completes = self - self.browse().union(*manques)
        completes._fermer_demandes("satisfaite")
        completes._changer_etat("deposee", date_limite_instance=False, motif_journal=_("Régularisation"))
        completes.sudo()._affecter_au_moins_charge()
        return manques

    @transition("transmettre_medecin")
    def action_transmettre_medecin(self, question=None, ligne_ids=None):
        """Demande l'avis du médecin-conseil. Rend True.

        :param question: ce qu'on lui demande
        :param ligne_ids: identifiants des lignes visées ; vide : toute la feuille
        :raise UserError: ligne d'une autre feuille
        """
        visees = self._lignes_designees(ligne_ids)
        self._changer_etat("avis_medical", motif_journal=_("Avis médical demandé"), question_medecin=lire_motif(question, MOTIF_MAX) or False)
        self.ligne_ids._ecrire({"avis_demande": False})
        visees._ecrire({"avis_demande": True})

    @transition("valider")
    def action_valider(self):
        """Valide les feuilles contrôlées : quatre yeux, plus aucun signalement ouvert, toutes lignes décidées. Rend True."""
        self._changer_etat("validee", decidee_par_id=self.env.uid, date_decision=fields.Datetime.now(),
                           motif_journal=_("Validation"))

    @transition("rejeter")
    def action_rejeter(self, motif=None):
        """Rejette les feuilles entières : toutes les lignes à zéro, le facturé en rejeté.

        :param motif: imprimé sur la notification ; vide : rend l'assistant qui le demande
        :return: True ou l'assistant
        """
        self._rejeter(motif, self.env.uid)

    @transition("annuler")
    def action_annuler(self, motif=None):
        """Annule les feuilles : rien ne s'efface, ce qu'elles avaient consommé est rendu.

        :param motif: obligatoire ; vide : rend l'assistant qui le demande
        :return: True ou l'assistant
        """
        self._annuler(motif)

    @transition("retirer")
    def action_retirer(self, motif=None):
        """La formation retire ses feuilles dont le contrôle n'a pas commencé : elles s'annulent, leur numéro de papier se libère.

        :param motif: obligatoire ; vide : rend l'assistant qui le demande
        :return: True ou l'assistant
        :raise UserError: contrôle commencé, ou facture figée
        """
        self.sudo()._annuler(motif)

    # ------------------------------------------------------------------ métier
    def _rejeter(self, motif, auteur_id=False):
        """Rejette sans regarder les droits de l'usager (règle, échéance) ; `auteur_id` vide : automatique."""
        self._fermer_demandes("echue" if not auteur_id else "abandonnee")
        self._changer_etat("rejetee", motif_decision=motif, decidee_par_id=auteur_id, date_limite_instance=False,
                           date_decision=fields.Datetime.now())
        self._mettre_lignes_a_zero()

    def _annuler(self, motif):
        self._fermer_demandes("abandonnee")
        self._changer_etat("annulee", motif_decision=motif, decidee_par_id=self.env.uid, date_limite_instance=False,
                           date_decision=fields.Datetime.now())
        self._mettre_lignes_a_zero()

    def _mettre_lignes_a_zero(self):
        """Rejette toutes les lignes : facturé = rejeté, le reste à zéro, totaux compris. Ce qu'elles prenaient se rend."""
        donnaient = self.sudo().filtered("montant_cnas")
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
        donnaient._rendre_aux_plafonds()

    def _empeche_d_annuler(self):
        """Point d'extension : la facturation retient une feuille facturée. Rend {id: raison}."""
        return {}

    def _empeche_de_retirer(self):
        """Rend {id: raison} des feuilles mises en instance par leur contrôle : leurs lignes sont déjà décidées."""
        return {feuille.id: _("son contrôle a commencé, elle ne se retire plus.") for feuille in self.sudo()
                if any(ligne.decision != "attente" for ligne in feuille.ligne_ids)}

    def _empeche_de_valider(self):
        """Rend {id: raison} des feuilles qui attendent un avis, une levée ou le contrôle. Point d'extension."""
        raisons = {}
        for feuille in self:
            lignes = feuille.ligne_ids
            ouvertes = feuille.sudo().anomalie_ids.filtered(
                lambda a: a.state == "ouverte" and a.severite in ("signalement", "instance"))
            if feuille.state == "avis_medical" and not feuille._avis_rendu():
                raisons[feuille.id] = _("l'avis du médecin-conseil est attendu.")
            elif ouvertes:
                raisons[feuille.id] = _("un signalement attend d'être levé ou tranché (%s).",
                                        "; ".join(ouvertes.mapped("motif_lu")[:3]))
            elif any(ligne.decision == "attente" for ligne in lignes):
                raisons[feuille.id] = _("des lignes n'ont pas été contrôlées : lancez le contrôle.")
            elif all(ligne.decision == "rejetee" for ligne in lignes):
                raisons[feuille.id] = _("toutes ses lignes sont rejetées : rejetez-la.")
        return raisons

    def _changer_etat(self, cible, motif_journal=None, **valeurs):
        """Change l'état et l'inscrit au journal (voir `cnas.etat.mixin`)."""
        if not self:
            return True
        passages = [(feuille.id, feuille.state, cible) for feuille in self]
        with sans_suivi(en_silence() or len(self) > SUIVI_MAX):
            super(FeuilleSoin, self.sudo())._changer_etat(cible, motif_journal=motif_journal, **valeurs)
        self._inscrire_passages(passages, motif_journal or valeurs.get("motif_decision"))
        return True

    def _inscrire_passages(self, passages, motif=None, evenement=None):
        """Inscrit des changements d'état aux passages des feuilles, en une requête.

        :param passages: [(feuille_id, état avant, état après)…]
        :param evenement: ce qui les a menés par lot (dépôt, contrôle) : une ligne au journal pour tout le lot
        """
        if not passages:
            return
        if evenement:
            arrivees = {}
            for feuille_id, _avant, apres in passages:
                arrivees.setdefault(apres, []).append(feuille_id)
            self.env["cnas.journal"]._ajouter([{
                "modele": self._name, "res_id": passages[0][0] if len(passages) == 1 else 0,
                "evenement": evenement, "apres": arrivees, "motif": motif}])
        self.env.cr.execute("""
            INSERT INTO cnas_feuille_soin_passage (feuille_id, etat_avant, etat_apres, user_id, date, motif)
            SELECT id, avant, apres, %s, now() AT TIME ZONE 'UTC', %s
              FROM unnest(%s::int[], %s::varchar[], %s::varchar[]) AS v (id, avant, apres)
        """, [self.env.uid, motif or None, tableau(p[0] for p in passages),
              tableau_de_textes(p[1] for p in passages), tableau_de_textes(p[2] for p in passages)])

    def _auteurs_par_feuille(self):
        """Rend {feuille: usagers} de qui a fait ce qu'elle dit, en une requête : ils ne la jugent pas.

        Qui l'a saisie, déposée, en a saisi une ligne, a complété ou rectifié un fait en instance ; et, d'une reprise, ceux du rejet
        dont elle recopie les faits.
        """
        self.flush_model([*AUTEURS, "origine_id"])
        signataires = ", ".join(f"f.{champ}" for champ in AUTEURS)
        self.env.cr.execute(f"""
            WITH RECURSIVE dossier AS (
                SELECT id AS feuille, id, origine_id FROM cnas_feuille_soin WHERE id = ANY(%s)
                 UNION
                SELECT d.feuille, o.id, o.origine_id FROM dossier d JOIN cnas_feuille_soin o ON o.id = d.origine_id)
            SELECT d.feuille, array_agg(auteur.id)
              FROM dossier d JOIN cnas_feuille_soin f ON f.id = d.id, LATERAL (
                   SELECT unnest(ARRAY[{signataires}])
                    UNION SELECT create_uid FROM cnas_feuille_soin_ligne WHERE feuille_id = f.id
                    UNION SELECT user_id FROM cnas_journal
                           WHERE modele = 'cnas.feuille_soin' AND res_id = f.id
                             AND evenement IN ('rectification', 'completion')
                   ) AS auteur (id)
             WHERE auteur.id IS NOT NULL GROUP BY 1""", [self.ids])
        return {feuille: set(auteurs) for feuille, auteurs in self.env.cr.fetchall()}

    def _empeche_les_auteurs(self):
        """Rend {id: raison} des feuilles dont l'appelant est un auteur."""
        if self.env.uid == SUPERUSER_ID:
            return {}
        auteurs = self._auteurs_par_feuille()
        return {feuille._origin.id: _("Quatre yeux : vous avez saisi, complété ou rectifié la feuille %s, une autre personne la juge.",
                                      feuille.display_name)
                for feuille in self if self.env.uid in auteurs.get(feuille._origin.id, ())}

    def _empeche_qui_a_passe_outre(self):
        """Rend {id: raison} des feuilles où l'appelant a levé ce qu'une règle coupait : un autre valide ce que cela paie."""
        if self.env.uid == SUPERUSER_ID:
            return {}
        levees = self.env["cnas.anomalie"].sudo().search([
            ("feuille_id", "in", self.ids), ("levee_par_id", "=", self.env.uid), ("severite", "in", ("rejet", "abattement"))])
        return {feuille.id: _("Quatre yeux : vous avez passé outre une règle sur %s, une autre personne valide.",
                              feuille.display_name) for feuille in levees.feuille_id}

    @api.model
    def _lire_enregistrement(self, modele, identifiant):
        """Rend l'enregistrement désigné par un identifiant reçu, ou un ensemble vide."""
        if not isinstance(identifiant, int) or isinstance(identifiant, bool) or not 0 < identifiant < 2 ** 31:
            return self.env[modele]
        return self.env[modele].browse(identifiant).exists()
