from markupsafe import Markup

from odoo import _, api, fields, models

from odoo.addons.cnas_base.ecriture import ecrire_nombre


class FactureAnalyse(models.Model):
    """Ce que le valideur regarde : mois précédents, pairs, motifs, rapprochement."""

    _inherit = "cnas.facture"

    cout_moyen = fields.Monetary(
        string="Coût moyen par feuille", compute="_compute_comparaison", help="Part CNAS ÷ nombre de feuilles.")
    moyenne_precedente = fields.Monetary(
        string="Part CNAS moyenne des mois précédents", compute="_compute_comparaison")
    evolution = fields.Float(
        string="Évolution (%)", compute="_compute_comparaison",
        help="Part CNAS de la facture comparée à la moyenne des mois précédents ; 0 : pas d'historique.")
    cout_moyen_pairs = fields.Monetary(
        string="Coût moyen des pairs", compute="_compute_comparaison",
        help="Même mois, autres formations du même type : Σ part CNAS ÷ Σ feuilles. "
             "Une formation ne la lit qu'à partir de cinq pairs.")
    synthese_motifs = fields.Html(string="Motifs", compute="_compute_synthese_motifs", sanitize=False)
    synthese_regimes = fields.Html(string="Par régime", compute="_compute_synthese_regimes", sanitize=False)

    @api.depends("montant_cnas", "nb_feuilles", "formation_id", "periode")
    def _compute_comparaison(self):
        precedents, pairs = self._lire_comparaisons()
        for facture in self:
            moyenne = precedents.get(facture.id, 0)
            facture.cout_moyen = facture.montant_cnas / facture.nb_feuilles if facture.nb_feuilles else 0
            facture.moyenne_precedente = moyenne
            facture.evolution = 100.0 * (facture.montant_cnas - moyenne) / moyenne if moyenne else 0.0
            facture.cout_moyen_pairs = pairs.get(facture.id, 0)

    def _compute_synthese_motifs(self):
        motifs = self._motifs_par_facture()
        for facture in self:
            lignes = motifs.get(facture.id, [])
            facture.synthese_motifs = self._tableau_html(
                (_("Règle"), _("Libellé"), _("Sévérité"), _("Nombre"), _("Retiré (FCFA)")), lignes,
            ) if lignes else Markup("<p class='text-muted'>%s</p>") % _("Aucune anomalie relevée.")

    def _compute_synthese_regimes(self):
        par_regime = self._montants_par_regime()
        for facture in self:
            facture.synthese_regimes = self._tableau_html(
                (_("Régime"), _("Feuilles"), _("Facturé"), _("Base"), _("Part CNAS"), _("Soins"), _("Pharmacie")),
                par_regime.get(facture._origin.id, []))

    # ------------------------------------------------------------------ actions publiques
    @api.model
    def rapprocher(self, date_debut, date_fin):
        """Rapproche liquidé, ordonnancé et payé des factures d'une suite de mois.

        :param str date_debut: premier mois, « AAAA-MM-JJ »
        :param str date_fin: dernier mois, « AAAA-MM-JJ »
        :return: dict d'entiers : feuilles, factures, decomptes, ordres, paiements, ecart (0 si tout concorde)
        """
        self._exiger_groupe(
            ("cnas_base.group_controleur", "cnas_base.group_finance"), _("rapprocher les paiements"))
        debut, fin = self._premier_du_mois(date_debut), self._premier_du_mois(date_fin)
        self.env["cnas.rapprochement"].flush_model()
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT COALESCE(SUM(montant_feuilles), 0), COALESCE(SUM(montant_facture), 0),
                   COALESCE(SUM(montant_decompte), 0), COALESCE(SUM(montant_ordonnance), 0),
                   COALESCE(SUM(montant_paye), 0), COALESCE(SUM(ABS(ecart)), 0)
              FROM cnas_rapprochement WHERE periode BETWEEN %s AND %s""", (debut, fin))
        cles = ("feuilles", "factures", "decomptes", "ordres", "paiements", "ecart")
        return dict(zip(cles, map(int, self.env.cr.fetchone())))

    def action_voir_feuilles(self):
        """Ouvre les feuilles de la facture dans une liste paginée. Rend une action de fenêtre."""
        return {
            "type": "ir.actions.act_window", "name": _("Feuilles de la facture"),
            "res_model": "cnas.feuille_soin", "view_mode": "tree,form,pivot",
            "domain": [("facture_id", "in", self.ids)], "context": {"create": False},
        }

    # ------------------------------------------------------------------ privé
    def _lire_comparaisons(self):
        """Rend ({facture: moyenne des mois précédents}, {facture: coût moyen des pairs}), en deux requêtes."""
        ids = tuple(self._origin.ids)
        if not ids:
            return {}, {}
        mois = self.env["cnas.parametre"]._au("mois_comparaison")
        self.flush_model()
        self.env.cr.execute("""
            SELECT f.id, ROUND(AVG(p.montant_cnas)) FROM cnas_facture f
              JOIN cnas_facture p ON p.formation_id = f.formation_id AND p.mode = f.mode AND p.id <> f.id
                   AND p.state NOT IN ('rejetee', 'annulee', 'brouillon')
                   AND p.periode < f.periode AND p.periode >= f.periode - make_interval(months => %s)
             WHERE f.id IN %s GROUP BY f.id""", (mois, ids))
        precedents = dict(self.env.cr.fetchall())
        self.env.cr.execute("""
            SELECT f.id, ROUND(SUM(p.montant_cnas) / NULLIF(SUM(p.nb_feuilles), 0)) FROM cnas_facture f
              JOIN cnas_formation_sanitaire fo ON fo.id = f.formation_id
              JOIN cnas_formation_sanitaire fp ON fp.type_formation = fo.type_formation AND fp.id <> fo.id
              JOIN cnas_facture p ON p.formation_id = fp.id AND p.mode = f.mode AND p.periode = f.periode
                   AND p.state NOT IN ('rejetee', 'annulee', 'brouillon')
             WHERE f.id IN %s GROUP BY f.id HAVING COUNT(DISTINCT fp.id) >= %s""", (ids, self._pairs_minimum()))
        pairs = dict(self.env.cr.fetchall())
        return ({k: int(v or 0) for k, v in precedents.items()}, {k: int(v or 0) for k, v in pairs.items()})

    def _pairs_minimum(self):
        """À une formation, une moyenne de trop peu de pairs dirait les montants d'un concurrent."""
        portail = self.env.user.has_group("cnas_base.group_portail_formation")
        return self.env["cnas.parametre"]._au("pairs_minimum") if portail else 1

    def _motifs_par_facture(self):
        """Rend {facture_id: [(code, règle, sévérité, nombre, montant retiré)]} des anomalies ouvertes."""
        ids = tuple(self._origin.ids)
        if not ids:
            return {}
        self.env["cnas.anomalie"].flush_model()
        self.env["cnas.feuille_soin"].flush_model(["facture_id"])
        severites = dict(self.env["cnas.anomalie"]._fields["severite"]._description_selection(self.env))
        self.env.cr.execute("""
            SELECT fs.facture_id, an.regle_id, an.severite, COUNT(*),
                   COALESCE(SUM(an.montant_avant - an.montant_apres), 0)
              FROM cnas_anomalie an JOIN cnas_feuille_soin fs ON fs.id = an.feuille_id
             WHERE fs.facture_id IN %s AND an.state = 'ouverte'
             GROUP BY 1, 2, 3 ORDER BY 1, 5 DESC, 4 DESC""", (ids,))
        rangs = self.env.cr.fetchall()
        regles = {r.id: r for r in self.env["cnas.regle_controle"].sudo().browse({rang[1] for rang in rangs if rang[1]})}
        resultat = {}
        for facture_id, regle_id, severite, nombre, montant in rangs:
            regle = regles.get(regle_id)
            resultat.setdefault(facture_id, []).append((
                regle.code if regle else "—", regle.name if regle else "—",
                severites.get(severite, severite), nombre, int(montant)))
        return resultat

    @api.model
    def _tableau_html(self, titres, lignes):
        """Rend un petit tableau HTML échappé ; les nombres sont alignés à droite, milliers séparés."""
        def cellule(valeur):
            if isinstance(valeur, int):
                return Markup("<td class='text-end'>%s</td>") % ecrire_nombre(valeur)
            return Markup("<td>%s</td>") % valeur

        tete = Markup("").join(
            Markup("<th%s>%s</th>") % (Markup(" class='text-end'") if i and lignes and isinstance(lignes[0][i], int)
                                       else "", titre) for i, titre in enumerate(titres))
        corps = Markup("").join(
            Markup("<tr>%s</tr>") % Markup("").join(cellule(v) for v in ligne) for ligne in lignes)
        return Markup(
            "<table class='table table-sm table-striped'><thead><tr>%s</tr></thead><tbody>%s</tbody></table>"
        ) % (tete, corps)
