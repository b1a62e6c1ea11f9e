"""Fabrique des tableaux de bord : une description courte en Python → le JSON qu'Odoo affiche.

Community montre les tableaux de bord mais ne sait pas les dessiner. Chaque addon décrit les siens dans
`data/tableaux/<nom>.py` (une fonction `dessiner(tableau)`) ; ce script écrit `<nom>_dashboard.json` à côté, un nom dont Odoo
extrait les phrases (titres, filtres, et ce que `_t` dit dans une cellule) :

    python3 cnas_base/tableaux/fabrique.py

Le JSON est dans le dépôt : un test vérifie qu'il est à jour et que chaque champ cité existe.
"""
import json
import runpy
import sys
import uuid
from pathlib import Path

HAUTEUR_LIGNE = 23
COLONNES = (320, 110, 110, 115, 115, 115, 115)   # la première porte un motif en entier
LARGEUR = sum(COLONNES)
DEMI = sum(COLONNES[:3])                         # le second graphe commence à la colonne D
MARGE = 8
VERT = "#0B7A4B"
DELAIS = ("delai", "mediane", "p90")
ESPACE = uuid.UUID("5f2d8c1e-3b1a-4e57-9c63-0c0a5d7e1a01")


class Tableau:
    """Un tableau de bord en cours de dessin : cartes, graphes, tables, filtres."""

    def __init__(self, nom):
        self.nom = nom
        self.cellules, self.calculs, self.figures = {}, {}, []
        self.pivots, self.menus, self.filtres = {}, {}, []
        self.champs_filtres = []
        self.modeles_graphes = {}
        self.y = 0
        self.cartes_posees = 0

    # ------------------------------------------------------------------ filtres
    def filtre_periode(self, libelle, champs, defaut="last_year"):
        """Ajoute un filtre de période ; `champs` = {modèle: champ date}."""
        self.champs_filtres.append(({
            "id": self._id("filtre", libelle), "type": "date", "label": libelle,
            "rangeType": "relative", "defaultValue": defaut, "defaultsToCurrentPeriod": False,
        }, champs, "date"))

    def filtre(self, libelle, modele, champs):
        """Ajoute un filtre sur une relation ; `champs` = {modèle: champ many2one}."""
        self.champs_filtres.append(({
            "id": self._id("filtre", libelle), "type": "relation", "label": libelle, "modelName": modele,
            "defaultValue": [], "defaultValueDisplayNames": [], "rangeType": "year", "defaultsToCurrentPeriod": False,
        }, champs, "many2one"))

    # ------------------------------------------------------------------ cartes
    def valeur(self, nom, modele, mesure, domaine=()):
        """Range dans la feuille de calcul le total d'une mesure ; rend la cellule à citer dans une formule."""
        pivot = self._pivot(nom, modele, [mesure], [], domaine)
        return self._calcul(nom, f'=IFERROR(ODOO.PIVOT({pivot},"{mesure}")+0,0)')

    def carte(self, titre, formule, forme="nombre", menu=None):
        """Pose une carte de chiffre clé. `formule` : cellule rendue par `valeur()` ou expression."""
        cellule = self._calcul(titre, f"={formule}", forme)
        colonne, rang = self.cartes_posees % 5, self.cartes_posees // 5
        figure = self._figure(titre, colonne * LARGEUR // 5, MARGE + rang * 110, LARGEUR // 5 - 10, 100, {
            "type": "scorecard", "title": titre, "keyValue": f"Calculs!{cellule}", "background": "#FFFFFF",
            "baselineMode": "difference", "baselineColorUp": "#00A04A", "baselineColorDown": "#DC6965"}, menu)
        self.cartes_posees += 1
        self.y = max(self.y, MARGE + (rang + 1) * 110 + 10)
        return figure

    def ratio(self, titre, haut, bas, menu=None):
        """Pose une carte de pourcentage, « n. d. » si le diviseur est nul."""
        return self.carte(titre, f'IF({bas}=0,_t("n. d."),{haut}/{bas})', "pourcent", menu)

    # ------------------------------------------------------------------ graphes
    def graphes(self, *descriptions, hauteur=260):
        """Pose un ou deux graphes côte à côte : (titre, type, modèle, groupes, mesure[, domaine])."""
        ligne = self._ligne_suivante()
        places = ((0, DEMI), (DEMI, LARGEUR - DEMI)) if len(descriptions) == 2 else ((0, LARGEUR),)
        for rang, (titre, forme, modele, groupes, mesure, *domaine) in enumerate(descriptions):
            self._titre(titre, "AD"[rang], ligne)
            donnees = {
                "type": f"odoo_{forme}", "title": "", "background": "#FFFFFF", "legendPosition": "top",
                "metaData": {"groupBy": groupes, "measure": mesure, "order": None, "resModel": modele},
                # Un mois sans décision n'a pas de délai : il est absent, il ne vaut pas zéro.
                "searchParams": {"comparison": None, "context": {"fill_temporal": False} if mesure in DELAIS else {},
                                 "domain": domaine[0] if domaine else [],
                                 "groupBy": groupes, "orderBy": []},
                "verticalAxisPosition": "left", "stacked": len(groupes) > 1,
            }
            identifiant = self._figure(
                titre, places[rang][0], (ligne + 1) * HAUTEUR_LIGNE + 6, places[rang][1] - 10, hauteur, donnees)
            self.modeles_graphes[identifiant] = modele
        self.y = (ligne + 1) * HAUTEUR_LIGNE + hauteur + 20

    # ------------------------------------------------------------------ tables
    def table(self, titre, modele, groupe, colonnes, lignes=10, tri=None, domaine=(), total=False):
        """Pose une table : une ligne par valeur de `groupe`.

        :param colonnes: (libellé, formule, forme) ; dans la formule, {champ} est la mesure du rang
        :param bool total: une dernière ligne compte tout, au-delà des lignes montrées
        """
        ligne = self._ligne_suivante()
        mesures = sorted({m for _libelle, formule, _forme in colonnes for m in _mesures(formule)})
        pivot = self._pivot(titre, modele, mesures, [groupe], domaine, tri)
        self._titre(titre, "A", ligne)
        self._cellule("A", ligne + 1, groupe_lisible(groupe), 2)
        for rang, (libelle, _formule, _forme) in enumerate(colonnes):
            self._cellule("BCDEFG"[rang], ligne + 1, libelle, 3)
        for i in range(1, lignes + 1):
            self._cellule("A", ligne + 1 + i, f'=IFERROR(ODOO.PIVOT.HEADER({pivot},"#{groupe}",{i}),"")')
            for rang, (_libelle, formule, forme) in enumerate(colonnes):
                mesure = {m: f'ODOO.PIVOT({pivot},"{m}","#{groupe}",{i})' for m in mesures}
                self._cellule("BCDEFG"[rang], ligne + 1 + i, f'=IFERROR({formule.format(**mesure)},"")', None, forme)
        if total:
            lignes += 1
            self._cellule("A", ligne + 1 + lignes, "Total", 2)
            for rang, (_libelle, formule, forme) in enumerate(colonnes):
                mesure = {m: f'ODOO.PIVOT({pivot},"{m}")' for m in mesures}
                self._cellule("BCDEFG"[rang], ligne + 1 + lignes, f'=IFERROR({formule.format(**mesure)},"")', 2, forme)
        self.y = (ligne + lignes + 3) * HAUTEUR_LIGNE

    # ------------------------------------------------------------------ sortie
    def json(self):
        """Rend le document d'Odoo, clés triées."""
        for filtre, champs, nature in self.champs_filtres:
            def definition(modele, champs=champs, nature=nature):
                return {"field": champs[modele], "type": nature, **({"offset": 0} if nature == "date" else {})}

            filtre["pivotFields"] = {i: definition(p["model"]) for i, p in self.pivots.items() if p["model"] in champs}
            filtre["graphFields"] = {i: definition(m) for i, m in self.modeles_graphes.items() if m in champs}
            filtre["listFields"] = {}
        document = {
            "version": 12, "odooVersion": 4, "entities": {}, "lists": {}, "listNextId": 1,
            "revisionId": "START_REVISION", "pivots": self.pivots, "pivotNextId": len(self.pivots) + 1,
            "globalFilters": [filtre for filtre, _champs, _nature in self.champs_filtres],
            "chartOdooMenusReferences": self.menus,
            "styles": {
                "1": {"bold": True, "fontSize": 14, "textColor": VERT},
                "2": {"bold": True}, "3": {"bold": True, "align": "right"}, "4": {"fillColor": "#F8F9FA"},
            },
            "formats": {"1": "#,##0", "2": "0.0%", "3": "#,##0.0"},
            "borders": {"1": {"bottom": ["thin", "#CCCCCC"]}},
            "sheets": [
                self._feuille("Tableau", self.cellules, self.figures, {str(i): {"size": large} for i, large in enumerate(COLONNES)}),
                self._feuille("Calculs", self.calculs, [], {"0": {"size": 260}}),
            ],
        }
        return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"

    # ------------------------------------------------------------------ privé
    def _id(self, *morceaux):
        return str(uuid.uuid5(ESPACE, "/".join((self.nom, *map(str, morceaux)))))

    def _feuille(self, nom, cellules, figures, colonnes):
        lignes = max([int("".join(filter(str.isdigit, c))) for c in cellules] + [self.y // HAUTEUR_LIGNE])
        return {
            "id": self._id("feuille", nom), "name": nom, "colNumber": 7, "rowNumber": lignes + 2, "rows": {},
            "cols": colonnes, "merges": [], "cells": cellules, "conditionalFormats": [], "figures": figures,
            "areGridLinesVisible": False, "isVisible": True,
        }

    def _pivot(self, nom, modele, mesures, groupes, domaine, tri=None):
        identifiant = str(len(self.pivots) + 1)
        self.pivots[identifiant] = {
            "id": identifiant, "name": nom, "model": modele, "context": {}, "domain": list(domaine),
            "measures": [{"field": m} for m in mesures], "rowGroupBys": groupes, "colGroupBys": [],
            "sortedColumn": {"groupId": [[], []], "measure": tri, "order": "desc"} if tri else None,
        }
        return identifiant

    def _calcul(self, nom, formule, forme=None):
        rang = len(self.calculs) // 2 + 1
        self.calculs[f"A{rang}"] = {"content": nom}
        self.calculs[f"B{rang}"] = {"content": formule, **_forme(forme)}
        return f"B{rang}"

    def _cellule(self, colonne, ligne, contenu, style=None, forme=None):
        self.cellules[f"{colonne}{ligne + 1}"] = {
            "content": contenu if contenu.startswith("=") else f'=_t("{contenu}")', **({"style": style} if style else {}), **_forme(forme)}

    def _titre(self, titre, colonne, ligne):
        self._cellule(colonne, ligne, titre, 1)

    def _ligne_suivante(self):
        return -(-self.y // HAUTEUR_LIGNE)

    def _figure(self, titre, x, y, largeur, hauteur, donnees, menu=None):
        identifiant = self._id("figure", len(self.figures), titre)
        self.figures.append(
            {"id": identifiant, "x": x, "y": y, "width": largeur, "height": hauteur, "tag": "chart", "data": donnees})
        if menu:
            self.menus[identifiant] = menu
        return identifiant


LIBELLES_GROUPES = {
    "agence_id": "Agence", "controleur_id": "Contrôleur", "regle_id": "Motif", "formation_id": "Formation sanitaire",
    "regime_id": "Régime", "province_id": "Province", "tranche_age": "Tranche d'âge", "niveau": "Niveau",
    "date_depot:month": "Mois de réception", "employeur_id": "Employeur", "age_stock": "Âge du stock",
}


def groupe_lisible(groupe):
    """Rend le titre de la première colonne d'une table."""
    return LIBELLES_GROUPES.get(groupe, groupe)


def _forme(forme):
    return {"format": {"nombre": 1, "pourcent": 2, "decimal": 3}[forme]} if forme else {}


def _mesures(formule):
    return [morceau.split("}")[0] for morceau in formule.split("{")[1:]]


def chemin_du_json(description):
    """Rend où s'écrit le JSON d'une description."""
    return description.with_name(f"{description.stem}_dashboard.json")


def fabriquer(description):
    """Rend le JSON du tableau décrit par le fichier `description`."""
    tableau = Tableau(Path(description).stem)
    runpy.run_path(str(description))["dessiner"](tableau)
    return tableau.json()


def main():
    """Écrit le JSON de toutes les descriptions du dépôt."""
    racine = Path(__file__).resolve().parents[2]
    for description in sorted(racine.glob("cnas_*/data/tableaux/*.py")):
        chemin_du_json(description).write_text(fabriquer(description), encoding="utf-8")
        sys.stdout.write(f"{chemin_du_json(description).relative_to(racine)}\n")


if __name__ == "__main__":
    main()
