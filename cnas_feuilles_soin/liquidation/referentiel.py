"""Les référentiels d'un lot, chargés une fois pour toutes ses tranches, en un nombre constant de requêtes."""
from collections import defaultdict

from .contexte import Periodes, Prestation
from .plafonds import Plafond

SANS_LIMITE = 120


class Gratuite:
    """Un programme qui paie déjà ces soins."""

    __slots__ = ("name", "prestation_id", "pathologie_id", "sexe", "age_min", "age_max", "debut", "fin")

    def __init__(self, *valeurs):
        for nom, valeur in zip(self.__slots__, valeurs):
            setattr(self, nom, valeur)

    def vise(self, feuille, ligne, jour):
        """Dit si le programme paie cette ligne ce jour-là."""
        return (self.prestation_id in (None, ligne.prestation.id)
                and self.pathologie_id in (None, feuille.pathologie_id)
                and self.sexe in (None, feuille.genre)
                and self.debut <= jour and (self.fin is None or jour <= self.fin)
                and (feuille.age is None or self.age_min <= feuille.age <= self.age_max))


class ContreIndication:
    """Une contre-indication : vraie dès qu'une de ses conditions l'est."""

    __slots__ = ("grossesse", "age_min", "age_max", "pathologie_id")

    def __init__(self, *valeurs):
        for nom, valeur in zip(self.__slots__, valeurs):
            setattr(self, nom, valeur)

    def vise(self, feuille):
        """Dit si le bénéficiaire de la feuille est concerné."""
        if self.grossesse and feuille.genre == "feminin" and (feuille.nature == "maternite" or feuille.patho_maternite):
            return True
        if self.pathologie_id and self.pathologie_id == feuille.pathologie_id:
            return True
        if feuille.age is None or feuille.nouveau_ne:
            return False
        return feuille.age < self.age_min or (self.age_max < SANS_LIMITE and feuille.age > self.age_max)


