"""La famille et l'année de droits au jour des soins : qui dépendait de qui ce jour-là, et depuis quand dans le régime.

Une famille porte le numéro de son premier principal : qui lui succède la continue, plafonds et année compris. Une
personne a eu plusieurs familles (enfant détaché, conjoint arrivé depuis) ; un **foyer** réunit toutes celles qui se sont
partagé quelqu'un : il se contrôle d'un seul tenant, sous un seul verrou.
"""
from collections import defaultdict

from odoo.addons.cnas_base.faits import tableau

from .dates import UN_JOUR

# Une fermeture qui a coupé des droits les prouve ouverts à son début, même si la période coupée n'a plus de trace.
SQL_DROITS = """
SELECT assure_id, regime_id, date_debut, state = 'ouvert' AND origine = 'changement_principal'
  FROM cnas_droit
 WHERE assure_id = ANY(%s) AND (state = 'ouvert' OR fin_prevue >= date_debut OR (fin_prevue IS NULL AND origine IN
       ('suspension', 'radiation', 'fermeture', 'deces')))
"""
SQL_LIENS = """
WITH RECURSIVE haut (id) AS (
    SELECT unnest(%s::int[])
     UNION
    SELECT k.principal_id FROM haut JOIN cnas_lien_familial k ON k.membre_id = haut.id)
SELECT k.membre_id, k.principal_id, k.date_debut, k.date_fin
  FROM haut JOIN cnas_lien_familial k ON k.membre_id = haut.id ORDER BY k.date_debut
"""
# Un veuf ou une veuve prend la suite sans droits à transmettre : d'autres membres l'ont suivi ce jour-là.
SQL_SUIVIS = """
SELECT v.rang
  FROM unnest(%s::int[], %s::int[], %s::date[]) WITH ORDINALITY AS v (nouveau, ancien, jour, rang)
  JOIN cnas_assure p ON p.id = v.ancien AND COALESCE(p.date_deces + 1, p.date_radiation) <= v.jour
 WHERE EXISTS (SELECT 1 FROM cnas_lien_familial n JOIN cnas_lien_familial o ON o.membre_id = n.membre_id
                WHERE n.principal_id = v.nouveau AND n.date_debut = v.jour
                  AND o.principal_id = v.ancien AND o.date_fin = v.jour - 1)
"""
SQL_VOISINES = """
WITH siens AS MATERIALIZED (SELECT id, famille_id FROM cnas_assure WHERE famille_id = ANY(%s))
SELECT s.famille_id, a.famille_id
  FROM siens s JOIN cnas_lien_familial k ON k.membre_id = s.id AND k.date_fin IS NOT NULL
  JOIN cnas_assure a ON a.id = k.principal_id AND a.famille_id <> s.famille_id
 UNION
SELECT s.famille_id, a.famille_id
  FROM siens s JOIN cnas_lien_familial k ON k.principal_id = s.id AND k.date_fin IS NOT NULL
  JOIN cnas_assure a ON a.id = k.membre_id AND a.famille_id <> s.famille_id
"""


def foyers(cr, familles):
    """Rend {famille d'aujourd'hui: foyer}, celles que d'anciens liens rapprochent des `familles` comprises."""
    foyer = {famille: famille for famille in familles}

    def chef(famille):
        while foyer[famille] != famille:
            famille = foyer[famille]
        return famille
    nouvelles = list(foyer)
    while nouvelles:
        cr.execute(SQL_VOISINES, [tableau(nouvelles)])
        couples = cr.fetchall()
        nouvelles = [autre for _une, autre in couples if foyer.setdefault(autre, autre) == autre and autre not in familles]
        nouvelles = list(dict.fromkeys(nouvelles))
        familles = {*familles, *nouvelles}
        for une, autre in couples:
            une, autre = sorted((chef(une), chef(autre)))
            foyer[autre] = une
    return {famille: chef(famille) for famille in foyer}


def proches(cr, personnes):
    """Rend les personnes qui partagent, ou ont partagé, une famille avec celles-ci."""
    cr.execute("SELECT DISTINCT famille_id FROM cnas_assure WHERE id = ANY(%s)", [tableau(personnes)])
    return membres(cr, foyers(cr, {famille for (famille,) in cr.fetchall()}))


def membres(cr, familles):
    """Rend les personnes qui sont aujourd'hui de ces familles."""
    cr.execute("SELECT id FROM cnas_assure WHERE famille_id = ANY(%s)", [tableau(familles)])
    return {personne for (personne,) in cr.fetchall()}


class Familles:
    """Les familles de quelques personnes et de leurs principaux, à chaque date."""

    def __init__(self, cr, personnes):
        self.connues, self.liens, self.premiers = set(), defaultdict(list), {}
        self.successions, self._ouvertures = defaultdict(list), {}
        self.connaitre(cr, personnes)

    def connaitre(self, cr, personnes):
        """Lit l'histoire de ces personnes et de leurs principaux, si elle n'est pas déjà connue."""
        inconnues = set(personnes) - self.connues
        if not inconnues:
            return
        cr.execute(SQL_LIENS, [tableau(inconnues)])
        finis = []
        for membre, principal, debut, fin in cr.fetchall():
            if membre not in self.connues:
                self.liens[membre].append((principal, debut, fin))
                inconnues.update((membre, principal))
                if fin:
                    finis.append((membre, principal, fin + UN_JOUR))
        inconnues -= self.connues
        self.connues |= inconnues
        cr.execute(SQL_DROITS, [tableau(inconnues)])
        transmis = set()
        for personne, regime, debut, transmission in cr.fetchall():
            if transmission:
                transmis.add((personne, debut))
            premier = self.premiers.get((personne, regime))
            self.premiers[personne, regime] = min(premier, debut) if premier else debut
        for nouveau, ancien, jour in self._succedes(cr, finis, transmis):
            self.successions[nouveau].append((jour, ancien))

    def _succedes(self, cr, finis, transmis):
        """Rend, parmi des liens finis, ceux dont le membre est devenu le principal de sa famille."""
        surs = [(nouveau, ancien, jour) for nouveau, ancien, jour in finis
                if (nouveau, jour) in transmis
                or any(principal == nouveau and debut == jour for principal, debut, _fin in self.liens.get(ancien, ()))]
        reste = [fini for fini in finis if fini not in surs]
        if reste:
            cr.execute(SQL_SUIVIS, [tableau(colonne) for colonne in zip(*reste)])
            surs += [reste[rang - 1] for (rang,) in cr.fetchall()]
        return surs

    def famille(self, principal, jour):
        """Rend la famille que menait ce principal ce jour-là : lui, ou celui dont il a pris la suite."""
        while principal in self.successions:
            suites = [suite for suite in self.successions[principal] if suite[0] <= jour]
            if not suites:
                break
            debut, principal = max(suites)
            jour = debut - UN_JOUR
        return principal

    def ouverture(self, personne, regime):
        """Rend le premier jour qui compte dans le régime : le sien, ou celui du principal qui l'a couverte d'abord.

        Maintien, réactivation, changement de principal : des droits qui continuent n'ouvrent pas une année neuve.
        """
        cle = personne, regime
        if cle not in self._ouvertures:
            sien = self._ouvertures[cle] = self.premiers.get(cle)
            couvertures = [(sien, sien)] if sien else []
            for principal, debut, fin in self.liens.get(personne, ()):
                premier = self.ouverture(principal, regime)
                if premier and (fin is None or premier <= fin):
                    couvertures.append((max(debut, premier), premier))
            self._ouvertures[cle] = min(couvertures)[1] if couvertures else None
        return self._ouvertures[cle]
