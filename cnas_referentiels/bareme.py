"""Les barèmes datés d'un lot : tarif, taux, panier, plafonds. Ils ne se résolvent qu'ici.

Le moteur de contrôle, `tarif_applicable` et les écrans interrogent le même `Bareme`. Chaque table se lit en une
requête, à la première question qu'on lui pose.
"""
from collections import defaultdict, namedtuple
from datetime import date
from functools import cached_property

from odoo.addons.cnas_base.faits import Fait, tableau

Tarif = namedtuple("Tarif", "montant source date_debut date_fin")


class Periodes(list):
    """Des valeurs datées d'une même clé : [(début, fin incluse ou None, valeur)]."""

    def au(self, jour):
        """Rend la valeur en vigueur ce jour, ou None."""
        for debut, fin, valeur in self:
            if debut <= jour and (fin is None or jour <= fin):
                return valeur
        return None


def dater(rangs):
    """Rend {clé: Periodes} de rangs (clé, début, fin, valeur)."""
    par_cle = defaultdict(Periodes)
    for cle, *periode in rangs:
        par_cle[cle].append(periode)
    return dict(par_cle)


class Plafond(Fait):
    """Un plafond daté. Il se reconnaît à ce qu'il vise : révisé, il garde ce que l'année de droits a déjà pris."""

    __slots__ = ("regime_id", "portee", "type_soins", "categorie", "montant_max", "nombre_max", "franchise",
                 "majoration_membre", "majoration_max", "seuil_membres", "debut", "fin")

    def vise(self, regime_id, type_soins, categorie):
        """Dit si le plafond vise ces soins ; un régime ou un type de soins inconnu (None) est visé."""
        return (regime_id in (None, self.regime_id)
                and (type_soins is None or self.type_soins in (None, "tous", type_soins))
                and self.categorie in (None, categorie))

    def borne(self, quoi):
        """Dit si le plafond borne un « nombre », ou un « montant », franchise comprise."""
        return bool(self.nombre_max if quoi == "nombre" else self.montant_max or self.franchise)

    def maximum(self, membres):
        """Rend le montant maximal pour une famille de `membres` personnes, majoration comprise ; 0 : sans limite."""
        majoration = self.majoration_membre * max(membres - self.seuil_membres, 0)
        if self.majoration_max:
            majoration = min(majoration, self.majoration_max)
        return self.montant_max and self.montant_max + majoration


class Bareme:
    """Tarifs, taux, panier et plafonds, pour des prestations."""

    def __init__(self, env, prestation_ids, du=None, au=None):
        """:param du, au: premier et dernier jour des questions qu'on lui posera ; vides : n'importe quand"""
        env.flush_all()
        self.cr = env.cr
        self.ids = list(prestation_ids)
        self.du, self.au = du or date.min, au or date.max
        self.panier_en_projet = {}
        self._memoire = {}

    def _lire(self, requete, *parametres):
        self.cr.execute(requete, parametres)
        return self.cr.fetchall()

    def _resoudre(self, table, cles, jour):
        """Rend la valeur de la première clé, de la plus précise à la plus générale, qui en a une ce jour-là."""
        for cle in cles:
            periodes = table.get(cle)
            valeur = periodes.au(jour) if periodes else None
            if valeur is not None:
                return valeur
        return None

    # ------------------------------------------------------------------ tarifs
    @cached_property
    def _tarifs(self):
        return dater(((prestation, niveau or 0), debut, fin, Tarif(montant, source, debut, fin))
                     for prestation, niveau, montant, source, debut, fin in self._lire("""
            SELECT prestation_id, niveau, montant, source, date_debut, date_fin FROM cnas_tarif
             WHERE prestation_id = ANY(%s) AND date_debut <= %s AND (date_fin IS NULL OR date_fin >= %s)
             ORDER BY date_debut DESC""", tableau(self.ids), self.au, self.du))

    def tarif(self, prestation_id, niveau, jour):
        """Rend le `Tarif` du niveau exact, sinon de tous les niveaux (0 ou vide) ; None s'il n'y en a pas."""
        return self._resoudre(self._tarifs, ((prestation_id, niveau or 0), (prestation_id, 0)), jour)

    # ------------------------------------------------------------------ taux
    @cached_property
    def _taux(self):
        return dater(((regime, type_prestation, nature), debut, fin, taux)
                     for regime, type_prestation, nature, taux, debut, fin in self._lire("""
            SELECT regime_id, type_prestation, nature, round(taux * 100)::int, date_debut, date_fin FROM cnas_taux"""))

    def taux(self, regime_id, type_prestation, nature, jour):
        """Rend le taux en centièmes de pour cent (80 % = 8000), du plus précis au plus général ; None sans taux."""
        return self._resoudre(self._taux, (
            (regime_id, type_prestation, nature), (regime_id, None, nature), (regime_id, type_prestation, None),
            (regime_id, None, None)), jour)

    # ------------------------------------------------------------------ panier
    @cached_property
    def _paniers(self):
        return dater(((regime, prestation), debut, fin, True) for regime, prestation, debut, fin in self._lire("""
            SELECT regime_id, prestation_id, date_debut, date_fin FROM cnas_panier_soin WHERE prestation_id = ANY(%s)
             UNION ALL
            SELECT s.regime_id, p.id, s.date_debut, s.date_fin
              FROM cnas_panier_soin s JOIN cnas_prestation p
                ON s.prestation_id IS NULL
               AND COALESCE(s.type_prestation, p.type_prestation) = p.type_prestation
               AND COALESCE(s.categorie, p.categorie) = p.categorie
             WHERE p.id = ANY(%s)
             ORDER BY 3 DESC""", self.ids, self.ids))

    def au_panier(self, regime_id, prestation_id, jour):
        """Dit si une ligne du panier du régime couvre la prestation ce jour-là ; à l'essai, le projet d'abord."""
        cle = regime_id, prestation_id
        if cle in self.panier_en_projet:
            return self.panier_en_projet[cle]
        periodes = self._paniers.get(cle)
        return bool(periodes and periodes.au(jour))

    # ------------------------------------------------------------------ plafonds
    @cached_property
    def plafonds(self):
        """Tous les plafonds, de toutes dates, dans un ordre stable."""
        return Plafond.lire(self.cr, """
            SELECT regime_id, portee, type_soins, categorie, COALESCE(montant_max, 0)::bigint AS montant_max,
                   COALESCE(nombre_max, 0) AS nombre_max, COALESCE(franchise, 0)::bigint AS franchise,
                   COALESCE(majoration_membre, 0)::bigint AS majoration_membre,
                   COALESCE(majoration_max, 0)::bigint AS majoration_max, COALESCE(seuil_membres, 0) AS seuil_membres,
                   date_debut AS debut, date_fin AS fin
              FROM cnas_plafond ORDER BY id""")

    def plafonds_de(self, regime_id, jour, type_soins=None, portees=None, borne=None):
        """Rend les plafonds du régime en vigueur ce jour-là, pour un type de soins ou tous (None).

        :param portees: n'en prendre que de ces portées
        :param borne: « montant » (franchise comprise) ou « nombre » ; None : les deux
        """
        demande = (regime_id, jour, type_soins, portees, borne)
        connus = self._memoire.get(demande)
        if connus is None:
            connus = self._memoire[demande] = [
                p for p in self.plafonds if p.vise(regime_id, type_soins, p.categorie)
                and p.debut <= jour and (p.fin is None or jour <= p.fin)
                and (not portees or p.portee in portees) and (not borne or p.borne(borne))]
        return connus
