from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.cnas_base.ecriture import ecrire_mois
from odoo.addons.cnas_base.garde import transition
from odoo.addons.cnas_base.lecture import lire_motif

from .dossier import AGENT, CONTROLEUR, PORTAIL

ETATS_FACTURABLES = ("deposee", "instance", "controle", "avis_medical", "validee", "rejetee")
ETATS_REPRIS = ("rejetee", "annulee")


class FacturePreparation(models.Model):
    """Préparation de la facture du mois : rassembler les feuilles, reporter, retirer."""

    _inherit = "cnas.facture"

    # ------------------------------------------------------------------ actions publiques
    @api.model
    def preparer(self, code_formation, periode):
        """Prépare la facture brouillon d'une formation pour un mois.

        :param str code_formation: code de la formation sanitaire
        :param str periode: un jour du mois, « AAAA-MM-JJ » (ramené au 1er)
        :return: id de la facture ; rejouer rend le même id en y ajoutant les feuilles arrivées depuis. Sans feuille mais
            avec un recours accepté à régler, c'est une facture de complément
        :raise UserError: rôle, formation inconnue, mois à venir, ou rien à facturer
        """
        mois = self._premier_du_mois(periode)
        formation = self._formation_autorisee(code_formation)
        domaine = self._domaine_feuilles_a_facturer(mois, formation=formation)
        return self._preparer_mois({"formation_id": formation.id, "mode": "tiers_payant"}, mois, domaine).id

    @api.model
    def preparer_remboursement(self, matricule, periode):
        """Prépare le remboursement direct d'un assuré pour un mois de soins payés de sa poche.

        :param str matricule: matricule ou numéro de carte de l'assuré principal ou d'un ayant droit
        :param str periode: un jour du mois, « AAAA-MM-JJ »
        :return: id de la facture de remboursement (brouillon)
        :raise UserError: rôle, assuré inconnu, rien à rembourser
        """
        self._exiger_groupe(AGENT, _("préparer un remboursement"))
        mois = self._premier_du_mois(periode)
        trouve = self.env["cnas.assure"].sudo()._resoudre_matricules([matricule])
        assure = self.env["cnas.assure"].sudo().browse(trouve.get(matricule) or [])
        if not assure:
            raise ValidationError(_("Aucun assuré ne porte le matricule « %s » : vérifiez-le.", matricule))
        principal = assure.assure_principal_id or assure
        domaine = self._domaine_feuilles_a_facturer(mois, principal=principal)
        return self._preparer_mois({"assure_id": principal.id, "mode": "remboursement"}, mois, domaine).id

    @api.model
    def preparer_lot(self, periode):
        """Prépare en tâche de fond les factures du mois de toutes les formations qui ont des feuilles.

        :param str periode: un jour du mois, « AAAA-MM-JJ »
        :return: True
        :raise UserError: rôle, mois à venir, rien à facturer nulle part
        """
        self._exiger_groupe(CONTROLEUR, _("préparer les factures du mois"))
        mois = self._premier_du_mois(periode)
        groupes = self.env["cnas.feuille_soin"].sudo()._read_group(
            self._domaine_feuilles_a_facturer(mois), ["formation_id"])
        ids = sorted(formation.id for formation, in groupes)
        if not ids:
            raise UserError(_("Rien à facturer pour %s : aucune feuille déposée n'attend.", ecrire_mois(mois)))
        self.env["cnas.lot"]._lancer(
            _("Factures : %s", ecrire_mois(mois)), "cnas.formation_sanitaire", "_preparer_facture_du_mois",
            ids, taille=200, parametres={"periode": fields.Date.to_string(mois)})
        return True

    @transition("rassembler")
    def action_rassembler(self):
        """Ajoute aux factures brouillon les feuilles du mois déposées depuis. Rend True."""
        for facture in self:
            if facture.nature == "complement":
                facture._attacher_recours()
            else:
                facture._attacher_feuilles()

    @transition("reporter_instances")
    def action_reporter_instances(self):
        """Les feuilles en instance quittent la facture et iront sur celle du mois suivant.

        :return: True (rien à reporter n'est pas une erreur)
        """
        self._verrouiller()
        for facture in self:
            feuilles = facture.sudo().feuille_ids.filtered(lambda f: f.state == "instance")
            if not feuilles:
                continue
            suivant = fields.Date.add(facture.periode, months=1)
            feuilles._ecrire({"facture_id": False, "report_periode": suivant})
            facture.sudo().message_post(body=_(
                "%(nb)s feuille(s) en instance reportée(s) à %(mois)s : %(numeros)s",
                nb=len(feuilles), mois=ecrire_mois(suivant),
                numeros=", ".join(f.numero or f.reference or str(f.id) for f in feuilles[:50])))
        self._actualiser_montants()

    @transition("retirer_feuilles")
    def action_retirer_feuilles(self, feuille_ids, motif):
        """Retire de la facture des feuilles désignées, avec un motif gardé dans l'historique.

        :param list feuille_ids: identifiants de feuilles de cette facture
        :param str motif: pourquoi
        :return: True
        :raise UserError: motif vide, feuille étrangère à la facture
        """
        motif = lire_motif(motif)
        if not motif:
            raise UserError(_("Écrivez le motif du retrait : la formation le lira."))
        self._verrouiller()
        feuilles = self.sudo().feuille_ids.filtered(lambda f: f.id in set(feuille_ids))
        if not feuilles or len(feuilles) != len(set(feuille_ids)):
            raise UserError(_("Une feuille à retirer n'est pas sur la facture %s.", self.numero))
        feuilles._ecrire({"facture_id": False})
        self.sudo().message_post(body=_(
            "Retrait de %(numeros)s — motif : %(motif)s",
            numeros=", ".join(f.numero or f.reference or str(f.id) for f in feuilles), motif=motif))
        self._actualiser_montants()

    # ------------------------------------------------------------------ privé
    @api.model
    def _est_usager_formation(self):
        """Dit si l'appelant est une formation connectée au portail (et non un agent)."""
        usager = self.env.user
        return usager.has_group("cnas_base.group_portail_formation") and not usager.has_group("base.group_user")

    @api.model
    def _formation_autorisee(self, code):
        """Rend la formation du code, si l'appelant a le droit de facturer pour elle."""
        self._exiger_groupe((AGENT, PORTAIL), _("préparer une facture"))
        texte = str(code or "").strip()
        formation = self.env["cnas.formation_sanitaire"].sudo().search([("code", "=", texte)], limit=1)
        if self._est_usager_formation():
            formation &= self.env.user.sudo().formation_ids
        if not texte or not formation:
            raise ValidationError(_("Aucune formation sanitaire ne porte le code « %s » : vérifiez-le.", texte))
        return formation

    @api.model
    def _domaine_feuilles_a_facturer(self, mois, formation=None, principal=None):
        """Rend le domaine des feuilles d'un mois (des soins, ou du report) qu'aucune facture ne porte."""
        fin = fields.Date.subtract(fields.Date.add(mois, months=1), days=1)
        domaine = [
            ("state", "in", ETATS_FACTURABLES),
            "|", ("facture_id", "=", False), ("facture_id.state", "in", ETATS_REPRIS),
            "|", ("report_periode", "=", mois),
            "&", ("report_periode", "=", False),
            "&", ("date_soins", ">=", mois), ("date_soins", "<=", fin),
        ]
        if principal:
            return [("mode", "=", "remboursement"), "|", ("assure_id", "=", principal.id),
                    ("assure_id.assure_principal_id", "=", principal.id), *domaine]
        if formation:
            domaine = [("formation_id", "=", formation.id), *domaine]
        return [("mode", "!=", "remboursement"), *domaine]

    @api.model
    def _preparer_mois(self, identite, mois, domaine):
        """Rend la facture brouillon de l'identité et du mois, créée au besoin, feuilles attachées."""
        existante = self._brouillon({**identite, "nature": "soins"}, mois)
        if existante:
            existante._attacher_feuilles(domaine)
            return existante
        concurrente = self._attendre_concurrente({**identite, "nature": "soins"}, mois)
        if concurrente:
            return self.sudo().browse(concurrente)
        if not self.env["cnas.feuille_soin"].sudo().search_count(domaine, limit=1):
            return self._preparer_complement(identite, mois)
        facture = self.sudo().create({**identite, "periode": mois})
        facture._attacher_feuilles(domaine)
        return facture

    @api.model
    def _preparer_complement(self, identite, mois):
        """Rend la facture brouillon qui ne règle que les recours acceptés de l'identité, créée au besoin.

        :raise UserError: aucun recours accepté n'attend d'être réglé
        """
        complement = {**identite, "nature": "complement"}
        facture = self._brouillon(complement, mois)
        if not facture:
            concurrente = self._attendre_concurrente(complement, mois)
            if concurrente:
                return self.sudo().browse(concurrente)
            if not self.env["cnas.contestation"].sudo()._a_regler(self.sudo().new(complement)):
                raise UserError(self._phrase_rien_a_facturer(identite, mois))
            facture = self.sudo()._creer([{**complement, "periode": mois}])
        facture._attacher_recours()
        return facture

    @api.model
    def _brouillon(self, identite, mois):
        """Rend la facture brouillon de l'identité et du mois, s'il y en a une."""
        return self.sudo().search(
            [("periode", "=", mois), ("state", "=", "brouillon"), *((c, "=", v) for c, v in identite.items())], limit=1)

    @api.model
    def _attendre_concurrente(self, identite, mois):
        """Attend qui préparerait la même facture au même instant ; rend l'id du brouillon qu'il a enregistré.

        Le verrou dure jusqu'à la fin de la transaction. La lecture se fait dans une connexion neuve, car
        notre instantané date d'avant l'attente. L'index unique partiel reste le dernier rempart.
        """
        cle = (identite["mode"], identite["nature"], identite.get("formation_id") or 0, identite.get("assure_id") or 0, mois)
        self.env.cr.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"cnas_facture{cle}",))
        if not self.env.registry.ready:
            # Installation en cours : la table n'existe pas encore pour une autre connexion.
            return None
        with self.env.registry.cursor() as cr:
            cr.execute(
                """SELECT id FROM cnas_facture
                    WHERE state = 'brouillon' AND mode = %s AND nature = %s AND COALESCE(formation_id, 0) = %s
                      AND COALESCE(assure_id, 0) = %s AND periode = %s""", cle)
            trouve = cr.fetchone()
        # Visible chez nous, le brouillon vient d'être soumis ou annulé par notre propre transaction.
        return trouve[0] if trouve and not self.sudo().browse(trouve[0]).exists() else None

    @api.model
    def _phrase_rien_a_facturer(self, identite, mois):
        deja = self.sudo().search(
            [("periode", "=", mois), ("state", "not in", ("brouillon", *ETATS_REPRIS)),
             *((c, "=", v) for c, v in identite.items())])
        if deja:
            return _(
                "Rien à facturer pour %(mois)s : les feuilles déposées sont déjà sur %(factures)s.",
                mois=ecrire_mois(mois), factures=", ".join(deja.mapped("numero")))
        return _(
            "Rien à facturer pour %s : aucune feuille déposée de ce mois n'attend d'être facturée.",
            ecrire_mois(mois))

    def _attacher_recours(self):
        """Attache à la facture de complément les recours acceptés que nulle facture ne règle, puis somme."""
        self.env["cnas.contestation"].sudo()._imputer(self)
        self.sudo()._actualiser_montants()

    def _attacher_feuilles(self, domaine=None):
        """Attache les feuilles facturables du mois, puis somme. Les factures reprises sont resommées."""
        self.ensure_one()
        if domaine is None:
            domaine = self._domaine_feuilles_a_facturer(
                self.periode, formation=self.sudo().formation_id, principal=self.sudo().assure_id)
        feuilles = self.env["cnas.feuille_soin"].sudo().search(domaine)
        reprises = feuilles.facture_id
        if feuilles:
            # En SQL : le cache de l'ORM coûte un temps quadratique sur des milliers de feuilles.
            self.env.flush_all()
            self.env.cr.execute(
                """UPDATE cnas_feuille_soin
                      SET facture_id = %s, write_uid = %s, write_date = now() AT TIME ZONE 'UTC'
                    WHERE id = ANY(%s)""", (self.id, self.env.uid, feuilles.ids))
            feuilles.invalidate_model(["facture_id"])
            self.invalidate_model(["feuille_ids"])
        for ancienne in reprises:
            ancienne.message_post(body=_("Ses feuilles sont reprises sur la facture %s.", self.numero))
        (self | reprises).sudo()._actualiser_montants()
