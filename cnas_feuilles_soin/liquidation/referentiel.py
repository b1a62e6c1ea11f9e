"""Les référentiels d'un lot : les barèmes datés, les prestations et les tables que lisent les règles.

Chaque table se lit une fois pour toutes les tranches, en une requête, quand une règle la demande.
"""
from collections import defaultdict
from functools import cached_property

from odoo.addons.cnas_base.faits import Fait
from odoo.addons.cnas_base.impression.langue import sql_francais
from odoo.addons.cnas_referentiels.bareme import Bareme, dater

SANS_LIMITE = 120
INDICATIONS_NOMMEES = 6


class Prestation(Fait):
    """Une ligne du référentiel, spécialisation comprise ; coefficient en centièmes."""

    __slots__ = (
        "id", "code", "name", "type", "categorie", "niveau_min", "sexe", "age_min", "age_max", "quantite_max",
        "frequence", "entente", "unique_vie", "active", "type_soins", "technique", "remboursable", "dci", "dosage",
        "forme", "atc", "retrait", "coefficient", "lettre", "specialite_id", "hors_plafond_enfant", "hors_plafond_adulte")

    def hors_plafond(self, adulte, type_soins):
        """Dit si la prestation échappe aux plafonds, pour un adulte ou un enfant, dans ce type de soins."""
        return (self.hors_plafond_adulte if adulte else self.hors_plafond_enfant) in ("toujours", type_soins)


SQL_PRESTATIONS = f"""
SELECT p.id, p.code, {sql_francais("p.name")} AS name, p.type_prestation AS type, p.categorie, COALESCE(p.niveau_min, 1) AS niveau_min, p.sexe,
       NULLIF(p.age_min, 0) AS age_min, CASE WHEN p.age_max < 120 THEN p.age_max END AS age_max,
       NULLIF(p.quantite_max, 0) AS quantite_max, NULLIF(p.frequence_min_jours, 0) AS frequence,
       COALESCE(p.entente_prealable, false) AS entente, COALESCE(p.unique_vie, false) AS unique_vie,
       COALESCE(p.active, false) AS active, p.date_retrait AS retrait, p.type_soins, COALESCE(p.acte_technique, false) AS technique,
       COALESCE(p.remboursable, false) AS remboursable, m.dci, m.dosage, m.forme, m.code_atc AS atc,
       NULLIF(round(COALESCE(a.coefficient, e.coefficient) * 100)::bigint, 0) AS coefficient, k.code AS lettre,
       a.specialite_id, COALESCE(p.hors_plafond_enfant, 'non') AS hors_plafond_enfant,
       COALESCE(p.hors_plafond_adulte, 'non') AS hors_plafond_adulte
  FROM cnas_prestation p
  LEFT JOIN cnas_medicament m ON m.prestation_id = p.id
  LEFT JOIN cnas_acte a ON a.prestation_id = p.id
  LEFT JOIN cnas_examen e ON e.prestation_id = p.id
  LEFT JOIN cnas_lettre_cle k ON k.id = COALESCE(a.lettre_cle_id, e.lettre_cle_id)
 WHERE p.id = ANY(%s)
"""


class Gratuite(Fait):
    """Un programme qui paie déjà ces soins."""

    __slots__ = ("name", "prestation_id", "pathologie_id", "sexe", "age_min", "age_max", "debut", "fin")

    def vise(self, feuille, ligne, jour):
        """Dit si le programme paie cette ligne ce jour-là."""
        return (self.prestation_id in (None, ligne.prestation.id)
                and self.pathologie_id in (None, feuille.pathologie_id)
                and self.sexe in (None, feuille.genre)
                and self.debut <= jour and (self.fin is None or jour <= self.fin)
                and (feuille.age is None or self.age_min <= feuille.age <= self.age_max))


class ContreIndication(Fait):
    """Une contre-indication : vraie dès qu'une de ses conditions l'est."""

    __slots__ = ("prestation_id", "grossesse", "age_min", "age_max", "pathologie_id")

    def vise(self, feuille):
        """Dit si le bénéficiaire de la feuille est concerné."""
        if self.grossesse and not feuille.nouveau_ne and feuille.genre == "feminin" and (feuille.nature == "maternite" or feuille.patho_maternite):
            return True
        if self.pathologie_id and self.pathologie_id == feuille.pathologie_id:
            return True
        if feuille.age is None:
            return False
        return feuille.age < self.age_min or (self.age_max < SANS_LIMITE and feuille.age > self.age_max)


class Exigence(Fait):
    """Une ligne de la matrice des pièces exigées ; une case vide vaut « tous »."""

    __slots__ = ("type_piece_id", "nom", "type_prestation", "categorie", "type_soins", "mode", "montant_min")

    def vise(self, feuille):
        """Dit si la pièce est exigée de la feuille."""
        if self.type_soins not in (None, feuille.type_soins) or self.mode not in (None, feuille.mode):
            return False
        if self.montant_min and sum(ligne.facture for ligne in feuille.lignes) < self.montant_min:
            return False
        return (not self.type_prestation and not self.categorie) or any(
            self.type_prestation in (None, ligne.prestation.type)
            and self.categorie in (None, ligne.prestation.categorie) for ligne in feuille.lignes)


