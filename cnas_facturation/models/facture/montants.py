from odoo import models

from ..comptes import SQL_COMPTE
from .dossier import ETATS_FIGES

CHAMPS_MONTANTS = (
    "nb_feuilles", "nb_non_decidees", "nb_instances", "montant_facture", "montant_base", "montant_cnas",
    "ticket_moderateur", "depassement", "montant_rejete", "montant_soins", "montant_pharmacie",
    "montant_complement", "montant_compense", "net_principal", "net_pharmacie", "net_a_payer",
)


class FactureMontants(models.Model):
    """Montants de la facture : une somme SQL, le même nombre de requêtes de 20 à 2 000 feuilles."""

    _inherit = "cnas.facture"

    _champs_geles = CHAMPS_MONTANTS

    def _actualiser_montants(self):
        """Somme les feuilles et les lignes dans les factures encore ouvertes du lot (une requête).

        Les factures validées sont figées : elles ne bougent plus, quoi qu'on demande. Le net à payer
        vaut la part CNAS, plus les recours acceptés, moins les indus compensés sur cette facture.
        """
        if not self.ids:
            return
        self.env["cnas.feuille_soin"].flush_model()
        self.env["cnas.feuille_soin.ligne"].flush_model()
        self.env["cnas.contestation"].flush_model()
        self.env["cnas.indu.compensation"].flush_model()
        self.flush_model()
        self.env.cr.execute(self._requete_actualisation(), {"ids": tuple(self.ids), "figes": ETATS_FIGES})
        self._journaliser_montants(self.env.cr.fetchall())
        self.invalidate_recordset()

    def _journaliser_montants(self, rangs):
        """Inscrit au journal ce qu'une écriture SQL a changé : (facture, valeurs d'avant, valeurs d'après), à plat."""
        nombre, lignes = len(CHAMPS_MONTANTS), []
        for facture_id, *valeurs in rangs:
            avant, apres = (dict(zip(CHAMPS_MONTANTS, map(int, (v or 0 for v in cote))))
                            for cote in (valeurs[:nombre], valeurs[nombre:]))
            changes = [champ for champ in CHAMPS_MONTANTS if not champ.startswith("nb_") and avant[champ] != apres[champ]]
            if changes:
                lignes.append({
                    "modele": self._name, "res_id": facture_id, "evenement": "montants",
                    "avant": {champ: avant[champ] for champ in changes}, "apres": {champ: apres[champ] for champ in changes}})
        self.env["cnas.journal"]._ajouter(lignes)

    def _requete_actualisation(self):
        """Rend l'UPDATE qui recopie les sommes là où elles ont changé, et dit l'avant et l'après."""
        affectations = ", ".join(f"{c} = s.{c}" for c in CHAMPS_MONTANTS)
        avant = ", ".join(f"v.{c}" for c in CHAMPS_MONTANTS)
        apres = ", ".join(f"s.{c}" for c in CHAMPS_MONTANTS)
        return f"""
            UPDATE cnas_facture f SET {affectations}
              FROM ({self._requete_montants()}) s JOIN cnas_facture v ON v.id = s.id
             WHERE s.id = f.id AND f.state NOT IN %(figes)s
               AND ({avant}) IS DISTINCT FROM ({apres})
         RETURNING f.id, {avant}, {apres}"""

    def _requete_montants(self):
        """Rend le SELECT des montants par facture (paramètre : ids)."""
        return f"""
            SELECT fa.id,
                   COALESCE(fe.nb, 0) AS nb_feuilles,
                   COALESCE(fe.nb_non_decidees, 0) AS nb_non_decidees,
                   COALESCE(fe.nb_instances, 0) AS nb_instances,
                   COALESCE(fe.montant_facture, 0) AS montant_facture,
                   COALESCE(fe.montant_base, 0) AS montant_base,
                   COALESCE(fe.montant_cnas, 0) AS montant_cnas,
                   COALESCE(fe.ticket_moderateur, 0) AS ticket_moderateur,
                   COALESCE(fe.depassement, 0) AS depassement,
                   COALESCE(fe.montant_rejete, 0) AS montant_rejete,
                   COALESCE(fe.montant_cnas, 0) - COALESCE(li.pharmacie, 0) AS montant_soins,
                   COALESCE(li.pharmacie, 0) AS montant_pharmacie,
                   COALESCE(co.total, 0) AS montant_complement,
                   COALESCE(ind.total, 0) AS montant_compense,
                   COALESCE(fe.montant_cnas, 0) - COALESCE(li.pharmacie, 0)
                       + COALESCE(co.principal, 0) - COALESCE(ind.principal, 0) AS net_principal,
                   COALESCE(li.pharmacie, 0)
                       + COALESCE(co.pharmacie, 0) - COALESCE(ind.pharmacie, 0) AS net_pharmacie,
                   COALESCE(fe.montant_cnas, 0)
                       + COALESCE(co.total, 0) - COALESCE(ind.total, 0) AS net_a_payer
              FROM cnas_facture fa
              LEFT JOIN (
                    SELECT facture_id, COUNT(*) AS nb,
                           COUNT(*) FILTER (WHERE state NOT IN ('validee', 'rejetee', 'payee')) AS nb_non_decidees,
                           COUNT(*) FILTER (WHERE state = 'instance') AS nb_instances,
                           SUM(montant_facture) AS montant_facture, SUM(montant_base) AS montant_base,
                           SUM(montant_cnas) AS montant_cnas, SUM(ticket_moderateur) AS ticket_moderateur,
                           SUM(depassement) AS depassement, SUM(montant_rejete) AS montant_rejete
                      FROM cnas_feuille_soin WHERE facture_id IN %(ids)s GROUP BY facture_id
                   ) fe ON fe.facture_id = fa.id
              LEFT JOIN (
                    SELECT fs.facture_id, SUM(l.montant_cnas) AS pharmacie
                      FROM cnas_feuille_soin fs
                      JOIN cnas_feuille_soin_ligne l ON l.feuille_id = fs.id
                      JOIN cnas_prestation p ON p.id = l.prestation_id
                     WHERE fs.facture_id IN %(ids)s AND {SQL_COMPTE} = 'pharmacie'
                     GROUP BY fs.facture_id
                   ) li ON li.facture_id = fa.id
              LEFT JOIN (
                    SELECT facture_complement_id AS facture_id, SUM(montant_accorde) AS total,
                           SUM(montant_accorde) FILTER (WHERE compte = 'principal') AS principal,
                           SUM(montant_accorde) FILTER (WHERE compte = 'pharmacie') AS pharmacie
                      FROM cnas_contestation WHERE facture_complement_id IN %(ids)s GROUP BY 1
                   ) co ON co.facture_id = fa.id
              LEFT JOIN (
                    SELECT c.facture_id, SUM(c.montant) AS total,
                           SUM(c.montant) FILTER (WHERE i.compte = 'principal') AS principal,
                           SUM(c.montant) FILTER (WHERE i.compte = 'pharmacie') AS pharmacie
                      FROM cnas_indu_compensation c JOIN cnas_indu i ON i.id = c.indu_id
                     WHERE c.facture_id IN %(ids)s GROUP BY 1
                   ) ind ON ind.facture_id = fa.id
             WHERE fa.id IN %(ids)s"""

    def _montants_par_regime(self):
        """Rend {facture_id: [(régime, feuilles, facturé, base, part, soins, pharmacie)]}, en une requête.

        Le régime est celui de la feuille, à la date des soins : l'assuré peut en avoir changé depuis.
        """
        self.env["cnas.feuille_soin.ligne"].flush_model()
        self.env["cnas.feuille_soin"].flush_model()
        resultat = {facture.id: [] for facture in self}
        if not resultat:
            return resultat
        self.env.cr.execute(f"""
            SELECT fs.facture_id, COALESCE(r.code, '—') AS regime, COUNT(DISTINCT fs.id),
                   SUM(l.montant_facture), SUM(l.montant_base), SUM(l.montant_cnas),
                   SUM(l.montant_cnas) FILTER (WHERE {SQL_COMPTE} = 'principal'),
                   SUM(l.montant_cnas) FILTER (WHERE {SQL_COMPTE} = 'pharmacie')
              FROM cnas_feuille_soin fs
              JOIN cnas_feuille_soin_ligne l ON l.feuille_id = fs.id
              JOIN cnas_prestation p ON p.id = l.prestation_id
              LEFT JOIN cnas_regime r ON r.id = fs.regime_id
             WHERE fs.facture_id IN %s
             GROUP BY fs.facture_id, r.code ORDER BY fs.facture_id, r.code""", (tuple(self.ids),))
        for facture_id, *valeurs in self.env.cr.fetchall():
            resultat[facture_id].append((valeurs[0], *(int(v or 0) for v in valeurs[1:])))
        return resultat
