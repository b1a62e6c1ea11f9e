"""Le catalogue en vigueur : les lignes de données des règles, jointes à leurs fonctions."""
from collections import defaultdict

from ..regles import registre
from .contexte import Periodes


class RegleActive:
    """Une règle prête à tourner : sa fonction, sa sévérité et ses paramètres datés."""

    __slots__ = ("id", "code", "famille", "fonction", "severite", "motif", "debut", "fin", "regimes", "types",
                 "version", "parametres", "sans_filtre", "visa")

    def severite_au(self, jour):
        """Rend la sévérité pour des soins donnés ce jour."""
        datee = self.parametres.get("severite")
        return (datee.au(jour) if datee else None) or self.severite

    def valeur(self, nom, jour):
        """Rend la valeur d'un paramètre pour des soins donnés ce jour, ou None."""
        periodes = self.parametres.get(nom)
        return periodes.au(jour) if periodes else None

    def vise(self, feuille):
        """Dit si la règle vaut pour cette feuille (dates, régime, type de formation)."""
        return (self.debut <= feuille.date_soins and (self.fin is None or feuille.date_soins <= self.fin)
                and (not self.regimes or feuille.regime_id in self.regimes)
                and (not self.types or feuille.type_formation in self.types))


def charger(cr, surcharges=None):
    """Rend les règles actives dans l'ordre d'évaluation, en trois requêtes.

    :param surcharges: essai à blanc, {code: {"severite": …, "parametres": {nom: texte}, "active": bool}}
    """
    surcharges = surcharges or {}
    cr.execute("""
        SELECT id, code, famille, severite, motif, date_debut, date_fin, types_formation, version, avis_medical, active
          FROM cnas_regle_controle ORDER BY sequence, code""")
    lignes = cr.fetchall()
    cr.execute("SELECT regle_id, regime_id FROM cnas_regle_regime_rel")
    regimes = defaultdict(set)
    for regle_id, regime_id in cr.fetchall():
        regimes[regle_id].add(regime_id)
    cr.execute("""
        SELECT r.regle_id, r.code, p.valeur, p.date_debut, p.date_fin
          FROM cnas_regle_parametre r JOIN cnas_parametre p ON p.id = r.parametre_id""")
    parametres = defaultdict(lambda: defaultdict(list))
    for regle_id, nom, valeur, debut, fin in cr.fetchall():
        parametres[regle_id][nom].append((debut, fin, valeur))
    regles = []
    for ligne in lignes:
        surcharge = surcharges.get(ligne[1], {})
        if ligne[1] in registre.REGLES and surcharge.get("active", ligne[10]):
            regles.append(_assembler(ligne, regimes[ligne[0]], parametres[ligne[0]], surcharge))
    return regles


def _assembler(ligne, regimes, parametres, surcharge):
    regle = RegleActive()
    (regle.id, regle.code, regle.famille, regle.severite, regle.motif, regle.debut, regle.fin, types, regle.version,
     regle.visa, _active) = ligne
    regle.fonction = registre.REGLES[regle.code]
    regle.regimes = regimes
    regle.types = {t.strip() for t in (types or "").split(",") if t.strip()}
    regle.parametres = {
        nom: Periodes([(d, f, v if nom == "severite" else regle.fonction.lire(nom, v)) for d, f, v in periodes])
        for nom, periodes in parametres.items()
    }
    if surcharge.get("severite"):
        regle.severite = surcharge["severite"]
        regle.parametres.pop("severite", None)
    for nom, texte in (surcharge.get("parametres") or {}).items():
        regle.parametres[nom] = Periodes([(regle.debut, None, regle.fonction.lire(nom, texte))])
    # Une règle sans restriction, en vigueur depuis toujours, se passe du tri de ses cibles.
    regle.sans_filtre = not (regle.regimes or regle.types or regle.fin) and regle.debut.year <= 1970
    return regle


def ecrire(motif, valeurs):
    """Imprime un motif : les mots entre accolades sont remplacés, dates et montants à la française."""
    modele = valeurs.get("motif") or motif
    if "{" not in modele:
        return modele
    lisibles = _Mots((nom, lisible(valeur)) for nom, valeur in valeurs.items())
    return modele.format_map(lisibles)


class _Mots(dict):
    def __missing__(self, nom):
        return ""


def lisible(valeur):
    """Rend une valeur comme on l'écrit : 12/03/2026, 1 500."""
    if hasattr(valeur, "strftime"):
        return valeur.strftime("%d/%m/%Y")
    if isinstance(valeur, int) and not isinstance(valeur, bool):
        return f"{valeur:,}".replace(",", "\u202f")
    return "" if valeur is None else str(valeur)
