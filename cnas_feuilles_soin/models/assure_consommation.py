from datetime import timedelta

from odoo import api, models

from ..liquidation.dates import annee_de_droits


class Assure(models.Model):
    """Ce qu'un bénéficiaire peut encore consommer : plafonds de l'année de droits et unités d'un acte."""

    _inherit = "cnas.assure"

    @api.model
    def _consommations_par_lot(self, demandes):
        """Remplit `droits_restants` : voir `cnas.assure._consommations_par_lot` (cnas_assures)."""
        resultat = super()._consommations_par_lot(demandes)
        if not demandes:
            return resultat
        self.env.flush_all()
        droits = self._droits_par_lot([(assure, jour) for assure, jour, _code in demandes])
        familles = self._familles_par_lot({assure for assure, _jour, _code in demandes})
        prestations = self._prestations_par_code({code for _a, _j, code in demandes if code})
        plafonds = self.env["cnas.plafond"].sudo()._plafonds_par_lot(
            list({(droits[a, j]["regime_id"], j) for a, j, _c in demandes}))
        passees = self._lignes_passees(set(familles.values()))
        for cle in demandes:
            assure, jour, code = cle
            droit = droits[assure, jour]
            debut, fin = annee_de_droits(droit["date_debut"] or None, jour)
            famille = familles[assure]
            lignes = [li for li in passees.get(famille, ()) if debut <= li["date"] <= fin]
            prestation = prestations.get(code) if code else None
            resultat[cle] = {
                "plafonds": [self._reste_plafond(p, assure, lignes, debut, fin)
                             for p in plafonds[droit["regime_id"], jour]
                             if p["portee"] != "feuille" and (
                                 not prestation or p["categorie"] in (False, prestation["categorie"]))],
                "prestations": [self._reste_prestation(prestation, assure, jour, lignes, passees.get(famille, ()))]
                if prestation else [],
            }
        return resultat

    # ------------------------------------------------------------------ privé
    @api.model
    def _familles_par_lot(self, ids):
        self.env.cr.execute("SELECT id, COALESCE(famille_id, id) FROM cnas_assure WHERE id = ANY(%s)", [list(ids)])
        return dict(self.env.cr.fetchall())

    @api.model
    def _prestations_par_code(self, codes):
        self.env.cr.execute("""
            SELECT code, id, name, categorie, COALESCE(quantite_max, 0), COALESCE(frequence_min_jours, 0)
              FROM cnas_prestation WHERE code = ANY(%s)""", [list(codes)])
        noms = ("code", "id", "name", "categorie", "quantite_max", "frequence")
        return {rang[0]: dict(zip(noms, rang)) for rang in self.env.cr.fetchall()}

    @api.model
    def _lignes_passees(self, familles):
        """Rend {famille: [ligne acceptée d'un dossier vivant]}, en une requête."""
        self.env.cr.execute("""
            SELECT COALESCE(a.famille_id, a.id), a.id, f.date_soins, f.type_soins, l.prestation_id, p.categorie,
                   COALESCE(l.quantite_retenue, 0), COALESCE(l.montant_cnas, 0)::bigint
              FROM cnas_assure a
              JOIN cnas_feuille_soin f ON f.assure_id = a.id
              JOIN cnas_feuille_soin_ligne l ON l.feuille_id = f.id
              JOIN cnas_prestation p ON p.id = l.prestation_id
             WHERE (a.famille_id = ANY(%(familles)s) OR a.id = ANY(%(familles)s))
               AND f.state IN ('controle', 'avis_medical', 'validee', 'payee')
               AND l.decision IN ('acceptee', 'abattue')""", {"familles": list(familles)})
        noms = ("assure", "date", "type_soins", "prestation", "categorie", "quantite", "part")
        par_famille = {}
        for famille, *rang in self.env.cr.fetchall():
            par_famille.setdefault(famille, []).append(dict(zip(noms, rang)))
        return par_famille

    @api.model
    def _reste_plafond(self, plafond, assure, lignes, debut, fin):
        prises = [li for li in lignes
                  if (plafond["portee"] == "famille" or li["assure"] == assure)
                  and plafond["categorie"] in (False, li["categorie"])
                  and plafond["type_soins"] in (False, "tous", li["type_soins"])]
        part, nombre = sum(li["part"] for li in prises), len(prises)
        montant_max, nombre_max = plafond["montant_max"], plafond["nombre_max"]
        return {
            "portee": plafond["portee"], "type_soins": plafond["type_soins"] or "tous",
            "categorie": plafond["categorie"] or False, "franchise": plafond["franchise"],
            "montant_max": montant_max or False, "montant_consomme": part,
            "montant_restant": max(montant_max - part, 0) if montant_max else False,
            "nombre_max": nombre_max or False, "nombre_consomme": nombre,
            "nombre_restant": max(nombre_max - nombre, 0) if nombre_max else False,
            "date_debut": debut.isoformat(), "date_fin": fin.isoformat(),
        }

    @api.model
    def _reste_prestation(self, prestation, assure, jour, lignes, toutes):
        """Unités déjà prises dans l'année de droits, et premier jour où la fréquence minimale le permet."""
        siennes = [li for li in toutes if li["assure"] == assure and li["prestation"] == prestation["id"]]
        prochaine = False
        if prestation["frequence"]:
            dernieres = [li["date"] for li in siennes if li["date"] <= jour]
            if dernieres:
                suivante = max(dernieres) + timedelta(days=prestation["frequence"])
                prochaine = suivante.isoformat() if suivante > jour else False
        maximum = prestation["quantite_max"]
        return {
            "code": prestation["code"], "name": prestation["name"],
            "quantite_max": maximum or False,
            "quantite_consommee": sum(li["quantite"] for li in lignes
                                      if li["assure"] == assure and li["prestation"] == prestation["id"]),
            "quantite_restante": 0 if prochaine else maximum or False,
            "prochaine_date": prochaine,
        }