class Referentiel(Bareme):
    """Prestations, barèmes et tables d'appui des lignes d'un lot."""

    @cached_property
    def prestations(self):
        """{id: Prestation}."""
        return {p.id: p for p in Prestation.lire(self.cr, SQL_PRESTATIONS, [self.ids])}

    @cached_property
    def incompatibilites(self):
        """{(prestation, autre): Periodes}, dans les deux sens."""
        return dater(((une, autre), debut, fin, True) for une, autre, debut, fin in self._lire("""
            SELECT prestation_1_id, prestation_2_id, date_debut, date_fin FROM cnas_incompatibilite
             WHERE prestation_1_id = ANY(%s)
             UNION ALL
            SELECT prestation_2_id, prestation_1_id, date_debut, date_fin FROM cnas_incompatibilite
             WHERE prestation_2_id = ANY(%s)""", self.ids, self.ids))

    @cached_property
    def exclusives(self):
        """{prestations qu'une incompatibilité concerne}."""
        return {prestation for prestation, _autre in self.incompatibilites}

    @cached_property
    def inclusions(self):
        """{(prestation incluse, forfait): Periodes}."""
        return dater(((incluse, forfait), debut, fin, True) for incluse, forfait, debut, fin in self._lire("""
            SELECT prestation_id, forfait_id, date_debut, date_fin FROM cnas_forfait_inclusion
             WHERE prestation_id = ANY(%s)""", self.ids))

    @cached_property
    def incluses(self):
        """{prestations comprises dans un forfait}."""
        return {incluse for incluse, _forfait in self.inclusions}

    @cached_property
    def indications(self):
        """{prestation: {pathologies}}."""
        return {prestation: set(pathologies) for prestation, pathologies in self._lire("""
            SELECT prestation_id, array_agg(pathologie_id) FROM cnas_indication
             WHERE prestation_id = ANY(%s) GROUP BY 1""", self.ids)}

    @cached_property
    def indications_nommees(self):
        """{prestation: « B50.9, B54 »} : ce qui était attendu, nommé dans le motif."""
        nommees = {}
        for prestation, codes in self._lire("""
                SELECT i.prestation_id, array_agg(p.code ORDER BY p.code) FROM cnas_indication i
                  JOIN cnas_pathologie p ON p.id = i.pathologie_id WHERE i.prestation_id = ANY(%s) GROUP BY 1""", self.ids):
            nommees[prestation] = ", ".join(codes[:INDICATIONS_NOMMEES]) + ("…" if len(codes) > INDICATIONS_NOMMEES else "")
        return nommees

    @cached_property
    def contre_indications(self):
        """{prestation: [ContreIndication]}."""
        contre_indications = defaultdict(list)
        for contre in ContreIndication.lire(self.cr, """
                SELECT prestation_id, COALESCE(grossesse, false) AS grossesse, COALESCE(age_min, 0) AS age_min,
                       COALESCE(age_max, 120) AS age_max, pathologie_id
                  FROM cnas_contre_indication WHERE prestation_id = ANY(%s)""", [self.ids]):
            contre_indications[contre.prestation_id].append(contre)
        return contre_indications

    @cached_property
    def gratuites(self):
        """[Gratuite]."""
        return Gratuite.lire(self.cr, f"""
            SELECT {sql_francais("name")} AS name, prestation_id, pathologie_id, sexe, COALESCE(age_min, 0) AS age_min,
                   COALESCE(age_max, 120) AS age_max, date_debut AS debut, date_fin AS fin
              FROM cnas_gratuite ORDER BY 1, id""")

    @cached_property
    def prix_reference(self):
        """{(DCI, dosage, forme): Periodes}."""
        return dater(((dci, dosage or None, forme or None), debut, fin, montant)
                     for dci, dosage, forme, montant, debut, fin in self._lire(
            "SELECT dci, dosage, forme, montant::bigint, date_debut, date_fin FROM cnas_prix_reference"))

    @cached_property
    def carnets(self):
        """{formation: [(premier numéro, dernier)]} des carnets remis et non perdus."""
        return _ranger(self._lire("SELECT formation_id, debut, fin FROM cnas_carnet WHERE state <> 'perdu'"))

    @cached_property
    def agrements(self):
        """{formation: [(prestation, spécialité, début, fin)]}."""
        return _ranger(self._lire(
            "SELECT formation_id, prestation_id, specialite_id, date_debut, date_fin FROM cnas_agrement"))

    def agrement(self, formation_id, prestation, jour):
        """Rend « prestation » ou « specialite » (ce qui l'agrée ce jour-là), « hors » ou None (rien ne la concerne).

        Une formation sans agrément en vigueur n'est pas limitée ; dès qu'elle en a, elle ne facture, parmi les
        actes de spécialité, que ce qu'ils couvrent.
        """
        siens = self.agrements.get(formation_id)
        if not siens:
            return None
        vivants = [(acte, specialite) for acte, specialite, debut, fin in siens if debut <= jour and (fin is None or jour <= fin)]
        if (prestation.id, None) in vivants:
            return "prestation"
        if not vivants or not prestation.specialite_id:
            return None
        return "specialite" if (None, prestation.specialite_id) in vivants else "hors"

    @cached_property
    def exigences(self):
        """[Exigence] de la matrice des pièces."""
        return Exigence.lire(self.cr, f"""
            SELECT e.type_piece_id, {sql_francais("t.name")} AS nom, e.type_prestation, NULLIF(e.categorie, '') AS categorie,
                   e.type_soins, e.mode, COALESCE(e.montant_min, 0)::bigint AS montant_min
              FROM cnas_piece_exigee e JOIN cnas_type_piece t ON t.id = e.type_piece_id
             WHERE e.active ORDER BY nom, e.id""")

    @cached_property
    def regimes(self):
        """{régime: (code, mois de carence)}."""
        return {regime: reste for regime, *reste in self._lire(
            "SELECT id, code, COALESCE(carence_mois, 0) FROM cnas_regime")}


def _ranger(rangs):
    """Rend {première colonne: [les autres]}."""
    rangees = defaultdict(list)
    for cle, *reste in rangs:
        rangees[cle].append(reste)
    return rangees
