from odoo import models

from odoo.addons.cnas_base.jour import sql_jour

from .comptabilite import Mouvement

# Un fait déjà comptabilisé ne se relit pas : sa clé est « modèle,id,événement ».
NEUF = "NOT EXISTS (SELECT FROM cnas_fait_comptable c WHERE c.cle = '{modele},' || {id} || ',{evenement}')"
# Le régime recopié au jour du décompte ; d'un décompte plus ancien que la colonne, celui de sa feuille.
REGIME = "COALESCE(l.regime_id, fe.regime_id)"
TIERS = "COALESCE(fs.code, a.matricule, '')"


class Sources(models.AbstractModel):
    """Les faits de la facturation : chaque source les lit en une requête, quel que soit leur nombre."""

    _inherit = "cnas.comptabilite"

    def _lire_faits(self, requete, jour):
        self.env.cr.execute(requete, {"jour": jour})
        return self.env.cr.dictfetchall()

    def _source_decomptes(self, jour):
        """Un décompte : ses charges par régime et par type de prestation, ses compléments, ses retenues. Sa contre-passation l'inverse."""
        neuf = NEUF.format(modele="cnas.decompte", id="d.id", evenement="constat")
        lus = self._lire_faits(f"""
            SELECT d.id, d.numero, d.date_decompte AS jour, o.date_decompte AS jour_schema, d.mode, d.origine_id, fs.partner_id, {TIERS} AS tiers,
                   {REGIME} AS regime_id, l.type_prestation, l.compte, SUM(l.montant_cnas)::bigint AS montant, NULL AS operation
              FROM cnas_decompte d
              JOIN cnas_decompte_ligne l ON l.decompte_id = d.id AND l.montant_cnas <> 0
              LEFT JOIN cnas_decompte o ON o.id = d.origine_id
              LEFT JOIN cnas_feuille_soin fe ON fe.id = l.feuille_id
              LEFT JOIN cnas_formation_sanitaire fs ON fs.id = d.formation_id
              LEFT JOIN cnas_assure a ON a.id = d.assure_id
             WHERE d.date_decompte <= %(jour)s AND {neuf}
             GROUP BY d.id, o.id, fs.id, a.id, {REGIME}, l.type_prestation, l.compte
             UNION ALL
            SELECT d.id, d.numero, d.date_decompte, o.date_decompte, d.mode, d.origine_id, fs.partner_id, {TIERS}, NULL, NULL, NULL,
                   v.montant::bigint, v.operation
              FROM cnas_decompte d
              LEFT JOIN cnas_decompte o ON o.id = d.origine_id
              LEFT JOIN cnas_formation_sanitaire fs ON fs.id = d.formation_id
              LEFT JOIN cnas_assure a ON a.id = d.assure_id
             CROSS JOIN LATERAL (VALUES ('complement', d.montant_complement), ('compensation', d.montant_compense)) AS v (operation, montant)
             WHERE d.date_decompte <= %(jour)s AND COALESCE(v.montant, 0) <> 0 AND {neuf}""", jour)
        return [Mouvement(
            fait=("cnas.decompte", lu["id"]), evenement="constat", source=("cnas.decompte", lu["id"]), piece=lu["numero"], jour=lu["jour"],
            jour_schema=lu["jour_schema"], operation=lu["operation"] or self._operation_de_liquidation(lu["mode"], lu["compte"]), montant=lu["montant"],
            regime=lu["regime_id"] or False, type_prestation=lu["type_prestation"] or False, partenaire=lu["partner_id"] or False,
            tiers=lu["tiers"], direct=lu["mode"] == "remboursement",
            origine=("cnas.decompte", lu["origine_id"], "constat") if lu["origine_id"] else ()) for lu in lus]

    @staticmethod
    def _operation_de_liquidation(mode, compte):
        if mode == "remboursement":
            return "liquidation_assure"
        return "liquidation_pharmacie" if compte == "pharmacie" else "liquidation_soins"

    def _source_paiements(self, jour):
        """Un lot et un jour : ses ordres payés. Une facture payée hors lot fait sa pièce."""
        return self._mouvements_d_ordres(
            "paiement", "o.date_paiement", "o.date_paiement IS NOT NULL", 1, jour)

    def _source_rejets(self, jour):
        """Un ordre payé puis rendu : la pièce de son paiement se contre-passe, pour sa part, le jour où il revient."""
        rendu = f"COALESCE(o.date_rejet, {sql_jour('o.write_date')})"
        return self._mouvements_d_ordres(
            "rejet", rendu, "o.date_paiement IS NOT NULL AND o.state IN ('rejete', 'annule')", -1, jour)

    def _mouvements_d_ordres(self, evenement, date_du_fait, condition, signe, jour):
        lus = self._lire_faits(f"""
            SELECT o.id, o.numero, o.compte, o.nature, o.montant::bigint AS montant, {date_du_fait} AS jour, o.date_paiement, o.lot_id, o.facture_id,
                   lo.numero AS lot, lo.reference AS reference_lot, fa.numero AS facture, o.reference_paiement, fs.partner_id, {TIERS} AS tiers
              FROM cnas_ordre_paiement o
              JOIN cnas_facture fa ON fa.id = o.facture_id
              LEFT JOIN cnas_lot_paiement lo ON lo.id = o.lot_id
              LEFT JOIN cnas_formation_sanitaire fs ON fs.id = o.formation_id
              LEFT JOIN cnas_assure a ON a.id = o.assure_id
             WHERE {condition} AND {date_du_fait} <= %(jour)s
               AND {NEUF.format(modele="cnas.ordre_paiement", id="o.id", evenement=evenement)}""", jour)
        return [Mouvement(
            fait=("cnas.ordre_paiement", lu["id"]), evenement=evenement,
            source=("cnas.lot_paiement", lu["lot_id"]) if lu["lot_id"] else ("cnas.facture", lu["facture_id"]),
            piece=lu["lot"] or lu["facture"], jour=lu["jour"], jour_schema=lu["date_paiement"], operation=f"paiement_{lu['compte']}", montant=signe * lu["montant"],
            voie=lu["nature"], partenaire=lu["partner_id"] or False, tiers=lu["tiers"], tresorerie=-1,
            references=(lu["numero"], lu["lot"], lu["reference_paiement"], lu["reference_lot"], lu["facture"]),
            origine=("cnas.ordre_paiement", lu["id"], "paiement") if signe < 0 else ()) for lu in lus]

    def _source_indus(self, jour):
        """Un indu notifié est une créance ; annulé, elle se contre-passe."""
        annule = f"COALESCE(i.date_annulation, {sql_jour('i.write_date')})"
        lus = self._lire_faits(f"""
            SELECT i.id, i.numero, i.montant::bigint AS montant, e.jour, i.date_notification AS jour_schema, e.evenement, fs.partner_id,
                   COALESCE(fs.code, a.matricule, em.matricule, '') AS tiers
              FROM cnas_indu i
             CROSS JOIN LATERAL (VALUES ('constat', i.date_notification), ('annulation', CASE WHEN i.state = 'annule' THEN {annule} END))
                        AS e (evenement, jour)
              LEFT JOIN cnas_formation_sanitaire fs ON fs.id = i.formation_id
              LEFT JOIN cnas_assure a ON a.id = i.assure_id
              LEFT JOIN cnas_employeur em ON em.id = i.employeur_id
             WHERE i.date_notification IS NOT NULL AND e.jour <= %(jour)s
               AND {NEUF.format(modele="cnas.indu", id="i.id", evenement="' || e.evenement || '")}""", jour)
        return [self._mouvement_a_rebours("cnas.indu", "constat", lu, "indu") for lu in lus]

    def _source_remboursements(self, jour):
        """Un remboursement d'indu entre en trésorerie ; annulé, il en ressort."""
        lus = self._lire_faits(f"""
            SELECT r.id, r.numero, r.montant::bigint AS montant, e.jour, r.date AS jour_schema, e.evenement, fs.partner_id, r.reference,
                   COALESCE(fs.code, a.matricule, em.matricule, '') AS tiers
              FROM cnas_indu_reglement r JOIN cnas_indu i ON i.id = r.indu_id
             CROSS JOIN LATERAL (VALUES ('encaissement', r.date), ('annulation', CASE WHEN r.state = 'annule' THEN r.date_annulation END))
                        AS e (evenement, jour)
              LEFT JOIN cnas_formation_sanitaire fs ON fs.id = i.formation_id
              LEFT JOIN cnas_assure a ON a.id = i.assure_id
              LEFT JOIN cnas_employeur em ON em.id = i.employeur_id
             WHERE e.jour <= %(jour)s
               AND {NEUF.format(modele="cnas.indu.reglement", id="r.id", evenement="' || e.evenement || '")}""", jour)
        return [self._mouvement_a_rebours("cnas.indu.reglement", "encaissement", lu, "encaissement_indu", tresorerie=1,
                                          references=(lu["numero"], lu["reference"])) for lu in lus]

    def _source_provisions(self, jour):
        """Une provision est dotée à son arrêté, puis reprise le jour où la suivante la remplace."""
        lus = self._lire_faits(f"""
            SELECT p.id, p.numero, p.montant::bigint AS montant, e.jour, p.date_arrete AS jour_schema, e.evenement, NULL AS partner_id, '' AS tiers
              FROM cnas_provision p
             CROSS JOIN LATERAL (VALUES ('constat', p.date_arrete), ('annulation', p.date_reprise)) AS e (evenement, jour)
             WHERE p.state IN ('comptabilisee', 'reprise') AND e.jour <= %(jour)s
               AND {NEUF.format(modele="cnas.provision", id="p.id", evenement="' || e.evenement || '")}""", jour)
        return [self._mouvement_a_rebours("cnas.provision", "constat", lu, "provision") for lu in lus]

    def _charges(self, factures):
        """Rend [(facture, compte de charge, montant)] des décomptes en vigueur : ce que leur ordonnancement engage."""
        self.env["cnas.decompte"].flush_model(["state"])
        schema = self.env["cnas.schema_comptable"]
        schemas = schema.search([]).grouped("operation")
        self.env.cr.execute(f"""
            SELECT d.facture_id, d.date_decompte, d.mode, {REGIME}, l.type_prestation, l.compte, SUM(l.montant_cnas)::bigint, NULL
              FROM cnas_decompte d JOIN cnas_decompte_ligne l ON l.decompte_id = d.id AND l.montant_cnas <> 0
              LEFT JOIN cnas_feuille_soin fe ON fe.id = l.feuille_id
             WHERE d.facture_id = ANY(%(ids)s) AND d.state = 'emis' AND d.nature = 'initial'
             GROUP BY 1, 2, 3, 4, 5, 6
             UNION ALL
            SELECT d.facture_id, d.date_decompte, d.mode, NULL, NULL, NULL, d.montant_complement::bigint, 'complement' FROM cnas_decompte d
             WHERE d.facture_id = ANY(%(ids)s) AND d.state = 'emis' AND d.nature = 'initial' AND d.montant_complement <> 0""",
            {"ids": factures.ids})
        return [(facture, schema._choisir(schemas, operation or self._operation_de_liquidation(mode, compte), jour, regime or False,
                                          sorte or False).compte_debit, montant)
                for facture, jour, mode, regime, sorte, compte, montant, operation in self.env.cr.fetchall()]

    @staticmethod
    def _mouvement_a_rebours(modele, premier, lu, operation, **autres):
        """Rend le mouvement d'un fait qui se contre-passe en entier : son premier événement, ou l'inverse."""
        annule = lu["evenement"] != premier
        return Mouvement(
            fait=(modele, lu["id"]), evenement=lu["evenement"], source=(modele, lu["id"]), piece=lu["numero"], jour=lu["jour"],
            jour_schema=lu["jour_schema"], operation=operation, montant=-lu["montant"] if annule else lu["montant"], partenaire=lu["partner_id"] or False,
            tiers=lu["tiers"], origine=(modele, lu["id"], premier) if annule else (), **autres)
