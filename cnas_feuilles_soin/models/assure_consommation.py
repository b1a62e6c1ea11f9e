from datetime import timedelta

from odoo import api, models

from ..liquidation.execution import charger_brouillons
from ..liquidation.plafonds import Compteur
from ..regles.registre import REGLES


class Assure(models.Model):
    """Ce qu'un bénéficiaire peut encore consommer : le moteur de contrôle, interrogé avant les soins."""

    _inherit = "cnas.assure"

    @api.model
    def _consommations_lisibles(self, assure_id):
        """Une formation ne lit que ce qu'a consommé qui elle soigne."""
        if not self.env.user.has_group("cnas_base.group_portail_formation"):
            return super()._consommations_lisibles(assure_id)
        formations = self.env.user.sudo().formation_ids
        return bool(self.env["cnas.feuille_soin"].sudo().search_count([
            ("assure_id", "=", assure_id), ("formation_id", "in", formations.ids),
            ("state", "not in", ("brouillon", "annulee"))], limit=1))

    @api.model
    def _consommations_par_lot(self, demandes):
        """Remplit `droits_restants` : voir `cnas.assure._consommations_par_lot` (cnas_assures)."""
        resultat = super()._consommations_par_lot(demandes)
        if not demandes:
            return resultat
        codes = {code for _assure, _jour, code in demandes if code}
        prestations = self.env["cnas.prestation"].sudo()._prestations_par_code(codes)
        lot = charger_brouillons(
            self.env, REGLES, prestations=prestations.values(),
            # Négatif : le numéro d'un dossier enregistré l'ôterait de son propre historique.
            feuilles=[{"id": -rang, "assure_id": assure, "date_soins": jour}
                      for rang, (assure, jour, _code) in enumerate(demandes, 1)])
        for feuille in lot.feuilles:
            cle = demandes[-feuille.id - 1]
            prestation = lot.prestations.get(prestations.get(cle[2]))
            plafonds = lot.plafonds_de(feuille.regime_id, feuille.date_soins)
            resultat[cle] = {
                "plafonds": [self._reste_plafond(Compteur(lot, plafond, feuille)) for plafond in plafonds
                             if plafond.portee != "feuille"
                             and (not prestation or plafond.categorie in (None, prestation.categorie))],
                "prestations": [self._reste_prestation(lot, prestation, feuille)] if prestation else [],
            }
        return resultat

    # ------------------------------------------------------------------ privé
    @api.model
    def _reste_plafond(self, compteur):
        plafond, nombre_max = compteur.plafond, compteur.plafond.nombre_max
        return {
            "portee": plafond.portee, "type_soins": plafond.type_soins or "tous",
            "categorie": plafond.categorie or False, "franchise": plafond.franchise,
            "montant_max": compteur.maximum or False, "montant_consomme": compteur.montant,
            "montant_restant": max(compteur.maximum - compteur.montant, 0) if compteur.maximum else False,
            "nombre_max": nombre_max or False, "nombre_consomme": compteur.nombre,
            "nombre_restant": max(nombre_max - compteur.nombre, 0) if nombre_max else False,
            "date_debut": compteur.annee[0].isoformat(), "date_fin": compteur.annee[1].isoformat(),
        }

    @api.model
    def _reste_prestation(self, lot, prestation, feuille):
        """Unités déjà prises dans l'année de droits, et premier jour où la fréquence minimale le permet."""
        prises = lot.historique.du_code(feuille, prestation.id)
        (debut, fin), jour = feuille.annee, feuille.date_soins
        libre = max((p.date + timedelta(days=prestation.frequence or 0) for p in prises if p.date <= jour), default=jour)
        maximum = prestation.quantite_max or False
        return {
            "code": prestation.code, "name": prestation.name, "quantite_max": maximum,
            "quantite_consommee": sum(p.quantite for p in prises if debut <= p.date <= fin),
            "quantite_restante": 0 if libre > jour else maximum,
            "prochaine_date": libre.isoformat() if libre > jour else False,
        }
