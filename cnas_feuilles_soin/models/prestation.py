from odoo import api, models

from odoo.addons.cnas_formations.models.formation_type import sql_type_au


class Prestation(models.Model):
    """Dit aux référentiels quels tarifs ont servi : un tarif payé ne change plus."""

    _inherit = "cnas.prestation"

    @api.model
    def _tarif_utilise(self, plages):
        """Rend les clés des plages où tombe une ligne prise en charge d'une feuille validée ou payée.

        Une requête : les jours d'usage de chaque prestation, par niveau de formation, rapprochés des plages.
        """
        if not plages:
            return set()
        self.env["cnas.feuille_soin"].flush_model(["state", "date_soins", "formation_id", "niveau_formation"])
        self.env["cnas.feuille_soin.ligne"].flush_model(["feuille_id", "prestation_id", "decision"])
        cles, prestations, niveaux, debuts, fins = zip(*plages)
        self.env.cr.execute(
            f"""WITH plages AS (
                   SELECT * FROM unnest(%(rangs)s::int[], %(prestations)s::int[], %(niveaux)s::int[],
                                        %(debuts)s::date[], %(fins)s::date[])
                          AS p(rang, prestation_id, niveau, debut, fin)
               ), usages AS MATERIALIZED (
                   SELECT DISTINCT l.prestation_id, COALESCE(NULLIF(f.niveau_formation, 0), t.niveau, fs.niveau) AS niveau,
                          f.date_soins
                     FROM cnas_feuille_soin f
                     JOIN cnas_feuille_soin_ligne l ON l.feuille_id = f.id
                     JOIN cnas_formation_sanitaire fs ON fs.id = f.formation_id
                     {sql_type_au("f.formation_id", "f.date_soins")}
                    WHERE f.state IN ('validee', 'payee') AND l.decision IN ('acceptee', 'abattue')
                      AND f.date_soins >= (SELECT min(debut) FROM plages) AND l.prestation_id = ANY(%(prestations)s)
               )
               SELECT DISTINCT p.rang FROM plages p
                 JOIN usages u ON u.prestation_id = p.prestation_id AND u.date_soins >= p.debut
                      AND (p.fin IS NULL OR u.date_soins <= p.fin)
                      AND (p.niveau IS NULL OR u.niveau = p.niveau)""",
            {"rangs": list(range(len(cles))), "prestations": list(prestations),
             "niveaux": [niveau or None for niveau in niveaux], "debuts": list(debuts),
             "fins": [fin or None for fin in fins]})
        return super()._tarif_utilise(plages) | {cles[rang] for (rang,) in self.env.cr.fetchall()}
