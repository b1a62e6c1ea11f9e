from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.osv.expression import AND, OR

from odoo.addons.cnas_base.garde import transition
from odoo.addons.cnas_base.jour import aujourd_hui, jour_de

from .actions import CONTROLEUR, EN_CONTROLE, OUVERTS


class FeuilleSoin(models.Model):
    """Files des contrôleurs : au moins chargé de ceux qui savent traiter la nature, sous son plafond."""

    _inherit = "cnas.feuille_soin"

    anciennete = fields.Integer(string="Âge (jours)", compute="_compute_anciennete",
                                help="Jours écoulés depuis le dépôt, tant que le dossier n'est pas décidé.")
    en_retard = fields.Boolean(string="En retard", compute="_compute_anciennete", search="_search_en_retard")

    @api.depends("date_depot", "state", "date_decision")
    def _compute_anciennete(self):
        jour = aujourd_hui()
        parametres = self.env["cnas.parametre"]
        for feuille in self:
            decision = feuille.date_decision
            fin = jour_de(decision) if decision else jour
            feuille.anciennete = (fin - feuille.date_depot).days if feuille.date_depot else 0
            feuille.en_retard = bool(
                feuille.state in OUVERTS and feuille.date_depot
                and feuille.anciennete > parametres._au("delai_traitement_jours", feuille.date_depot))

    def _search_en_retard(self, operator, value):
        """Une feuille est en retard selon le délai en vigueur le jour de son dépôt."""
        jour = aujourd_hui()
        en_retard = OR([[("date_depot", ">=", debut), ("date_depot", "<=", fin or jour),
                         ("date_depot", "<", fields.Date.subtract(jour, days=delai))]
                        for debut, fin, delai in self.env["cnas.parametre"]._periodes("delai_traitement_jours")])
        en_retard = AND([[("state", "in", OUVERTS)], en_retard])
        return en_retard if (operator == "=") == bool(value) else ["!", *en_retard]

    # ------------------------------------------------------------------ actions
    @transition("prendre")
    def action_prendre(self):
        """Le contrôleur prend ces dossiers dans sa file. Rend True."""
        self._ecrire_affectations({feuille.id: self.env.uid for feuille in self})

    @transition("affecter")
    def action_affecter(self, user_id=None):
        """Affecte les dossiers à un contrôleur, ou, sans contrôleur, au moins chargé de chaque nature.

        :param user_id: identifiant du contrôleur, ou vide
        :return: True
        :raise UserError: usager qui n'est pas contrôleur, ou qui a saisi l'un des dossiers
        """
        if not user_id:
            self._ecrire_affectations({feuille.id: None for feuille in self})
            self.sudo()._affecter_au_moins_charge()
            return
        controleur = self._lire_enregistrement("res.users", user_id)
        if not controleur or not controleur.has_group(CONTROLEUR):
            raise UserError(_("Choisissez un usager qui a le rôle Contrôleur."))
        auteurs = self._auteurs_par_feuille()
        for feuille in self.sudo():
            if controleur.id in auteurs[feuille.id]:
                raise UserError(_("%(qui)s a saisi la feuille %(numero)s : choisissez un autre contrôleur.",
                                  qui=controleur.name, numero=feuille.display_name))
        self._ecrire_affectations({feuille.id: controleur.id for feuille in self})

    def _empeche_de_prendre(self):
        """Rend {id: raison} des dossiers qu'un autre contrôleur tient."""
        return {feuille.id: _("ce dossier est dans la file de %s : demandez au superviseur.", feuille.controleur_id.name)
                for feuille in self if feuille.controleur_id and feuille.controleur_id != self.env.user}

    # ------------------------------------------------------------------ métier
    @api.model
    def _charges(self, user_ids):
        """Rend {user_id: nombre de dossiers ouverts}, en une requête."""
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT controleur_id, count(*) FROM cnas_feuille_soin
             WHERE controleur_id = ANY(%s) AND state IN %s GROUP BY controleur_id
        """, [list(user_ids), EN_CONTROLE])
        return dict(self.env.cr.fetchall())

    def _affecter_au_moins_charge(self, sauf=()):
        """Affecte en lot les dossiers ouverts sans contrôleur ; ce qui dépasse les plafonds attend.

        :param sauf: usagers à écarter
        :return: nombre de dossiers affectés
        """
        feuilles = self.sudo().filtered(lambda f: f.state in EN_CONTROLE and not f.controleur_id)
        if not feuilles:
            return 0
        jour = aujourd_hui()
        fiches = self.env["cnas.competence_controleur"].sudo().search([("user_id", "not in", list(sauf))])
        fiches = fiches.filtered(lambda c: c.user_id.active and not c._est_absent(jour))
        charges = dict.fromkeys(fiches.user_id.ids, 0) | self._charges(fiches.user_id.ids)
        candidats = [(c.user_id.id, c._natures(), set(c.agence_ids.ids), c.plafond) for c in fiches]
        choix, auteurs = {}, feuilles._auteurs_par_feuille()
        for feuille in feuilles.sorted(lambda f: (f.date_depot, f.id)):
            possibles = [
                user for user, natures, agences, plafond in candidats
                if feuille.nature in natures and charges[user] < plafond and user not in auteurs[feuille.id]
                and (not agences or feuille.agence_id.id in agences)
            ]
            if possibles:
                elu = min(possibles, key=lambda user: (charges[user], user))
                charges[elu] += 1
                choix[feuille.id] = elu
        feuilles._ecrire_affectations(choix)
        return len(choix)

    def _ecrire_affectations(self, choix):
        """Écrit {feuille_id: user_id ou None} en une requête."""
        if not choix:
            return
        self.env.flush_all()
        self.env.cr.execute("""
            UPDATE cnas_feuille_soin f
               SET controleur_id = v.user_id, write_uid = %s, write_date = now() AT TIME ZONE 'UTC',
                   date_affectation = CASE WHEN v.user_id IS NULL THEN NULL ELSE now() AT TIME ZONE 'UTC' END
              FROM unnest(%s::int[], %s::int[]) AS v (id, user_id) WHERE f.id = v.id
        """, [self.env.uid, list(choix), list(choix.values())])
        feuilles = self.browse(choix)
        feuilles.invalidate_recordset(["controleur_id", "date_affectation"])
        feuilles.modified(["controleur_id", "date_affectation"])

    # ------------------------------------------------------------------ tâches planifiées
    @api.model
    def _traiter_files(self):
        """Contrôle les dossiers déposés, répartit ceux des absents, affecte ce qui attend (tâche planifiée)."""
        deposees = self.sudo().search([("state", "=", "deposee")], limit=2000)
        if deposees:
            deposees._controler()
        fiches = self.env["cnas.competence_controleur"].sudo().search([])
        jour = aujourd_hui()
        absents = fiches.filtered(lambda c: c._est_absent(jour))
        if absents:
            absents._repartir()
        self.sudo().search([("state", "in", EN_CONTROLE), ("controleur_id", "=", False)])._affecter_au_moins_charge()
