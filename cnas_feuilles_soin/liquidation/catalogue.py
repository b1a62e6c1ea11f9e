"""Le catalogue en vigueur : les lignes de données des règles, jointes à leurs fonctions."""
from collections import defaultdict
from datetime import date

from odoo.addons.cnas_base.ecriture import ecrire_date, ecrire_nombre
from odoo.addons.cnas_base.faits import Fait
from odoo.addons.cnas_base.impression.langue import sql_francais
from odoo.addons.cnas_referentiels.bareme import Periodes


class RegleActive(Fait):
    """Une règle prête à tourner : sa fonction, sa sévérité et ses paramètres datés."""

    __slots__ = ("id", "code", "famille", "severite", "motif", "debut", "fin", "types", "regimes", "version", "visa",
                 "active", "fonction", "parametres", "connues", "sans_filtre")

    def severite_au(self, jour):
        """Rend la sévérité pour des soins donnés ce jour."""
        return self.valeur("severite", jour) or self.severite

    def valeur(self, nom, jour):
        """Rend la valeur d'un paramètre pour des soins donnés ce jour, ou None."""
        try:
            return self.connues[nom, jour]
        except KeyError:
            periodes = self.parametres.get(nom)
            valeur = self.connues[nom, jour] = periodes.au(jour) if periodes else None
            return valeur

    def vise(self, feuille):
        """Dit si la règle vaut pour cette feuille (dates, régime, type de formation)."""
        return (self.debut <= feuille.date_soins and (self.fin is None or feuille.date_soins <= self.fin)
                and (not self.regimes or feuille.regime_id in self.regimes)
                and (not self.types or feuille.type_formation in self.types))


def charger(cr, registre, surcharges=None):
    """Rend les règles actives dans l'ordre d'évaluation, en deux requêtes.

    :param registre: {code: fonction enregistrée}
    :param surcharges: essai à blanc, {code: {"severite": …, "parametres": {nom: texte}, "active": bool}}
    """
    surcharges = surcharges or {}
    cr.execute("""
        SELECT r.regle_id, r.code, p.valeur, p.date_debut, p.date_fin
          FROM cnas_regle_parametre r JOIN cnas_parametre p ON p.id = r.parametre_id""")
    parametres = defaultdict(lambda: defaultdict(list))
    for regle_id, nom, valeur, debut, fin in cr.fetchall():
        parametres[regle_id][nom].append((debut, fin, valeur))
    regles = RegleActive.lire(cr, f"""
        SELECT r.id, code, famille, severite, {sql_francais("motif")} AS motif, date_debut AS debut, date_fin AS fin, types_formation AS types,
               version, avis_medical AS visa, active,
               ARRAY(SELECT regime_id FROM cnas_regle_regime_rel WHERE regle_id = r.id) AS regimes
          FROM cnas_regle_controle r ORDER BY sequence, code""")
    return [_assembler(regle, registre[regle.code], parametres[regle.id], surcharges.get(regle.code, {}))
            for regle in regles
            if regle.code in registre and surcharges.get(regle.code, {}).get("active", regle.active)]


def _assembler(regle, fonction, parametres, surcharge):
    regle.fonction = fonction
    regle.connues = {}
    regle.types = {t.strip() for t in (regle.types or "").split(",") if t.strip()}
    regle.parametres = {
        nom: Periodes([(d, f, v if nom == "severite" else fonction.lire(nom, v)) for d, f, v in periodes])
        for nom, periodes in parametres.items()
    }
    if surcharge.get("severite"):
        regle.severite = surcharge["severite"]
        regle.parametres.pop("severite", None)
    for nom, texte in (surcharge.get("parametres") or {}).items():
        regle.parametres[nom] = Periodes([(regle.debut, None, fonction.lire(nom, texte))])
    # Une règle sans restriction, en vigueur depuis toujours, se passe du tri de ses cibles.
    regle.sans_filtre = not (regle.regimes or regle.types or regle.fin) and regle.debut.year <= 1970
    return regle


def ecrire(motif, valeurs):
    """Imprime un motif : les mots entre accolades sont remplacés, dates et montants à la française."""
    modele = valeurs.get("motif") or motif
    if "{" not in modele:
        return modele
    return modele.format_map(defaultdict(str, {nom: lisible(valeur) for nom, valeur in valeurs.items()}))


def lisible(valeur):
    """Rend une valeur comme on l'écrit : 12/03/2026, 1 500."""
    if isinstance(valeur, date):
        return ecrire_date(valeur)
    if isinstance(valeur, int) and not isinstance(valeur, bool):
        return ecrire_nombre(valeur)
    return "" if valeur is None else str(valeur)