class Referentiel:
    """Prestations, tarifs, taux, plafonds, paniers et tables d'appui des lignes d'un lot."""

    def __init__(self, env, feuille_ids):
        self.cr = env.cr
        self.cr.execute("""SELECT DISTINCT l.prestation_id FROM cnas_feuille_soin_ligne l
                            WHERE l.feuille_id = ANY(%s)""", [feuille_ids])
        self.ids = [p for (p,) in self.cr.fetchall()]
        self._prestations()
        self._tarifs()
        self._taux()
        self._plafonds()
        self._paniers()
        self._tables()
        self._formations()
        self._cache_tarif = {}
        self._cache_taux = {}
        self._cache_panier = {}
        self._cache_plafonds = {}

    def _lire(self, requete, *parametres):
        self.cr.execute(requete, parametres)
        return self.cr.fetchall()

    def _prestations(self):
        self.prestations = {rang[0]: Prestation(*rang) for rang in self._lire("""
            SELECT p.id, p.code, p.name, p.type_prestation, p.categorie, COALESCE(p.niveau_min, 1), p.sexe,
                   NULLIF(p.age_min, 0), CASE WHEN p.age_max < 120 THEN p.age_max END,
                   NULLIF(p.quantite_max, 0), NULLIF(p.frequence_min_jours, 0), COALESCE(p.entente_prealable, false),
                   COALESCE(p.unique_vie, false), COALESCE(p.active, false), p.type_soins,
                   COALESCE(p.acte_technique, false), COALESCE(p.remboursable, false), m.dci, m.dosage, m.forme,
                   m.code_atc, NULLIF(round(COALESCE(a.coefficient, e.coefficient) * 100)::int, 0), k.code,
                   COALESCE(a.mode_tarif, e.mode_tarif)
              FROM cnas_prestation p
              LEFT JOIN cnas_medicament m ON m.prestation_id = p.id
              LEFT JOIN cnas_acte a ON a.prestation_id = p.id
              LEFT JOIN cnas_examen e ON e.prestation_id = p.id
              LEFT JOIN cnas_lettre_cle k ON k.id = COALESCE(a.lettre_cle_id, e.lettre_cle_id)
             WHERE p.id = ANY(%s)""", self.ids)}
        self.frequence_max = max((p.frequence or 0 for p in self.prestations.values()), default=0)
        self.uniques = [p.id for p in self.prestations.values() if p.unique_vie]

    def _tarifs(self):
        periodes = defaultdict(list)
        for prestation, niveau, montant, debut, fin in self._lire("""
                SELECT prestation_id, niveau, montant, date_debut, date_fin FROM cnas_tarif
                 WHERE prestation_id = ANY(%s)""", self.ids):
            periodes[prestation, niveau or 0].append((debut, fin, (montant, debut)))
        self.tarifs = {cle: Periodes(valeurs) for cle, valeurs in periodes.items()}

    def tarif(self, prestation_id, niveau, jour):
        """Rend (montant, début de la période) : niveau exact, sinon « tous » ; None sans tarif."""
        cle = (prestation_id, niveau, jour)
        if cle not in self._cache_tarif:
            trouve = None
            for rang in (niveau, 0):
                periodes = self.tarifs.get((prestation_id, rang))
                trouve = periodes.au(jour) if periodes else None
                if trouve is not None:
                    break
            self._cache_tarif[cle] = trouve
        return self._cache_tarif[cle]

    def _taux(self):
        periodes = defaultdict(list)
        for regime, type_prestation, nature, taux, debut, fin in self._lire("""
                SELECT regime_id, type_prestation, nature, round(taux * 100)::int, date_debut, date_fin
                  FROM cnas_taux"""):
            periodes[regime, type_prestation, nature].append((debut, fin, taux))
        self.taux_dates = {cle: Periodes(valeurs) for cle, valeurs in periodes.items()}

    def taux(self, regime_id, type_prestation, nature, jour):
        """Rend le taux en centièmes de pour cent, du plus précis au plus général ; None sans taux."""
        cle = (regime_id, type_prestation, nature, jour)
        if cle not in self._cache_taux:
            trouve = None
            for precise in ((regime_id, type_prestation, nature), (regime_id, None, nature),
                            (regime_id, type_prestation, None), (regime_id, None, None)):
                periodes = self.taux_dates.get(precise)
                trouve = periodes.au(jour) if periodes else None
                if trouve is not None:
                    break
            self._cache_taux[cle] = trouve
        return self._cache_taux[cle]

    def _plafonds(self):
        self.plafonds = [Plafond(*rang) for rang in self._lire("""
            SELECT p.id, p.regime_id, p.portee, p.type_soins, p.categorie, COALESCE(p.montant_max, 0)::bigint,
                   COALESCE(p.nombre_max, 0), COALESCE(p.franchise, 0)::bigint, p.date_debut, p.date_fin,
                   COALESCE(p.categorie, 'prestations')
              FROM cnas_plafond p ORDER BY p.id""")]
        self.plafonds_famille = any(p.portee == "famille" for p in self.plafonds)

    def plafonds_de(self, regime_id, type_soins, jour):
        """Rend les plafonds qui valent pour ce régime, ce type de soins et ce jour."""
        cle = (regime_id, type_soins, jour)
        if cle not in self._cache_plafonds:
            self._cache_plafonds[cle] = [p for p in self.plafonds if p.concerne(regime_id, type_soins, jour)]
        return self._cache_plafonds[cle]

    def _paniers(self):
        self.paniers = defaultdict(list)
        for regime, *reste in self._lire("""
                SELECT regime_id, prestation_id, type_prestation, categorie, date_debut, date_fin
                  FROM cnas_panier_soin WHERE prestation_id IS NULL OR prestation_id = ANY(%s)""", self.ids):
            self.paniers[regime].append(reste)

    def au_panier(self, regime_id, prestation, jour):
        """Dit si une ligne du panier du régime couvre la prestation ce jour-là."""
        cle = (regime_id, prestation.id, jour)
        if cle not in self._cache_panier:
            self._cache_panier[cle] = any(
                p in (None, prestation.id) and t in (None, prestation.type) and c in (None, prestation.categorie)
                and debut <= jour and (fin is None or jour <= fin)
                for p, t, c, debut, fin in self.paniers.get(regime_id, ()))
        return self._cache_panier[cle]

    def _tables(self):
        self.incompatibilites = defaultdict(lambda: defaultdict(list))
        for une, autre, debut, fin in self._lire("""
                SELECT prestation_1_id, prestation_2_id, date_debut, date_fin FROM cnas_incompatibilite
                 WHERE prestation_1_id = ANY(%s) OR prestation_2_id = ANY(%s)""", self.ids, self.ids):
            self.incompatibilites[une][autre].append((debut, fin))
            self.incompatibilites[autre][une].append((debut, fin))
        self.inclusions = defaultdict(lambda: defaultdict(list))
        for forfait, incluse, debut, fin in self._lire("""
                SELECT forfait_id, prestation_id, date_debut, date_fin FROM cnas_forfait_inclusion
                 WHERE prestation_id = ANY(%s)""", self.ids):
            self.inclusions[incluse][forfait].append((debut, fin))
        self.indications = defaultdict(set)
        for prestation, pathologie in self._lire(
                "SELECT prestation_id, pathologie_id FROM cnas_indication WHERE prestation_id = ANY(%s)", self.ids):
            self.indications[prestation].add(pathologie)
        self.contre_indications = defaultdict(list)
        for prestation, *reste in self._lire("""
                SELECT prestation_id, COALESCE(grossesse, false), COALESCE(age_min, 0), COALESCE(age_max, 120),
                       pathologie_id FROM cnas_contre_indication WHERE prestation_id = ANY(%s)""", self.ids):
            self.contre_indications[prestation].append(ContreIndication(*reste))
        self.gratuites = [Gratuite(*rang) for rang in self._lire("""
            SELECT name, prestation_id, pathologie_id, sexe, COALESCE(age_min, 0), COALESCE(age_max, 120),
                   date_debut, date_fin FROM cnas_gratuite ORDER BY name, id""")]
        prix = defaultdict(list)
        for dci, dosage, forme, montant, debut, fin in self._lire(
                "SELECT dci, dosage, forme, montant::bigint, date_debut, date_fin FROM cnas_prix_reference"):
            prix[dci, dosage or None, forme or None].append((debut, fin, montant))
        self.prix_reference = {cle: Periodes(valeurs) for cle, valeurs in prix.items()}
        self.codes = dict(self._lire("SELECT id, code FROM cnas_prestation WHERE id = ANY(%s)",
                                     list({*self.ids, *self.incompatibilites})))

    def _formations(self):
        self.carnets = defaultdict(list)
        for formation, debut, fin in self._lire(
                "SELECT formation_id, debut, fin FROM cnas_carnet WHERE state <> 'perdu'"):
            self.carnets[formation].append((debut, fin))
        self.agrements = defaultdict(list)
        for formation, prestation, debut, fin in self._lire("""
                SELECT formation_id, prestation_id, date_debut, date_fin FROM cnas_agrement
                 WHERE prestation_id = ANY(%s)""", self.ids):
            self.agrements[formation, prestation].append((debut, fin))
        self.exigences = self._lire("""
            SELECT e.type_piece_id, t.name, e.type_prestation, NULLIF(e.categorie, ''), e.type_soins, e.mode,
                   COALESCE(e.montant_min, 0)::bigint
              FROM cnas_piece_exigee e JOIN cnas_type_piece t ON t.id = e.type_piece_id
             WHERE e.active ORDER BY t.name""")
        self.regimes = {rang[0]: rang[1:] for rang in self._lire(
            "SELECT id, code, COALESCE(carence_mois, 0) FROM cnas_regime")}
